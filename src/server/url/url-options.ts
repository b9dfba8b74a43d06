import { isIP, isIPv6 } from "node:net";
import { nearest } from "../../socket/values.ts";

/** What may stand behind the `?` of a socket's URL. An option that is not given is not there. */
export interface UrlOptions {
  readonly ipv6only?: true;
  readonly broadcast?: true;
  readonly group?: string;
  readonly source?: string;
  readonly interface?: string;
  readonly mode?: number;
  readonly owner?: string;
}

type OptionName = keyof UrlOptions;

/** An option without a value, or what its value looks like. */
type Kind = "flag" | "text" | "address" | "multicast" | "octal";

const IPV6_ONLY = { ipv6only: "flag" } as const;
const MULTICAST = { group: "multicast", source: "address", interface: "text" } as const;
const FILE = { mode: "octal", owner: "text", group: "text" } as const;

/** The options of each kind of URL; those of abstract names are none, since they have no file. */
const OPTIONS: Readonly<Record<string, { readonly [name in OptionName]?: Kind }>> = {
  tcp: IPV6_ONLY,
  udp: { ...IPV6_ONLY, ...MULTICAST, broadcast: "flag" },
  unix: FILE,
  "unix-dgram": FILE,
  "unix-seqpacket": FILE,
};

/** chmod(2): the permissions of a file, without set-user-ID and its like. */
const MAX_MODE = 0o777;

/** A mistake: what is wrong, and what would be right. */
type Refuse = (reason: string) => Error;

/** The options of a query, `name=value&flag`; an empty object where there are none. */
export function parseOptions(scheme: string, query: string | undefined, refuse: Refuse): UrlOptions {
  if (query === undefined) return {};
  const known = OPTIONS[scheme] ?? {};
  const options: Record<string, string | number | true> = {};
  for (const piece of query.split("&")) {
    const [, given = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(piece) ?? [];
    const [name, kind] = lookUp(known, given, refuse);
    if (Object.hasOwn(options, name)) throw refuse(`has the option ${name} twice`);
    options[name] = optionValue(name, kind, value, refuse);
  }
  return options;
}

/** The options as the query that {@link parseOptions} reads, with its `?`; `""` where there are none. */
export function formatOptions(options: UrlOptions): string {
  const names: readonly OptionName[] = ["ipv6only", "broadcast", "group", "source", "interface", "mode", "owner"];
  const pieces = names.flatMap((name) => {
    const value = options[name];
    if (value === undefined) return [];
    if (value === true) return [name];
    const text = typeof value === "number" ? value.toString(8).padStart(3, "0") : value;
    return [`${name}=${text.replace(/[%&]/g, encodeURIComponent)}`];
  });
  return pieces.length === 0 ? "" : `?${pieces.join("&")}`;
}

/** Whether datagrams to the address go to a group; ip(7), RFC 4291 section 2.7. */
export function isMulticast(address: string): boolean {
  if (isIPv6(address)) return /^ff/i.test(address);
  const [, first = "0"] = /^(\d+)\./.exec(address) ?? [];
  return isIP(address) === 4 && Number(first) >= 224 && Number(first) < 240;
}

function lookUp(known: { readonly [name in OptionName]?: Kind }, given: string, refuse: Refuse): [string, Kind] {
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
  mode: "mode=660",
  owner: "owner=www-data",
  source: "source=192.0.2.1",
  interface: "interface=eth0",
};

function optionValue(name: string, kind: Kind, given: string | undefined, refuse: Refuse): string | number | true {
  if (kind === "flag") {
    if (given !== undefined) throw refuse(`has a value for ${name}, which takes none: write ?${name}`);
    return true;
  }
  const example = EXAMPLES[name] ?? (kind === "multicast" ? "group=239.1.1.1" : "group=www-data");
  if (given === undefined || given === "") throw refuse(`has the option ${name} without a value: write ${example}`);
  const value = decoded(given, refuse);
  const quoted = JSON.stringify(value);
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

function decoded(text: string, refuse: Refuse): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse("has a % that begins no character: write %25 for a % itself");
  }
}
