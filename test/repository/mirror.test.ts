// Every file of src/ has a unit test at its mirrored path, or mirror.json says why it has none and names its tests.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Entry, faultsOf } from "./mirror.ts";
import { below, read } from "./pages.ts";

/** Unit tests of more than one source file. */
const ALONE = [
  // Each place that prints the name of a peer.
  "test/unit/cli/hostile-names.test.ts",
];

const list: Readonly<Record<string, Entry>> = JSON.parse(readFileSync(new URL("mirror.json", import.meta.url), "utf8"));

test("every source file has its test or its entry, and every entry is right", () => {
  const files = [...below("src"), ...below("test"), ...below("examples")];
  const tree = new Map(files.map((file) => [file, read(file)]));
  expect(tree.size).toBeGreaterThan(1_000);
  expect(faultsOf(tree, list, ALONE)).toEqual([]);
});

const tree = new Map([
  ["src/a.ts", "export const a = 1;"],
  ["src/b.ts", 'export { a } from "./a.ts";\nexport type * from "./c.ts";'],
  ["src/c.ts", 'import type { A } from "./a.ts";\nexport interface C {\n  readonly a: A;\n}'],
  ["src/socket/d.ts", 'import { a } from "../a.ts";\nexport const d = () => a;'],
  ["src/index.ts", 'export { d } from "./socket/d.ts";'],
  ["src/cli/e.ts", "export const e = 1;"],
  ["src/pages/f.ts", "document.title = String(1);"],
  ["test/unit/a.test.ts", 'import { a } from "../../src/a.ts";'],
  ["test/unit/g.test.ts", ""],
  ["test/support/d.ts", 'import { d } from "sockwright";'],
  ["test/behaviour/d.test.ts", 'import "../support/d.ts";'],
  ["test/cli/e.test.ts", ""],
  ["test/interop/f.test.ts", ""],
]);
const right: Readonly<Record<string, Entry>> = {
  "src/b.ts": { reason: "exports" },
  "src/c.ts": { reason: "types" },
  "src/cli/e.ts": { reason: "process", tests: ["test/cli/e.test.ts"] },
  "src/index.ts": { reason: "exports" },
  "src/pages/f.ts": { reason: "browser", tests: ["test/interop/f.test.ts"] },
  "src/socket/d.ts": { reason: "caller", tests: ["test/behaviour/d.test.ts"] },
};
const ALONE_HERE = ["test/unit/g.test.ts"];

test("a right list has no faults", () => {
  expect(faultsOf(tree, right, ALONE_HERE)).toEqual([]);
});

test.for<[fault: string, entries: Readonly<Record<string, unknown>>]>([
  ["src/b.ts: no unit test and no entry", { "src/b.ts": undefined }],
  [
    "src/a.ts: has a unit test: it needs no entry",
    { "src/a.ts": { reason: "caller", tests: ["test/unit/a.test.ts"] } },
  ],
  ["src/gone.ts: does not exist", { "src/gone.ts": { reason: "types" } }],
  ["src/b.ts: is listed as types and has exports", { "src/b.ts": { reason: "types" } }],
  ["src/cli/e.ts: is listed as exports and has code", { "src/cli/e.ts": { reason: "exports" } }],
  ["src/c.ts: types need no test", { "src/c.ts": { reason: "types", tests: ["test/cli/e.test.ts"] } }],
  ['src/b.ts: "none" is no reason', { "src/b.ts": { reason: "none", tests: ["test/behaviour/d.test.ts"] } }],
  ["src/socket/d.ts: has no test", { "src/socket/d.ts": { reason: "caller" } }],
  [
    "src/socket/d.ts: test/x.test.ts is no test",
    { "src/socket/d.ts": { reason: "caller", tests: ["test/x.test.ts"] } },
  ],
  [
    "src/socket/d.ts: test/unit/a.test.ts does not reach it",
    { "src/socket/d.ts": { reason: "caller", tests: ["test/unit/a.test.ts"] } },
  ],
  [
    "src/socket/d.ts: runs in no process of its own",
    { "src/socket/d.ts": { reason: "process", tests: ["test/behaviour/d.test.ts"] } },
  ],
  [
    "src/cli/e.ts: test/unit/a.test.ts does not reach it",
    { "src/cli/e.ts": { reason: "process", tests: ["test/unit/a.test.ts"] } },
  ],
  ["src/cli/e.ts: is part of no page", { "src/cli/e.ts": { reason: "browser", tests: ["test/interop/f.test.ts"] } }],
])("%s", ([fault, entries]) => {
  const changed = Object.entries({ ...right, ...entries }).filter(([, entry]) => entry !== undefined);
  const sorted = changed.sort(([one], [other]) => (one < other ? -1 : 1));
  expect(faultsOf(tree, Object.fromEntries(sorted) as Record<string, Entry>, ALONE_HERE)).toContain(fault);
});

describe("what a test reaches", () => {
  const reached = (code: string): boolean => {
    const changed = new Map([...tree, ["test/behaviour/d.test.ts", code]]);
    return !faultsOf(changed, right, ALONE_HERE).includes(
      "src/socket/d.ts: test/behaviour/d.test.ts does not reach it",
    );
  };

  test.for([
    'import { d } from "../../src/socket/d.ts";',
    "import { d } from '../../src/socket/d.ts';",
    'import "../../src/socket/d.ts";',
    'import d, { type D } from "../../src/socket/d.ts";',
    'import { type D, d } from "../../src/socket/d.ts";',
    'import * as d from "../../src/socket/d.ts";',
    'export * from "../../src/socket/d.ts";',
    'export { d } from "../../src/socket/d.ts";',
    'test("d", async () => void (await import("../../src/socket/d.ts")));',
    'import { d } from "sockwright";',
    'import { d } from "sockwright/socket/d";',
  ])("%s", (code) => {
    expect(reached(code)).toBe(true);
  });

  test.for([
    'import type { D } from "../../src/socket/d.ts";',
    'import { type D } from "../../src/socket/d.ts";',
    'import type * as d from "../../src/socket/d.ts";',
    'export type { D } from "../../src/socket/d.ts";',
    'export type * from "../../src/socket/d.ts";',
    'export { type D } from "../../src/socket/d.ts";',
    'const d: import("../../src/socket/d.ts").D = 1;',
    '/*\nimport "../../src/socket/d.ts";\n*/',
    '// await import("../../src/socket/d.ts");',
    'const code = `\nimport { d } from "../../src/socket/d.ts";\n`;',
    `const code = 'await import("../../src/socket/d.ts")';`,
    'import { d } from "sockwright-other";',
  ])("not by %s", (code) => {
    expect(reached(code)).toBe(false);
  });
});

test("a list out of order, a test that mirrors nothing and one that is gone", () => {
  const reversed = Object.fromEntries(Object.entries(right).reverse());
  expect(faultsOf(tree, reversed, ALONE_HERE)).toContain("src/pages/f.ts: the list is not sorted");
  expect(faultsOf(tree, right, [])).toEqual(["test/unit/g.test.ts: mirrors no source file"]);
  expect(faultsOf(tree, right, [...ALONE_HERE, "test/unit/h.test.ts"])).toEqual([
    "test/unit/h.test.ts: does not exist",
  ]);
});
