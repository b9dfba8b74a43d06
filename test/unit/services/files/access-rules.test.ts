import { expect, test } from "vitest";
import { AccessRules, type Right } from "../../../../src/services/files/access-rules.ts";

const set = (...rights: Right[]): ReadonlySet<Right> => new Set(rights);
const ann = { name: "ann", groups: ["staff"] };
const rules = new AccessRules(set("list"), [
  { path: "pub", user: "*", rights: set("read") },
  { path: "pub", user: "+", rights: set("create") },
  { path: "pub/inner", user: "@staff", rights: set("delete") },
  { path: "own", user: "ann", rights: set("overwrite") },
]);

test.each([
  [undefined, "", ["list"]],
  [undefined, "public", ["list"]],
  [undefined, "pub", ["read"]],
  [undefined, "pub/a/b", ["read"]],
  [ann, "pub/a", ["read", "create"]],
  [ann, "pub/inner/a", ["delete"]],
  [{ name: "bob", groups: [] }, "pub/inner", []],
  [undefined, "pub/inner", []],
  [ann, "own/x", ["overwrite"]],
  [ann, "other", ["list"]],
])("%j at %j: %j", (identity, path, rights) => {
  expect([...rules.rightsAt(identity, path)]).toEqual(rights);
});

test("a rule for the root is for all", () => {
  const all = new AccessRules(set(), [{ path: "", user: "*", rights: set("read") }]);
  expect([...all.rightsAt(undefined, "a/b")]).toEqual(["read"]);
});

test("a folder is uniform when no rule is for a path below it", () => {
  expect(rules.isUniformBelow("pub")).toBe(false);
  expect(rules.isUniformBelow("pub/inner")).toBe(true);
  expect(rules.isUniformBelow("pu")).toBe(true);
  expect(rules.isUniformBelow("")).toBe(false);
});
