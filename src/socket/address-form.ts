import { isIPv6 } from "node:net";
import { inspect } from "node:util";
import { AF_INET, AF_INET6, AF_UNIX, AF_VSOCK } from "./constants.ts";

/** The address fields that can be recognized in a wrong argument. */
interface Meant {
  readonly [field: string]: unknown;
}

/**
 * Shows the form of a family's address to a caller who wrote a text, a Python tuple, two arguments or only a port. The example
 * contains the fields that can be recognized in the argument.
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
  // A path is no host: then the example is the plain one of the family.
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

/** Shows the forms of a family's addresses to a caller who gave the fields of another family. */
export function fieldsForm(family: number): string {
  if (family === AF_UNIX) return ": an address of AF_UNIX is { path } or { abstract }";
  if (family === AF_VSOCK) return ": an address of AF_VSOCK is { cid, port }";
  return `: an address of ${family === AF_INET ? "AF_INET" : "AF_INET6"} is { host, port }`;
}
