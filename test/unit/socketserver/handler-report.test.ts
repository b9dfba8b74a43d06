import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import { doneReport, isReport, thrownReport, thrownValueOf } from "../../../src/socketserver/handler-report.ts";

test("a report says that the handler is done, or what it threw, also undefined", () => {
  expect(thrownValueOf(doneReport())).toBeUndefined();
  expect(thrownValueOf(thrownReport(undefined))).toEqual({ error: undefined });
  expect(thrownValueOf(thrownReport(new RangeError("far")))).toEqual({ error: new RangeError("far") });
});

test("a handler's own message is no report", () => {
  for (const message of [null, undefined, "hello", 7, {}, { thrown: null }, { kind: "hello" }]) {
    expect(isReport(message)).toBe(false);
  }
  expect(isReport(structuredClone(thrownReport(1)))).toBe(true);
});

test("what v8 writes, and cannot read, is described", () => {
  const deep: Record<string, unknown> = {};
  let inner = deep;
  for (let depth = 0; depth < 10_000; depth++) inner = inner["inner"] = {} as Record<string, unknown>;
  const report = thrownReport(deep);
  expect(thrownValueOf(deserialize(serialize(report)))).toEqual({ error: "{ inner: { inner: { inner: [Object] } } }" });
});

test("bytes that cannot be read are an error, and not an exception where nobody can catch it", () => {
  const report = { ...thrownReport(1), thrown: new Uint8Array([1, 2, 3]) };
  expect(thrownValueOf(report)?.error).toBeInstanceOf(Error);
});
