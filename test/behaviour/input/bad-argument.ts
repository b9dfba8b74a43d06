// Checks the error for a wrong argument: its class, Node's code, and the argument's name.
import { expect } from "vitest";

/** How an argument is wrong. */
export type Fault = "type" | "range" | "value" | "port";

const faults = {
  type: { kind: TypeError, code: "ERR_INVALID_ARG_TYPE" },
  range: { kind: RangeError, code: "ERR_OUT_OF_RANGE" },
  value: { kind: TypeError, code: "ERR_INVALID_ARG_VALUE" },
  port: { kind: RangeError, code: "ERR_SOCKET_BAD_PORT" },
} as const;

export interface Expected {
  readonly gives: "value" | "promise";
  /** The name of the argument in the error. */
  readonly argument: string;
  readonly fault: Fault;
  readonly wrong: unknown;
}

/** Makes a call with a wrong argument, and checks its error. */
export async function expectFault(call: () => unknown, { gives, argument, fault, wrong }: Expected): Promise<void> {
  const error = await errorOf(call, gives, shown(wrong));
  const { kind, code } = faults[fault];
  expect(error, shown(wrong)).toBeInstanceOf(kind);
  expect(error, shown(wrong)).toMatchObject({ code });
  expect((error as Error).message, shown(wrong)).toMatch(new RegExp(`(^|["'])${escaped(argument)}(["']| )`));
}

/** A function that returns a promise must reject and never throw; any other function must throw. */
async function errorOf(call: () => unknown, gives: "value" | "promise", wrong: string): Promise<unknown> {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    expect(gives, `${wrong}: the call threw, and did not reject`).toBe("value");
    return error;
  }
  try {
    await result;
  } catch (error) {
    expect(gives, `${wrong}: the call rejected, and did not throw`).toBe("promise");
    return error;
  }
  throw new Error(`${wrong} was accepted`);
}

function escaped(text: string): string {
  return text.replace(/[.[\]]/g, "\\$&");
}

/** Formats a value for the name of a test. */
function shown(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return value.length > 20 ? `a string of ${value.length}` : JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value))
    return value.length > 5 ? `an array of ${value.length}` : `[${value.map(shown).join(", ")}]`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([name, field]) => `${name}: ${shown(field)}`);
    return fields.length > 0 ? `{ ${fields.join(", ")} }` : value.constructor.name;
  }
  return Object.is(value, -0) ? "-0" : String(value);
}
