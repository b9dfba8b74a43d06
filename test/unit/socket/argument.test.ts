import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { outOfRange, wrongType, wrongValue } from "../../../src/socket/argument.ts";

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Values whose own code throws, or that have no text. */
const UNPRINTABLE: readonly (readonly [string, unknown])[] = [
  ["a symbol", Symbol("s")],
  ["an object without a prototype", Object.create(null)],
  ["a detached view", detached()],
  ["a revoked proxy", revoked({})],
  ["a revoked proxy of a function", revoked(() => undefined)],
  ["a function whose name is a symbol", Object.defineProperty(() => undefined, "name", { value: Symbol("n") })],
  [
    "a constructor that throws",
    {
      get constructor(): never {
        throw new Error("own code");
      },
    },
  ],
  [
    "an object of a class whose name is a symbol",
    { constructor: Object.defineProperty(() => undefined, "name", { value: Symbol("n") }) },
  ],
  [
    "an inspect.custom that throws",
    {
      [inspect.custom](): never {
        throw new Error("own code");
      },
    },
  ],
];

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

describe.each(UNPRINTABLE)("%s", (_, value) => {
  test.each([
    ["ERR_INVALID_ARG_TYPE", () => wrongType("x", "of type number", value)],
    ["ERR_INVALID_ARG_VALUE", () => wrongValue("x", "must be 1", value)],
    ["ERR_OUT_OF_RANGE", () => outOfRange("x", "1", value)],
  ] as const)("is described in an error with the code %s", (code, make) => {
    expect(make()).toMatchObject({ code, message: expect.stringMatching(/Received [^\n]*$/) });
  });
});
