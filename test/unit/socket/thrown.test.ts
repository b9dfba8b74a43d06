// The message, text and code of thrown values, errors or not.
import { expect, test } from "vitest";
import { codeOf, messageOf, textOf } from "../../../src/socket/thrown.ts";

const raising = {
  toString(): string {
    throw new Error("no text");
  },
};
class Odd extends Error {
  override get message(): string {
    throw new Error("no message");
  }
  get code(): string {
    throw new Error("no code");
  }
}

test("an error has its message, its name and its code", () => {
  const error = Object.assign(new TypeError("wrong"), { code: "ERR_WRONG" });
  expect([messageOf(error), textOf(error), codeOf(error)]).toEqual(["wrong", "TypeError: wrong", "ERR_WRONG"]);
  expect([messageOf("text"), messageOf(undefined), codeOf({ code: "E" })]).toEqual(["text", "undefined", undefined]);
  expect(codeOf(Object.assign(new Error("of a number"), { code: 7 }))).toBeUndefined();
});

test.for([
  ["a text that throws", raising],
  ["no prototype", Object.create(null)],
  ["a message that throws", new Odd()],
  ["a proxy that throws", new Proxy({}, { get: () => expect.fail("looked at"), getPrototypeOf: () => raising })],
] as const)("a thrown value with %s has no text", ([, thrown]) => {
  const none = "the thrown value is not an error and has no text";
  expect([messageOf(thrown), textOf(thrown), codeOf(thrown)]).toEqual([none, none, undefined]);
});
