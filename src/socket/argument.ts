// Checks of arguments, with Node's error codes and words.
import { inspect } from "node:util";
import { MAX_TRANSFER_BYTES } from "../native/transfer-frame.ts";
import * as constants from "./constants.ts";

/** What a caller may send: text (sent as UTF-8) or the bytes of any view. */
export type Data = string | NodeJS.ArrayBufferView;

// The codes and the form of the messages are Node's (lib/internal/errors.js).
/** Describes the given value as Node's messages end. */
export function describeReceived(value: unknown): string {
  if (value === null || value === undefined) return `Received ${String(value)}`;
  if (typeof value === "function") return `Received function ${functionNameOf(value)}`;
  if (typeof value === "object") return `Received an instance of ${classNameOf(value)}`;
  return `Received type ${typeof value} (${inspect(value).slice(0, 28)})`;
}

/** Returns the name of the value's class. An object may have no prototype, a constructor of any type, or one that throws. */
function classNameOf(value: object): string {
  try {
    const { constructor: maker }: { constructor?: unknown } = value;
    return typeof maker === "function" ? functionNameOf(maker) : "Object";
  } catch {
    return "Object";
  }
}

/** Returns the name of a function. `static name` of a class may have any value, or throw, as a revoked proxy does. */
function functionNameOf(value: { readonly name: unknown }): string {
  try {
    const { name } = value;
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}

/** Returns the value as text on one line. The value's own code, such as a getter or an `inspect.custom`, may throw. */
function textOf(value: unknown): string {
  try {
    // An object of many properties would take a line for each.
    return inspect(value, { breakLength: Number.POSITIVE_INFINITY, compact: true }).slice(0, 128);
  } catch {
    return typeof value;
  }
}

/** An argument of the wrong type: TypeError, `ERR_INVALID_ARG_TYPE`. */
export function wrongType(name: string, expected: string, value: unknown): TypeError {
  const error = new TypeError(`The "${name}" argument must be ${expected}. ${describeReceived(value)}`);
  return Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}

/** An argument of the right type with an impossible value: TypeError, `ERR_INVALID_ARG_VALUE`. */
export function wrongValue(name: string, reason: string, value: unknown): TypeError {
  const error = new TypeError(`The argument '${name}' ${reason}. Received ${textOf(value)}`);
  return Object.assign(error, { code: "ERR_INVALID_ARG_VALUE" });
}

/** A number outside its range: RangeError, `ERR_OUT_OF_RANGE`. */
export function outOfRange(name: string, range: string, value: unknown): RangeError {
  const error = new RangeError(
    `The value of "${name}" is out of range. It must be ${range}. Received ${textOf(value)}`,
  );
  return Object.assign(error, { code: "ERR_OUT_OF_RANGE" });
}

/** Returns `value` if it is an integer from `min` to `max`, else throws. */
export function integer(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== "number") throw wrongType(name, numberForm(value), value);
  if (!Number.isInteger(value)) throw outOfRange(name, integerForm(name, value), value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
  return value;
}

/** Throws unless the value is a function. */
export function functionOf(name: string, value: unknown): void {
  if (typeof value !== "function") throw wrongType(name, "of type function", value);
}

/** A signed 32-bit integer, as C's int. */
export function int32(name: string, value: unknown): number {
  if (typeof value === "number" && (value | 0) === value) return value;
  return integer(name, value, -0x80000000, 0x7fffffff);
}

/** For a fraction of a time, the message says how many milliseconds it is: C and Python count seconds. */
function integerForm(name: string, value: number): string {
  if (!(name.endsWith("Ms") || name === "timeout") || !Number.isFinite(value)) return "an integer";
  return `an integer, in milliseconds: ${Math.round(value * 1_000)} for ${value} s`;
}

/** Says which number to write in place of a value that expresses it otherwise. */
function numberForm(value: unknown): string {
  if (typeof value !== "string") return "of type number";
  if (value in constants) return `of type number: the constant ${value} of "sockwright", without quotes`;
  return /^\d+$/.test(value) ? `of type number: ${Number(value)}, without quotes` : "of type number";
}

/** Checks the most bytes to receive. */
export function byteCount(name: string, value: unknown): number {
  if (value === undefined) throw wrongType(name, "of type number, the most bytes to take, such as 65536", value);
  return integer(name, value, 0, MAX_TRANSFER_BYTES);
}

/** A TCP or UDP port. */
export function port(name: string, value: unknown): number {
  if (typeof value !== "number") throw wrongType(name, numberForm(value), value);
  if (Number.isInteger(value) && value >= 0 && value <= 65535) return value;
  const error = new RangeError(`${name} should be >= 0 and < 65536. ${describeReceived(value)}.`);
  throw Object.assign(error, { code: "ERR_SOCKET_BAD_PORT" });
}

/** The bytes of `data`: a string as UTF-8, a view as it is, without a copy. */
export function bytesOf(name: string, data: unknown): Uint8Array {
  if (data instanceof Uint8Array && data.length > 0) return data;
  if (typeof data === "string") return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return bytesOfView(name, data);
  throw wrongType(name, `of type string or ${viewForm(data)}`, data);
}

/** Checks the argument of `writelines`. A string is an iterable of its characters, too, but its caller meant `write`. */
export function checkLines(lines: unknown): void {
  if (typeof lines === "object" && lines !== null && Symbol.iterator in lines) return;
  throw wrongType("lines", "an iterable of what write() takes", lines);
}

/** Returns the bytes of a writable view; throws for a string. */
export function viewOf(name: string, view: unknown, expected?: string): Uint8Array {
  if (ArrayBuffer.isView(view)) return bytesOfView(name, view);
  throw wrongType(name, expected ?? viewForm(view), view);
}

/** Returns a view that was lent to a waiting call; throws when it was detached meanwhile, which makes its length 0. */
export function intact(name: string, view: Uint8Array, length: number): Uint8Array {
  if (view.length !== length) throw detachedError(name, view);
  return view;
}

/** Says how to write a view in place of a value that could be made one. */
function viewForm(value: unknown): string {
  const form = "an instance of Buffer, TypedArray, or DataView";
  if (value instanceof ArrayBuffer) return `${form}, such as new Uint8Array(arrayBuffer)`;
  return Array.isArray(value) ? `${form}, such as Buffer.from(array)` : form;
}

function bytesOfView(name: string, view: ArrayBufferView): Uint8Array {
  if (!hasMemory(view)) throw detachedError(name, view);
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

// %TypedArray%.prototype.indexOf, which Buffer hides: like every method it throws for an array without its memory
// (ValidateTypedArray), while the array's length is 0, as that of an empty one.
const { indexOf }: { indexOf(value: number): number } = Object.getPrototypeOf(Uint8Array.prototype);

function hasMemory(view: ArrayBufferView): boolean {
  try {
    if (view.byteLength === 0 && !(view instanceof DataView)) indexOf.call(view, 0);
    return true;
  } catch {
    return false;
  }
}

function detachedError(name: string, view: ArrayBufferView): TypeError {
  const error = new TypeError(
    `The argument '${name}' is a view of an ArrayBuffer that was detached or shrunk. ${describeReceived(view)}`,
  );
  return Object.assign(error, { code: "ERR_INVALID_ARG_VALUE" });
}
