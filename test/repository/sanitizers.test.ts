import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { onEachNode, overNode, sanitized } from "../../scripts/test-selections.mjs";
import { ALONE } from "../../vitest.config.ts";
import { below, read } from "./pages.ts";

/** As vitest takes them: a part of the path. */
function filesOf(selection: readonly string[]): string[] {
  return tests.filter((file) => selection.some((part) => file.includes(part)));
}

const tests = below("test", ".test.ts").filter((file) => !file.endsWith(".soak.test.ts"));

test.each([
  ["under the sanitizers", sanitized],
  ["on each version of Node", onEachNode],
  ["over node:net", overNode],
])("what is named to be run %s is there", (_, selection) => {
  const missing = selection.filter((part) => filesOf([part]).length === 0);
  expect(missing).toEqual([]);
});

test("what is named to run in a process of its own is there", () => {
  const paths = ALONE.flatMap(pathsOf);
  expect(paths.length).toBeGreaterThan(15);
  const isThere = (path: string): boolean => tests.some((file) => file === path || file.startsWith(path));
  expect(paths.filter((path) => !isThere(path.replace(/\*\*\/\*\.test\.ts$/, "")))).toEqual([]);
});

/** `a/{b,c}` is `a/b` and `a/c`. */
function pathsOf(pattern: string): string[] {
  const [whole, choice = ""] = /\{([^}]*)\}/.exec(pattern) ?? [];
  return whole === undefined ? [pattern] : choice.split(",").flatMap((part) => pathsOf(pattern.replace(whole, part)));
}

test("R32: every test of native code, of the poller and of layer 1 is run under the sanitizers", () => {
  const run = new Set(filesOf(sanitized));
  const native = tests.filter((file) => /^test\/(?:unit|behaviour)\/(?:native|poller|socket)\//.test(file));
  expect(native.length).toBeGreaterThan(60);
  expect(native.filter((file) => !run.has(file))).toEqual([]);
});

const FAULTS: readonly [name: string, body: string, report: RegExp][] = [
  [
    "a read behind the end of memory",
    "int* p = new int[4]; return p[argc + 3];",
    /AddressSanitizer: heap-buffer-overflow/,
  ],
  [
    "memory that is used after it was given back",
    "int* p = new int[4]; delete[] p; return p[argc];",
    /heap-use-after-free/,
  ],
  ["an overflow of a signed number", "int n = 2147483647; return n + argc;", /runtime error: signed integer overflow/],
];

test.for(FAULTS)("R32: the flags of that build find a fault planted: %s", ([, body, report]) => {
  const [, flags = ""] = /"sanitize==1", \{\s*"cflags": \[([^\]]*)\]/.exec(read("native/binding.gyp")) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "sockwright-planted-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [source, program] = [join(folder, "planted.cc"), join(folder, "planted")];
  writeFileSync(source, `int main(int argc, char**) { ${body} }\n`);
  const parsed: unknown = JSON.parse(`[${flags}]`);
  if (!Array.isArray(parsed) || parsed.length === 0) throw new Error("binding.gyp has no flags for the sanitizers");
  const built = spawnSync("g++", [...parsed.map(String), source, "-o", program], { encoding: "utf8" });
  expect(built.stderr).toBe("");
  const { status, stderr } = spawnSync(program, { encoding: "utf8" });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(report);
});
