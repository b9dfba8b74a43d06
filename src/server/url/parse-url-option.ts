import { isIP, isIPv6 } from "node:net";
import { pinOf } from "../../certificate/fingerprint.ts";
import { MAX_TIMEOUT_MS } from "../../socket/values.ts";
import { durationMs } from "../options/duration.ts";
import { parseSource } from "./proxy-source.ts";
import type { UrlOptionKind } from "./schemes.ts";
import type { Refuse } from "./url-text.ts";

/** The value of an option in a parsed URL. */
export type UrlOptionValue = string | number | boolean | readonly string[];

/** The highest mode of a Unix socket's file, 0o777 — chmod(2): set-user-ID, set-group-ID and the sticky bit are not allowed. */
export const MAX_MODE = 0o777;

/** The most that can be set for `keepAliveMs` — tcp(7): TCP_KEEPIDLE takes 32 767 s. */
export const MAX_KEEP_ALIVE_MS = 32_767_000;

/** The longest name of a protocol in `alpn` — RFC 7301, section 3.1: its length has 8 bits. */
export const MAX_PROTOCOL_BYTES = 255;

/** The most bytes of all names in `alpn`, each with one byte for its length — RFC 7301, section 3.1: the length of the list has 16 bits. */
export const MAX_PROTOCOLS_BYTES = 65_535;

const EXAMPLES: Readonly<Record<string, string>> = {
  keepalive: "keepalive=60s",
  "user-timeout": "user-timeout=30s",
  "handshake-timeout": "handshake-timeout=10s",
  mode: "mode=660",
  owner: "owner=www-data",
  source: "source=192.0.2.1",
  interface: "interface=eth0",
  cert: "cert=server.pem",
  key: "key=server.key",
  ca: "ca=ca.pem",
  crl: "crl=crl.pem",
  alpn: "alpn=h2,http/1.1",
  servername: "servername=example.com",
  pin: "pin=sha256:HEX, with 64 hexadecimal digits",
  "proxy-from": "proxy-from=10.0.0.0/8",
};

/** Whether an option of the kind may be repeated: each one adds to a list. */
export function isListKind(kind: UrlOptionKind): boolean {
  return kind === "texts" || kind === "pins";
}

/** Whether an address is a multicast group; ip(7), RFC 4291 section 2.7. */
export function isMulticast(address: string): boolean {
  if (isIPv6(address)) return /^ff/i.test(address);
  const [, first = "0"] = /^(\d+)\./.exec(address) ?? [];
  return isIP(address) === 4 && Number(first) >= 224 && Number(first) < 240;
}

/** Parses the value of an option; `given` is undefined when there is no `=`. */
export function parseUrlOption(
  name: string,
  kind: UrlOptionKind,
  given: string | undefined,
  refuse: Refuse,
): UrlOptionValue {
  if (kind === "switch") {
    if (given === undefined || given === "on") return true;
    if (given === "off") return false;
    throw refuse(`has the ${name} ${JSON.stringify(given)}: write ${name}=on or ${name}=off`);
  }
  if (kind === "flag") {
    if (given !== undefined) throw refuse(`has a value for ${name}, which takes none: write ?${name}`);
    return true;
  }
  if (typeof kind !== "string") return parseChoice(name, kind, given, refuse);
  const example = EXAMPLES[name] ?? (kind === "multicast" ? "group=239.1.1.1" : "group=www-data");
  if (given === undefined || given === "") throw refuse(`has the option ${name} without a value: write ${example}`);
  if (kind === "protocols") return parseProtocols(given, refuse);
  const value = decode(given, refuse);
  const quoted = JSON.stringify(value);
  switch (kind) {
    case "text":
      return value;
    case "texts":
      return [value];
    case "pins":
      if (/^sha256:[\da-f]{64}$/i.test(value)) return [value.toLowerCase()];
      throw refuse(`has the pin ${quoted}: write ${pinIn(value) ?? example}`);
    case "sources":
      return value.split(",").map((each) => parseSource(each, refuse));
    case "duration": {
      const time = durationMs(value);
      const most = name === "keepalive" ? MAX_KEEP_ALIVE_MS : MAX_TIMEOUT_MS;
      if (typeof time === "number" && time > 0 && time <= most) return time;
      throw refuse(`has the ${name} ${quoted}, which is no valid time: write ${example}`);
    }
    case "octal": {
      const mode = /^[0-7]{3,4}$/.test(value) ? Number.parseInt(value, 8) : MAX_MODE + 1;
      if (mode <= MAX_MODE) return mode;
      throw refuse(`has the mode ${quoted}: a mode is three octal digits, as in ${example}`);
    }
    case "address":
    case "multicast":
      if (isIP(value) === 0) throw refuse(`has the ${name} ${quoted}, which is no address: write ${example}`);
      if (kind === "address" || isMulticast(value)) return value;
      throw refuse(
        `has the group ${quoted}: groups are 224.0.0.0 to 239.255.255.255, and IPv6 addresses that begin with ff`,
      );
  }
}

function pinIn(value: string): string | undefined {
  const pin = pinOf(value);
  return pin && `pin=${pin}`;
}

function parseChoice(name: string, words: readonly string[], given: string | undefined, refuse: Refuse): string {
  const found = words.find((word) => word === given);
  if (found !== undefined) return found;
  const told = given === undefined ? `the option ${name} without a value` : `the ${name} ${JSON.stringify(given)}`;
  throw refuse(`has ${told}: write ${words.map((word) => `${name}=${word}`).join(" or ")}`);
}

/** Parses the names of protocols. Each is decoded by itself: a comma in a name is written %2C. */
function parseProtocols(given: string, refuse: Refuse): readonly string[] {
  const names = given.split(",").map((each) => decode(each, refuse));
  const sizes = names.map((name) => Buffer.byteLength(name));
  if (sizes.includes(0)) throw refuse(`has an empty name in alpn: write ${EXAMPLES["alpn"] ?? ""}`);
  const longest = Math.max(...sizes);
  if (longest > MAX_PROTOCOL_BYTES)
    throw refuse(`has a name of ${longest} bytes in alpn: a name has at most ${MAX_PROTOCOL_BYTES}`);
  const total = sizes.reduce((sum, size) => sum + 1 + size, 0);
  if (total > MAX_PROTOCOLS_BYTES)
    throw refuse(`has ${total} bytes of names in alpn: there is room for ${MAX_PROTOCOLS_BYTES}`);
  return names;
}

function decode(text: string, refuse: Refuse): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse("has a % that begins no character: write %25 for a % itself");
  }
}
