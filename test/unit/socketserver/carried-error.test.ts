import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import { SocketError } from "../../../src/socket/values.ts";
import { carry, restore } from "../../../src/socketserver/carried-error.ts";

/** Carries a value there and back, as a message of a worker and one of a child process would. */
function sent(thrown: unknown): unknown {
  const carried = carry(thrown);
  expect(structuredClone(carried)).toEqual(carried);
  return restore(deserialize(serialize(carried)));
}

class PaymentError extends RangeError {
  override readonly name = "PaymentError";
  readonly code = "NO_MONEY";
  readonly account = { number: 7, bytes: new Uint8Array([1, 2]) };
}

test("an error arrives with its JavaScript class, name, message, stack and properties", () => {
  const thrown = new PaymentError("not enough");
  const error = sent(thrown);
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({
    ...{ name: "PaymentError", message: "not enough", code: "NO_MONEY", stack: thrown.stack },
    account: { number: 7, bytes: new Uint8Array([1, 2]) },
  });
  expect(String(error)).toBe("PaymentError: not enough");
});

test("a system error arrives with the properties of Node's system errors", () => {
  const error = sent(new SocketError("connect", 111));
  expect(error).toMatchObject({
    code: "ECONNREFUSED",
    errno: -111,
    syscall: "connect",
    message: "connect ECONNREFUSED",
  });
});

test("causes, and the errors of an AggregateError, arrive, too", () => {
  const cause = new TypeError("deep", { cause: "a text" });
  const error = sent(new AggregateError([new SyntaxError("first"), 2], "both", { cause }));
  expect(error).toBeInstanceOf(AggregateError);
  if (!(error instanceof AggregateError)) return;
  expect(error.errors).toEqual([new SyntaxError("first"), 2]);
  expect(error.errors[0]).toBeInstanceOf(SyntaxError);
  expect(error.cause).toBeInstanceOf(TypeError);
  expect(error.cause).toMatchObject({ message: "deep", cause: "a text" });
  expect(Object.keys(error)).toEqual([]);
});

test("a DOMException arrives with its name and its code", () => {
  expect(sent(new DOMException("stopped", "AbortError"))).toMatchObject({
    name: "AbortError",
    code: 20,
    message: "stopped",
  });
});

test("a value that is not an error arrives unchanged", () => {
  for (const value of ["text", 7, null, undefined, 7n, { code: 1 }, [1, [2]], new Map([[1, 2]])]) {
    expect(sent(value)).toEqual(value);
  }
});

test("a value that cannot be sent arrives as a description", () => {
  expect(sent(() => 1)).toBe("[Function (anonymous)]");
  expect(sent(Symbol("s"))).toBe("Symbol(s)");
  expect(sent({ call: Math.abs })).toBe("{ call: [Function: abs] }");
  const { proxy, revoke } = Proxy.revocable(() => undefined, {});
  revoke();
  expect(sent(proxy)).toContain("Revoked Proxy");
  const error = Object.assign(new Error("has a function"), { call: Math.abs, lock: new SharedArrayBuffer(1) });
  expect(sent(error)).toMatchObject({ message: "has a function", call: "[Function: abs]" });
});

test("a value that throws when it is inspected arrives as a description or a fixed text", () => {
  const hostile = new Error("hostile");
  Object.defineProperty(hostile, "message", {
    get() {
      throw new Error("no");
    },
  });
  expect(typeof sent(hostile)).toBe("string");
  const beyond = {
    call: Math.abs,
    [Symbol.for("nodejs.util.inspect.custom")]() {
      throw new Error("no");
    },
  };
  expect(sent(beyond)).toBe("a value that can neither be sent nor described");
});

test("circular causes are carried to a depth of eight", () => {
  const error = new Error("round");
  error.cause = error;
  let depth = 0;
  for (let next = sent(error); next instanceof Error; next = next.cause) depth++;
  expect(depth).toBe(8);
});

test("errors that refer to each other many times are carried up to a total of 64", () => {
  const thrown = new Error("round", { cause: "nothing" });
  const names = Array.from({ length: 16 }, (_, index) => [`again${index}`, thrown]);
  Object.assign(thrown, Object.fromEntries(names));
  const error = sent(thrown);
  expect(error).toMatchObject({ message: "round", again0: { message: "round", again0: { message: "round" } } });
  const carried = JSON.stringify(carry(thrown)).split('"kind":"error"').length - 1;
  expect(carried).toBe(64);
});
