// The fields of a section, read from the bytes of a head.
import { expect, test } from "vitest";
import { Fields } from "../../../src/http/fields.ts";
import { DEFAULT_LIMITS } from "../../../src/http/message-limits.ts";
import { Refusal } from "../../../src/http/refusal.ts";
import { RequestHeadParser } from "../../../src/http/request-head-parser.ts";
import { headWithLines } from "../../support/http-heads.ts";

function fieldsOf(...lines: readonly string[]): Fields {
  const bytes = Buffer.from(headWithLines(...lines), "latin1");
  const head = new RequestHeadParser(DEFAULT_LIMITS).parse(bytes, 0, bytes.length);
  if (head === undefined || head instanceof Refusal) throw new Error("no head");
  bytes.fill("#");
  return head.fields;
}

test("fields keep their order and the spelling of their names", () => {
  const fields = fieldsOf("B: 1", "a:2 ", "b: 3");
  expect([...fields]).toEqual([
    ["Host", "a"],
    ["B", "1"],
    ["a", "2"],
    ["b", "3"],
  ]);
  expect(fields.size).toBe(4);
});

test("names are case-insensitive, and lines with the same name form one list", () => {
  const fields = fieldsOf("Accept: a", "ACCEPT:b,c", "accept:", "Acceptx: d");
  expect(fields.get("accept")).toBe("a, b,c, ");
  expect(fields.get("Accept")).toBe("a, b,c, ");
  expect(fields.all("aCCEPT")).toEqual(["a", "b,c", ""]);
  expect([fields.has("ACCEPT"), fields.has("accep"), fields.get("none"), fields.all("none")]).toEqual([
    true,
    false,
    undefined,
    [],
  ]);
});

test("Cookie lines are joined with semicolons", () => {
  expect(fieldsOf("Cookie: a=b", "cookie: c=d").get("Cookie")).toBe("a=b; c=d");
});

test("characters that differ by more than case are different", () => {
  const fields = fieldsOf("^: 1", "_x: 2");
  expect([fields.has("~"), fields.has("\x7fx"), fields.get("^"), fields.get("_X")]).toEqual([false, false, "1", "2"]);
});

test("names of Object.prototype members are ordinary names", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  const without = fieldsOf();
  const fields = fieldsOf(...names.map((name) => `${name}: ${name}`));
  for (const name of names) {
    expect([without.has(name), without.get(name)]).toEqual([false, undefined]);
    expect(fields.get(name)).toBe(name);
  }
});

test("values are latin1; white space around them is removed, and inside them it is kept", () => {
  expect(fieldsOf("a:\t \xe9 \t b\xa0\t").get("a")).toBe("\xe9 \t b\xa0");
});

test("without() removes the given names", () => {
  const fields = fieldsOf("A: 1", "B:2", "A: 3");
  expect([...fields.without(new Set(["a", "host"]))]).toEqual([["B", "2"]]);
  expect(fields.without(new Set(["c"]))).toBe(fields);
  expect(fields.without(new Set(["a", "b", "host"])).size).toBe(0);
});

test("Fields.none is empty", () => {
  expect([Fields.none.size, [...Fields.none], Fields.none.get("a")]).toEqual([0, [], undefined]);
});
