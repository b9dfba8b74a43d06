import { inspect, types } from "node:util";
import { serialize } from "node:v8";

/** How deep the causes of an error are carried; what is deeper is described. */
const MAX_CAUSES = 8;
/** How many errors are carried together: of some that name each other there would be a power of {@link MAX_CAUSES}. */
const MAX_CARRIED_ERRORS = 64;

/** An error as it is sent: the structured clone of one loses its name, its code, and all else that it has of its own. */
interface CarriedError {
  readonly kind: "error";
  /** The class of JavaScript's that it is made of again. */
  readonly type: ErrorType;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly properties: readonly (readonly [name: string, value: Carried])[];
  readonly cause: Carried | undefined;
}

/** What a handler in a worker thread or a child process has thrown, on its way to the server. */
export type Carried =
  | CarriedError
  | { readonly kind: "list"; readonly items: readonly Carried[] }
  | { readonly kind: "value"; readonly value: unknown };

const TYPES = {
  AggregateError,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
} as const;
type ErrorType = keyof typeof TYPES;
const ERROR_TYPES = [
  "AggregateError",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
] as const;
const TOLD_APART = new Set(["name", "message", "stack", "cause"]);

/** Makes what was thrown ready to be sent. What cannot be sent is described, as `console.log` would. */
export function carry(thrown: unknown): Carried {
  return carryBelow(thrown, MAX_CAUSES, { errors: MAX_CARRIED_ERRORS });
}

/** What was thrown as `console.log` would describe it. */
export function describe(thrown: unknown): Carried {
  return { kind: "value", value: described(thrown) };
}

/** What was carried: an error with the same name, message, stack, code and cause, or the value that was thrown. */
export function arrived(carried: Carried): unknown {
  if (carried.kind === "value") return carried.value;
  if (carried.kind === "list") return carried.items.map(arrived);
  const { type, name, message, stack, properties, cause } = carried;
  const error = type === "AggregateError" ? new AggregateError([], message) : new TYPES[type](message);
  const set = (property: string, value: unknown, enumerable: boolean): void => {
    Object.defineProperty(error, property, { value, enumerable, configurable: true, writable: true });
  };
  if (error.name !== name) set("name", name, false);
  set("stack", stack, false);
  if (cause !== undefined) set("cause", arrived(cause), false);
  for (const [property, value] of properties) set(property, arrived(value), property !== "errors");
  return error;
}

/** How many errors may still be carried. */
interface Rest {
  errors: number;
}

function carryBelow(thrown: unknown, depth: number, rest: Rest): Carried {
  try {
    if (depth > 0 && isError(thrown) && rest.errors-- > 0) return carryError(thrown, depth - 1, rest);
    if (depth > 0 && Array.isArray(thrown) && thrown.some(isError)) {
      return { kind: "list", items: thrown.map((item) => carryBelow(item, depth - 1, rest)) };
    }
    if (!isError(thrown)) {
      serialize(thrown);
      return { kind: "value", value: thrown };
    }
  } catch {
    // A function, a symbol; a getter or a proxy that throws.
  }
  return describe(thrown);
}

function carryError(error: Error, depth: number, rest: Rest): CarriedError {
  const given = new Map<string, unknown>(Object.entries(error).filter(([property]) => !TOLD_APART.has(property)));
  // Of a DOMException the code is inherited, and of an AggregateError the errors are not enumerable.
  if ("code" in error) given.set("code", error.code);
  if (error instanceof AggregateError) given.set("errors", error.errors);
  return {
    kind: "error",
    type: ERROR_TYPES.find((type) => error instanceof TYPES[type]) ?? "Error",
    name: String(error.name),
    message: String(error.message),
    stack: error.stack === undefined ? undefined : String(error.stack),
    properties: [...given].map(([property, value]) => [property, carryBelow(value, depth, rest)]),
    cause: "cause" in error ? carryBelow(error.cause, depth, rest) : undefined,
  };
}

function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function described(value: unknown): string {
  try {
    return inspect(value);
  } catch {
    return "something that can neither be sent nor described";
  }
}
