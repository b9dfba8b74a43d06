import { expect, test } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import * as constants from "../../../src/socket/constants.ts";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

test("the addon's table equals the TypeScript constants in names and values", () => {
  const table = Object.fromEntries(kernel.constants.map(({ name, value }) => [name, value]));
  expect(Object.keys(table)).toHaveLength(kernel.constants.length);
  expect({ ...constants }).toEqual(table);
});

test("each constant names the manual page that explains it", () => {
  for (const { name, manual } of kernel.constants) expect(manual, name).toMatch(/^[a-z_0-9]+\([2-8][a-z]*\)$/);
});

test("the constants that Python's socket module also has are equal to Python's", async (context) => {
  const program =
    "import json, socket; print(json.dumps({n: int(v) for n, v in vars(socket).items() if isinstance(v, int)}))";
  const python = await startChild(requireTool(context, "python3"), ["-c", program]);
  const [line] = await python.line(/^\{.*\}$/);
  const theirs = new Map<string, unknown>(Object.entries(JSON.parse(line)));
  const shared = kernel.constants.filter(({ name }) => theirs.has(name));
  expect(shared.length).toBeGreaterThan(60);
  const ours = shared.map(({ name, value }) => [name, value]);
  expect(ours).toEqual(shared.map(({ name }) => [name, theirs.get(name)]));
});
