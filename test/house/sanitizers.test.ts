import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { unsanitizedTests } from "../../scripts/unsanitized-tests.mjs";
import { below, read } from "../docs/pages.ts";

function isExcluded(file: string): boolean {
  return unsanitizedTests.some((pattern) => {
    const expression = pattern.replaceAll(".", "\\.").replaceAll("**/", "(.*/)?").replaceAll("**", ".*");
    return new RegExp(`^${expression.replaceAll(/(?<!\.)\*/g, "[^/]*")}$`).test(file);
  });
}

test("R32: the tests of native code and of every layer above it are run under the sanitizers", () => {
  const files = below("test", ".test.ts");
  const folders = new Set(files.filter((file) => !isExcluded(file)).map((file) => file.split("/")[1]));
  const excluded = new Set(files.filter(isExcluded).map((file) => file.split("/")[1]));
  for (const folder of ["native", "poller", "socket", "server", "testing", "limits", "input", "errors", "interop"]) {
    expect(folders).toContain(folder);
  }
  // Of a folder that is run, only what loads the machine is left out.
  const torn = files.filter((file) => isExcluded(file) && folders.has(file.split("/")[1]));
  expect(torn.filter((file) => !file.endsWith(".load.test.ts"))).toEqual([]);
  expect(excluded).not.toContain("native");
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
