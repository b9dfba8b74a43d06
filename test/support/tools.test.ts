import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { demand, findTool, probe, tools } from "./tools.ts";

class Skipped extends Error {}

const context = {
  skip(reason?: unknown): never {
    throw new Skipped(String(reason));
  },
};

const absent = probe("nonesuch", { programs: ["sockwright-nonesuch"], probe: [], remedy: "install nonesuch" });

test("a missing program skips the test, with a reason that names the program", () => {
  expect(() => demand(context, absent, false)).toThrow(
    new Skipped("nonesuch is missing (spawnSync sockwright-nonesuch ENOENT): install nonesuch"),
  );
});

test("a missing program fails the test if tools are required", () => {
  expect(() => demand(context, absent, true)).toThrow(/^nonesuch is missing/);
  expect(() => demand(context, absent, true)).not.toThrow(Skipped);
});

test("a program that fails its probe counts as missing", () => {
  const failing = probe("sh", { programs: ["sh"], probe: ["-c", "echo sorry >&2; exit 3"], remedy: "repair it" });
  expect(failing).toEqual({ missing: "sh is missing (`sh -c echo sorry >&2; exit 3` ended with 3: sorry): repair it" });
});

test("a program of the same name that is another program counts as missing", () => {
  const other = probe("nc", { programs: ["echo"], probe: ["-h"], writes: /^OpenBSD/, remedy: "install it" });
  expect(other).toEqual({ missing: "nc is missing (`echo -h` is something else): install it" });
});

test("a later name is tried if the first is missing", () => {
  const second = probe("true", { programs: ["sockwright-nonesuch", "true"], probe: [], remedy: "" });
  expect(second).toEqual({ program: "true" });
});

test("an installed tool is found", () => {
  expect(findTool("python3")).toEqual({ program: "python3" });
});

test("the gate installs every tool, so that it runs on a new machine", () => {
  const gate = readFileSync(".ci/run", "utf8");
  const packages = Object.values(tools).flatMap(({ remedy }) => /^install ([\w+.-]+)/.exec(remedy)?.[1] ?? []);
  expect(packages.length).toBeGreaterThan(10);
  const installed = new Set(gate.match(/(?<=\S:)[a-z0-9+.-]+(?=[\s)])/g));
  expect(packages.filter((name) => !installed.has(name))).toEqual([]);
});
