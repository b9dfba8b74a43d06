import { isIP, isIPv6 } from "node:net";
import { MAX_TIMEOUT_MS, nearest } from "../../socket/values.ts";
import { durationMs, durationText } from "../options/duration.ts";
import { SCHEMES, type UrlOptionKind } from "./schemes.ts";

/** The parsed options of a socket URL. An option that is not given has no property. */
export interface UrlOptions {
  readonly ipv6only?: true;
  readonly broadcast?: true;
  readonly group?: string;
  readonly source?: string;
  readonly interface?: string;
  readonly mode?: number;
  readonly owner?: string;
  readonly keepAliveMs?: number;
  readonly userTimeoutMs?: number;
  readonly noDelay?: boolean;
}

type Known = Readonly<Record<string, UrlOptionKind>>;

/** The field names of options in a parsed URL that differ from the text: in Node's style, and with the unit. */
const FIELDS: Readonly<Record<string, keyof UrlOptions>> = {
  keepalive: "keepAliveMs",
  "user-timeout": "userTimeoutMs",
  nodelay: "noDelay",
};

/** The highest mode of a Unix socket's file, 0o777 — chmod(2): set-user-ID, set-group-ID and the sticky bit are not allowed. */
export const MAX_MODE = 0o777;

/** The most that can be set for `keepAliveMs` — tcp(7): TCP_KEEPIDLE takes 32 767 s. */
export const MAX_KEEP_ALIVE_MS = 32_767_000;

/** Makes the error for a mistake, from what is wrong and what to write instead. */
type Refuse = (reason: string) => Error;

/** Parses the options of a query, `name=value&flag`; an empty object when there is no query. */
export function parseOptions(scheme: string, query: string | undefined, refuse: Refuse): UrlOptions {
  if (query === undefined) return {};
  // Abstract names have no scheme of their own, and no options: there is no file.
  const known = SCHEMES.get(scheme)?.options ?? {};
  const options: Record<string, string | number | boolean> = {};
  for (const piece of query.split("&")) {
    const [, given = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(piece) ?? [];
    const [name, kind] = findOption(known, given, refuse);
    const field = FIELDS[name] ?? name;
    if (Object.hasOwn(options, field)) throw refuse(`has the option ${name} twice`);
    options[field] = optionValue(name, kind, value, refuse);
  }
  return options;
}

/** Formats options as the query that {@link parseOptions} reads, with its `?`; `""` when there are none. */
export function formatOptions(options: UrlOptions): string {
  const pieces = NAMES.flatMap((name) => {
    const value = options[FIELDS[name] ?? (name as keyof UrlOptions)];
    if (value === undefined) return [];
    if (value === true) return [name];
    if (value === false) return [`${name}=off`];
    const text = typeof value === "number" ? numberText(name, value) : value;
    return [`${name}=${text.replace(/[%&]/g, encodeURIComponent)}`];
  });
  return pieces.length === 0 ? "" : `?${pieces.join("&")}`;
}

const NAMES = [
  ...["ipv6only", "broadcast", "group", "source", "interface", "mode", "owner"],
  ...["keepalive", "user-timeout", "nodelay"],
];

function numberText(name: string, value: number): string {
  return name === "mode" ? value.toString(8).padStart(3, "0") : durationText(value);
}

/** Whether an address is a multicast group; ip(7), RFC 4291 section 2.7. */
export function isMulticast(address: string): boolean {
  if (isIPv6(address)) return /^ff/i.test(address);
  const [, first = "0"] = /^(\d+)\./.exec(address) ?? [];
  return isIP(address) === 4 && Number(first) >= 224 && Number(first) < 240;
}

function findOption(known: Known, given: string, refuse: Refuse): [string, UrlOptionKind] {
  const found = Object.entries(known).find(([name]) => name === given);
  if (found !== undefined) return found;
  const names = Object.keys(known);
  if (names.length === 0)
    throw refuse("has options, of which this kind of socket has none: leave out what follows the ?");
  if (given === "") throw refuse(`has an empty option: there are ${names.join(", ")}`);
  const near = nearest(given.toLowerCase(), names);
  const hint = near === undefined ? `there are ${names.join(", ")}` : `did you mean ${near}?`;
  throw refuse(`has the option ${JSON.stringify(given)}, which its kind of socket does not have: ${hint}`);
}

const EXAMPLES: Readonly<Record<string, string>> = {
  keepalive: "keepalive=60s",
  "user-timeout": "user-timeout=30s",
  mode: "mode=660",
  owner: "owner=www-data",
  source: "source=192.0.2.1",
  interface: "interface=eth0",
};

function optionValue(
  name: string,
  kind: UrlOptionKind,
  given: string | undefined,
  refuse: Refuse,
): string | number | boolean {
  if (kind === "switch") {
    if (given === undefined || given === "on") return true;
    if (given === "off") return false;
    throw refuse(`has the ${name} ${JSON.stringify(given)}: write ${name}=on or ${name}=off`);
  }
  if (kind === "flag") {
    if (given !== undefined) throw refuse(`has a value for ${name}, which takes none: write ?${name}`);
    return true;
  }
  const example = EXAMPLES[name] ?? (kind === "multicast" ? "group=239.1.1.1" : "group=www-data");
  if (given === undefined || given === "") throw refuse(`has the option ${name} without a value: write ${example}`);
  const value = decode(given, refuse);
  const quoted = JSON.stringify(value);
  if (kind === "duration") {
    const time = durationMs(value);
    const most = name === "keepalive" ? MAX_KEEP_ALIVE_MS : MAX_TIMEOUT_MS;
    if (typeof time === "number" && time > 0 && time <= most) return time;
    throw refuse(`has the ${name} ${quoted}, which is no valid time: write ${example}`);
  }
  if (kind === "octal") {
    const mode = /^[0-7]{3,4}$/.test(value) ? Number.parseInt(value, 8) : MAX_MODE + 1;
    if (mode > MAX_MODE) throw refuse(`has the mode ${quoted}: a mode is three octal digits, as in ${example}`);
    return mode;
  }
  if (kind !== "text" && isIP(value) === 0)
    throw refuse(`has the ${name} ${quoted}, which is no address: write ${example}`);
  if (kind === "multicast" && !isMulticast(value)) {
    throw refuse(
      `has the group ${quoted}: groups are 224.0.0.0 to 239.255.255.255, and IPv6 addresses that begin with ff`,
    );
  }
  return value;
}

function decode(text: string, refuse: Refuse): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse("has a % that begins no character: write %25 for a % itself");
  }
}
