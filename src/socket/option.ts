// getsockopt and setsockopt.
import { kernel } from "../native/load.ts";
import { int32, integer, viewOf } from "./argument.ts";
import { SO_ERROR, SO_LINGER, SO_RCVTIMEO, SO_SNDTIMEO, SOL_SOCKET } from "./constants.ts";
import { type Endpoint, expectLingering } from "./endpoint.ts";
import { SocketError } from "./socket-error.ts";
import { SockwrightError } from "./sockwright-error.ts";

/**
 * The most bytes of an option value; a longer one is a RangeError. An int has 4 bytes, TCP_INFO some hundred, a packet filter a
 * few thousand.
 */
export const MAX_OPTION_BYTES = 64 * 1024;

/** getsockopt(2): returns an integer, or with `length` the bytes that the kernel returned. */
export function getsockopt(endpoint: Endpoint, level: unknown, option: unknown, length?: unknown): number | Buffer {
  endpoint.check();
  // TCP_INFO and other options report sent data, so pending sends are made first.
  endpoint.flushSends();
  const bytes = length === undefined ? 4 : integer("length", length, 0, MAX_OPTION_BYTES);
  const buffer = Buffer.alloc(bytes);
  const { slot, generation } = endpoint;
  const result = kernel.getsockopt(slot, generation, int32("level", level), int32("option", option), buffer);
  if (result < 0) throw new SocketError("getsockopt", -result);
  if (level === SOL_SOCKET && option === SO_ERROR && result >= 4) endpoint.tookError(buffer.readInt32LE(0));
  return length === undefined ? buffer.readInt32LE(0) : buffer.subarray(0, result);
}

/** setsockopt(2) with an integer or bytes. */
export function setsockopt(endpoint: Endpoint, level: unknown, option: unknown, value: unknown): void {
  endpoint.check();
  // An option applies to later sends, such as TCP_CORK, so pending sends are made first.
  endpoint.flushSends();
  const [levelNumber, optionNumber] = [int32("level", level), int32("option", option)];
  if (levelNumber === SOL_SOCKET && (optionNumber === SO_RCVTIMEO || optionNumber === SO_SNDTIMEO)) {
    throw new SockwrightError("ERR_SOCKWRIGHT_TIMEOUT_OPTION", "setsockopt");
  }
  const checked = typeof value === "number" ? int32("value", value) : optionBytes(value);
  const result = kernel.setsockopt(endpoint.slot, endpoint.generation, levelNumber, optionNumber, checked);
  if (result < 0) throw new SocketError("setsockopt", -result);
  if (levelNumber === SOL_SOCKET && optionNumber === SO_LINGER) expectLingering();
}

function optionBytes(value: unknown): Uint8Array {
  const bytes = viewOf("value", value, optionForm(value));
  integer("value.length", bytes.length, 0, MAX_OPTION_BYTES);
  return bytes;
}

function optionForm(value: unknown): string {
  const form = "of type number or an instance of Buffer, TypedArray, or DataView";
  if (typeof value === "boolean") return `${form}: ${Number(value)} for ${value}`;
  return typeof value === "string" ? `${form}, such as Buffer.from(${JSON.stringify(value).slice(0, 60)})` : form;
}
