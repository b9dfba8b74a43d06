import { isIPv6 } from "node:net";
import { inspect } from "node:util";
import { AF_INET, AF_INET6, AF_UNIX, AF_VSOCK } from "./constants.ts";

/** What else has been given in place of an address: the fields that it can be told to have meant. */
interface Meant {
  readonly [field: string]: unknown;
}

/**
 * The form of an address of the family, for who has written it otherwise: as a text, as the tuple of Python, as two arguments
 * or a port alone. What can be told from that stands in it.
 */
export function addressForm(family: number, given: unknown): string {
  return `, such as ${inspect(example(family, given), { breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60 })}`;
}

function example(family: number, given: unknown): Meant {
  const [first, second]: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (family === AF_INET || family === AF_INET6) {
    const meant = typeof first === "string" ? hostAndPort(first) : { port: first };
    const host = "host" in meant && meant.host !== "" ? meant.host : family === AF_INET ? "127.0.0.1" : "::1";
    return { host, port: portOf(second) ?? portOf(meant.port) ?? 8000 };
  }
  if (family === AF_UNIX) return unixName(first);
  if (family === AF_VSOCK) return { cid: portOf(first) ?? 2, port: portOf(second) ?? 8000 };
  return { family, bytes: "the sockaddr without its family" };
}

function hostAndPort(text: string): { readonly host?: string; readonly port?: unknown } {
  if (/^\d+$/.test(text)) return { port: text };
  const [, host = text, port] = isIPv6(text) ? [] : (/^\[?(.*?)\]?:(\d+)$/.exec(text) ?? []);
  // A path is no host: then the example is one of the family, as it stands.
  return host.includes("/") ? {} : { host, port };
}

function unixName(given: unknown): Meant {
  if (typeof given !== "string" || given === "") return { path: "/run/service.sock" };
  return given.startsWith("\0") ? { abstract: given.slice(1) } : { path: given };
}

function portOf(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= 65_535 ? number : undefined;
}

/** The forms that a family's addresses have, for who has given the fields of another. */
export function fieldsForm(family: number): string {
  if (family === AF_UNIX) return ": an address of AF_UNIX is { path } or { abstract }";
  if (family === AF_VSOCK) return ": an address of AF_VSOCK is { cid, port }";
  return `: an address of ${family === AF_INET ? "AF_INET" : "AF_INET6"} is { host, port }`;
}
