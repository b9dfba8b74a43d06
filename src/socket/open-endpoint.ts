import { kernel } from "../native/load.ts";
import { int32, wrongType } from "./argument.ts";
import * as constants from "./constants.ts";
import { AF_INET, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from "./constants.ts";
import { Endpoint } from "./endpoint.ts";
import { SocketError } from "./socket-error.ts";

/** Opens a socket and returns its endpoint — socket(2). */
export function openEndpoint(family: number = AF_INET, type: number = SOCK_STREAM, protocol = 0): Endpoint {
  const bare = bareType(type);
  const handle = kernel.socket(familyOf(family), bare, int32("protocol", protocol));
  if (handle < 0) throw new SocketError("socket", -handle);
  return new Endpoint(handle, family, bare, protocol);
}

/** Checks an address family. For a string, which is mostly the name of a protocol such as "tcp", the error shows the arguments. */
export function familyOf(family: unknown): number {
  if (typeof family === "string" && !(family in constants)) {
    const form = "socket(AF_INET, SOCK_STREAM) for TCP, socket(AF_INET, SOCK_DGRAM) for UDP";
    throw wrongType("family", `of type number, such as AF_INET: ${form}`, family);
  }
  return int32("family", family);
}

/** Returns the type without SOCK_NONBLOCK and SOCK_CLOEXEC, which are always set: equal sockets then have equal types. */
export function bareType(type: unknown): number {
  if (typeof type === "string" && !(type in constants)) {
    throw wrongType("type", "of type number, such as SOCK_STREAM or SOCK_DGRAM", type);
  }
  return int32("type", type) & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
}
