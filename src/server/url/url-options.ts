import { nearest } from "../../socket/values.ts";
import { durationText } from "../options/duration.ts";
import { isListKind, parseUrlOption, type UrlOptionValue } from "./parse-url-option.ts";
import type { UrlOptionKind } from "./schemes.ts";
import type { StreamUrlFields, TlsUrlFields } from "./stream-fields.ts";
import type { Refuse } from "./url-text.ts";

/** The parsed options of a socket URL. An option that is not given has no property. */
export interface UrlOptions extends StreamUrlFields, TlsUrlFields {
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
  "proxy-from": "proxyFrom",
  "proxy-send": "proxySend",
  "handshake-timeout": "handshakeTimeoutMs",
};

/** All options, in the order in which they are formatted. */
const NAMES = [
  ...["ipv6only", "broadcast", "group", "source", "interface", "mode", "owner"],
  ...["keepalive", "user-timeout", "nodelay", "proxy-from", "proxy-send"],
  ...["cert", "key", "ca", "crl", "client", "pin", "servername", "alpn", "min", "handshake-timeout"],
];
/** Options that a client has no use for. */
const FOR_LISTENERS = ["ipv6only", "group", "source", "mode", "owner", "client", "proxy-from"];
/** Options that a listener has no use for. */
const FOR_CLIENTS = ["servername", "proxy-send"];
/** Names by which other programs turn off the check of a certificate. */
const WITHOUT_CHECK = /^(?:insecure|.*(?:verify|verification|unauthorized)|check|trust)$/i;

/** Parses the options of a query, `name=value&flag`, of which `known` are allowed; an empty object when there is no query. */
export function parseOptions(known: Known, query: string | undefined, refuse: Refuse): UrlOptions {
  if (query === undefined) return {};
  const options: Record<string, UrlOptionValue> = {};
  for (const piece of query.split("&")) {
    const [, given = "", text] = /^([^=]*)(?:=(.*))?$/s.exec(piece) ?? [];
    const [name, kind] = findOption(known, given, refuse);
    const field = FIELDS[name] ?? name;
    const value = parseUrlOption(name, kind, text, refuse);
    const before = options[field];
    if (before !== undefined && !(isListKind(kind) && Array.isArray(before) && Array.isArray(value)))
      throw refuse(`has the option ${name} twice`);
    options[field] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }
  checkPairs(options, refuse);
  return options;
}

/** Formats options as the query that {@link parseOptions} reads, with its `?`; `""` when there are none. */
export function formatOptions(options: UrlOptions): string {
  const pieces = NAMES.flatMap((name) => {
    const value = options[FIELDS[name] ?? (name as keyof UrlOptions)];
    if (value === undefined) return [];
    if (value === true) return [name];
    if (value === false) return [`${name}=off`];
    if (typeof value === "number") return [`${name}=${numberText(name, value)}`];
    if (typeof value === "string") return [`${name}=${escapeValue(value)}`];
    // A comma separates the names of protocols, and the sources: it is escaped within them.
    if (name === "alpn" || name === "proxy-from")
      return [`${name}=${value.map((each) => escapeValue(each).replaceAll(",", "%2C")).join(",")}`];
    return value.map((each) => `${name}=${escapeValue(each)}`);
  });
  return pieces.length === 0 ? "" : `?${pieces.join("&")}`;
}

/** The name of an option among these that is for listeners alone; undefined when there is none. */
export function listenerOption(options: UrlOptions): string | undefined {
  return givenOf(FOR_LISTENERS, options);
}

/** The name of an option among these that is for clients alone; undefined when there is none. */
export function clientOption(options: UrlOptions): string | undefined {
  return givenOf(FOR_CLIENTS, options);
}

function givenOf(names: readonly string[], options: UrlOptions): string | undefined {
  return names.find((name) => options[FIELDS[name] ?? (name as keyof UrlOptions)] !== undefined);
}

function escapeValue(text: string): string {
  return text.replace(/[%&]/g, encodeURIComponent);
}

function numberText(name: string, value: number): string {
  return name === "mode" ? value.toString(8).padStart(3, "0") : durationText(value);
}

function checkPairs({ cert = [], key = [] }: UrlOptions, refuse: Refuse): void {
  if (cert.length === key.length) return;
  const counts = `cert ${times(cert.length)} and key ${times(key.length)}`;
  throw refuse(`has ${counts}: write cert=FILE&key=FILE for each certificate`);
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function findOption(known: Known, given: string, refuse: Refuse): [string, UrlOptionKind] {
  const found = Object.entries(known).find(([name]) => name === given);
  if (found !== undefined) return found;
  const names = Object.keys(known);
  if (names.length === 0)
    throw refuse("has options, of which this kind of socket has none: leave out what follows the ?");
  if (given === "") throw refuse(`has an empty option: there are ${names.join(", ")}`);
  if ("pin" in known && WITHOUT_CHECK.test(given)) {
    const advice = "write pin=sha256:HEX to accept one certificate, or ca=FILE to accept those of an authority";
    throw refuse(`has the option ${JSON.stringify(given)}, and certificates are always checked: ${advice}`);
  }
  // Python's certfile, keyfile and cafile.
  const near = nearest(given.toLowerCase().replace(/file$/, ""), names);
  const hint = near === undefined ? `there are ${names.join(", ")}` : `did you mean ${near}?`;
  throw refuse(`has the option ${JSON.stringify(given)}, which its kind of socket does not have: ${hint}`);
}
