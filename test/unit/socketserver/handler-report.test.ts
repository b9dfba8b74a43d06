import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import { doneReport, isReport, thrownReport, thrownValueOf } from "../../../src/socketserver/handler-report.ts";

test("a report says that the handler is done, or what it threw, even undefined", () => {
  expect(thrownValueOf(doneReport())).toBeUndefined();
  expect(thrownValueOf(thrownReport(undefined))).toEqual({ error: undefined });
  expect(thrownValueOf(thrownReport(new RangeError("far")))).toEqual({ error: new RangeError("far") });
});

test("a message of the handler itself is not a report", () => {
  for (const message of [null, undefined, "hello", 7, {}, { thrown: null }, { kind: "hello" }]) {
    expect(isReport(message)).toBe(false);
  }
  expect(isReport(structuredClone(thrownReport(1)))).toBe(true);
});

test("a value that v8 can serialize but not deserialize arrives as a description", () => {
  const deep: Record<string, unknown> = {};
  let inner = deep;
  for (let depth = 0; depth < 10_000; depth++) inner = inner["inner"] = {} as Record<string, unknown>;
  const report = thrownReport(deep);
  expect(thrownValueOf(deserialize(serialize(report)))).toEqual({ error: "{ inner: { inner: { inner: [Object] } } }" });
});

test("bytes that cannot be deserialized become an error instead of an uncaught exception", () => {
  const report = { ...thrownReport(1), thrown: new Uint8Array([1, 2, 3]) };
  expect(thrownValueOf(report)?.error).toBeInstanceOf(Error);
});
