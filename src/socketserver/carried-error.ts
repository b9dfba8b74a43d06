import { inspect, types } from "node:util";
import { serialize } from "node:v8";

/** Depth to which the causes of an error are sent; a deeper cause is sent as its description. */
const MAX_CAUSES = 8;
/**
 * Limit of errors sent together; further ones are sent as their description. Errors that refer to each other would otherwise
 * multiply with each level.
 */
const MAX_CARRIED_ERRORS = 64;

/** An error in the form that is sent: a structured clone would lose its name, its code, and its other properties. */
interface CarriedError {
  readonly kind: "error";
  /** The built-in class that the receiver makes it from. */
  readonly type: ErrorType;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly properties: readonly (readonly [name: string, value: CarriedValue])[];
  readonly cause: CarriedValue | undefined;
}

/** A thrown value in the form in which a worker thread or child process sends it to the server. */
export type CarriedValue =
  | CarriedError
  | { readonly kind: "list"; readonly items: readonly CarriedValue[] }
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
const SEPARATE_FIELDS = new Set(["name", "message", "stack", "cause"]);

/** Converts a thrown value to the form that is sent. A value that cannot be sent becomes a description, as of `console.log`. */
export function carry(thrown: unknown): CarriedValue {
  return carryBelow(thrown, MAX_CAUSES, { errors: MAX_CARRIED_ERRORS });
}

/** Converts a thrown value to a description, as of `console.log`. */
export function describe(thrown: unknown): CarriedValue {
  return { kind: "value", value: descriptionOf(thrown) };
}

/** Restores a thrown value: an error with the same name, message, stack, code and cause, or the value itself. */
export function restore(carried: CarriedValue): unknown {
  if (carried.kind === "value") return carried.value;
  if (carried.kind === "list") return carried.items.map(restore);
  const { type, name, message, stack, properties, cause } = carried;
  const error = type === "AggregateError" ? new AggregateError([], message) : new TYPES[type](message);
  const set = (property: string, value: unknown, enumerable: boolean): void => {
    Object.defineProperty(error, property, { value, enumerable, configurable: true, writable: true });
  };
  if (error.name !== name) set("name", name, false);
  set("stack", stack, false);
  if (cause !== undefined) set("cause", restore(cause), false);
  for (const [property, value] of properties) set(property, restore(value), property !== "errors");
  return error;
}

/** The number of errors that may still be sent. */
interface ErrorBudget {
  errors: number;
}

function carryBelow(thrown: unknown, depth: number, budget: ErrorBudget): CarriedValue {
  try {
    if (depth > 0 && isError(thrown) && budget.errors-- > 0) return carryError(thrown, depth - 1, budget);
    if (depth > 0 && Array.isArray(thrown) && thrown.some(isError)) {
      return { kind: "list", items: thrown.map((item) => carryBelow(item, depth - 1, budget)) };
    }
    if (!isError(thrown)) {
      serialize(thrown);
      return { kind: "value", value: thrown };
    }
  } catch {
    // A function or a symbol, or a getter or proxy that throws.
  }
  return describe(thrown);
}

function carryError(error: Error, depth: number, budget: ErrorBudget): CarriedError {
  const given = new Map<string, unknown>(Object.entries(error).filter(([property]) => !SEPARATE_FIELDS.has(property)));
  // A DOMException inherits its code, and the errors of an AggregateError are not enumerable.
  if ("code" in error) given.set("code", error.code);
  if (error instanceof AggregateError) given.set("errors", error.errors);
  return {
    kind: "error",
    type: ERROR_TYPES.find((type) => error instanceof TYPES[type]) ?? "Error",
    name: String(error.name),
    message: String(error.message),
    stack: error.stack === undefined ? undefined : String(error.stack),
    properties: [...given].map(([property, value]) => [property, carryBelow(value, depth, budget)]),
    cause: "cause" in error ? carryBelow(error.cause, depth, budget) : undefined,
  };
}

function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function descriptionOf(value: unknown): string {
  try {
    return inspect(value);
  } catch {
    return "a value that can neither be sent nor described";
  }
}
