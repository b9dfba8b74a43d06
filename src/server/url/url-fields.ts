import { integer, MAX_TIMEOUT_MS, wrongType, wrongValue } from "../../socket/values.ts";
import { MAX_KEEP_ALIVE_MS, MAX_MODE } from "./parse-url-option.ts";
import { baseOf } from "./schemes.ts";
import { MAX_PORT } from "./url-advice.ts";
import { versionOf } from "./zone.ts";

/** A host name in a URL: any characters but the delimiters of a URL, spaces and control characters. */
const HOST_NAME = /^[^:/#@?[\]\s\p{Cc}]+$/u;
const FLAGS = ["ipv6only", "broadcast"] as const;
const TEXTS = ["group", "source", "interface", "owner", "ca", "crl", "client", "servername", "min", "proxySend"];
const LISTS = ["cert", "key", "pin", "alpn", "proxyFrom"];
const TIMES = [
  ["keepAliveMs", MAX_KEEP_ALIVE_MS],
  ["userTimeoutMs", MAX_TIMEOUT_MS],
  ["handshakeTimeoutMs", MAX_TIMEOUT_MS],
] as const;

/**
 * Checks that a parsed URL is an object with the fields of its scheme. It checks only the type of names: a peer may have a name
 * to which no client can connect, and must still be shown.
 *
 * @throws TypeError, RangeError for a missing or invalid field.
 */
export function checkUrlObject(given: unknown, schemes: readonly string[]): void {
  if (typeof given !== "object" || given === null) {
    throw wrongType("url", 'of type object, such as parseSocketUrl("tcp://127.0.0.1:8000")', given);
  }
  const url: Readonly<Record<string, unknown>> = { ...given };
  const { scheme } = url;
  if (typeof scheme !== "string") throw wrongType("url.scheme", 'of type string, such as "tcp"', scheme);
  if (!schemes.includes(scheme)) throw wrongValue("url.scheme", `must be one of ${schemes.join(", ")}`, scheme);
  const base = baseOf({ scheme });
  if (base === "tcp" || base === "udp") checkInternet(url);
  else if (base === "vsock") {
    integer("url.cid", url["cid"], 0, 0xffff_ffff);
    integer("url.port", url["port"], 0, 0xffff_fffe);
  } else if (base === "fd") integer("url.fd", url["fd"], 0, 0x7fff_ffff);
  else if (base === "systemd") checkText("name", url);
  else checkText("abstract" in url ? "abstract" : "path", url);
  for (const name of FLAGS) if (url[name] !== undefined && url[name] !== true) throw wrongFlagError(name, url[name]);
  for (const name of TEXTS) if (url[name] !== undefined) checkText(name, url);
  for (const name of LISTS) if (url[name] !== undefined) checkTexts(name, url[name]);
  if (url["mode"] !== undefined) integer("url.mode", url["mode"], 0, MAX_MODE);
  for (const [name, max] of TIMES) if (url[name] !== undefined) integer(`url.${name}`, url[name], 1, max);
  const { noDelay } = url;
  if (noDelay !== undefined && typeof noDelay !== "boolean") throw wrongType("url.noDelay", "of type boolean", noDelay);
}

function checkInternet(url: Readonly<Record<string, unknown>>): void {
  const host = checkText("host", url);
  if (versionOf(host) === 0 && !HOST_NAME.test(host))
    throw wrongValue("url.host", "must be a name or an address", host);
  integer("url.port", url["port"], 0, MAX_PORT);
}

function checkText(name: string, url: Readonly<Record<string, unknown>>): string {
  const value = url[name];
  if (typeof value !== "string") throw wrongType(`url.${name}`, "of type string", value);
  return value;
}

function checkTexts(name: string, value: unknown): void {
  const isList = Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string");
  if (!isList) throw wrongType(`url.${name}`, "an array of strings with one element or more", value);
}

function wrongFlagError(name: string, value: unknown): TypeError {
  return wrongValue(`url.${name}`, "must be true, or not be given", value);
}
