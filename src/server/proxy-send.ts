import { isIPv4, isIPv6 } from "node:net";
import { canonicalIp } from "../codec/ip-address.ts";
import { type ProxyEnds, proxyHeader } from "../codec/proxy-header.ts";
import { checkDefinition, integer, type OptionNames, wrongType, wrongValue } from "../socket/values.ts";
import type { Connection } from "./connection/connection.ts";
import { choice, type OptionKind } from "./options/option-kind.ts";
import { ConnectionError } from "./transport/connection-error.ts";
import type { Peer } from "./transport/peer.ts";

/** The PROXY header with which a client begins a connection on behalf of another one, as a relay does. */
export interface ProxySend {
  /** The version of the protocol. Version 1 is text, and has TCP alone: it sends `UNKNOWN` for other addresses. */
  readonly version: "v1" | "v2";
  /** The address of the client, such as `connection.peer` of the relay's own client. */
  readonly source: Peer;
  /** The address to which the client has connected. */
  readonly destination: Peer;
}

const HEADER = proxyHeader();
const FORM = '"v1", "v2", or an object with version, source and destination';
const VERSION = choice(["v1", "v2"]);
const NAMES: OptionNames<ProxySend> = { version: true, source: true, destination: true };

/** The kind of the option `proxySend`. */
export const PROXY_SEND: OptionKind<"v1" | "v2" | ProxySend | undefined> = {
  defaultValue: undefined,
  range: '"v1", "v2" or { version, source, destination }',
  check(path, given) {
    if (given === "v1" || given === "v2") return given;
    if (typeof given !== "object" || given === null) throw wrongType(path, FORM, given);
    checkDefinition("proxySend", given, NAMES, path, ', such as { version: "v2", source, destination }');
    const { source, destination, ...rest } = given as ProxySend;
    const version = VERSION.check(`${path}.version`, rest.version) ?? "v2";
    checkPeer(`${path}.source`, source);
    checkPeer(`${path}.destination`, destination);
    return { version, source, destination };
  },
};

/**
 * Sends a PROXY header, before anything else: with the addresses of the socket, or with those that are given.
 *
 * @throws ConnectionError `ERR_SOCKWRIGHT_ABORTED` when the connection is lost already, and its addresses with it.
 */
export function sendProxyHeader(connection: Connection, send: "v1" | "v2" | ProxySend): void {
  const { version, source, destination } = typeof send === "string" ? ownNames(connection, send) : send;
  const ends = endsOf(source, destination);
  const header =
    version === "v1"
      ? HEADER.encode({ version: 1, command: "proxy", ...(ends.family === "unix" ? { family: "unspec" } : ends) })
      : HEADER.encode({ version: 2, command: "proxy", ...ends });
  connection.write(header);
}

function ownNames(connection: Connection, version: "v1" | "v2"): ProxySend {
  const { names } = connection.link;
  if (names === undefined) throw connection.failure ?? new ConnectionError("ERR_SOCKWRIGHT_ABORTED");
  return { version, source: names.local, destination: names.remote };
}

/** The ends in the form of a header; addresses of two families have none, unless both are IP addresses. */
function endsOf(source: Peer, destination: Peer): ProxyEnds {
  if ("host" in source && "host" in destination) {
    const [from, to] = [hostOf(source), hostOf(destination)];
    if (isIPv4(from.host) && isIPv4(to.host)) {
      return { family: "inet", type: "stream", source: from, destination: to };
    }
    return { family: "inet6", type: "stream", source: asIPv6(from), destination: asIPv6(to) };
  }
  const isUnix = !("port" in source || "port" in destination);
  return isUnix ? { family: "unix", type: "stream", source, destination } : { family: "unspec" };
}

/** An address without its zone, which means nothing at the other end; that of an IPv4 client of an IPv6 socket as IPv4. */
function hostOf({ host, port }: { readonly host: string; readonly port: number }): { host: string; port: number } {
  const bare = host.replace(/%.*$/s, "");
  return { host: /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare, port };
}

function asIPv6({ host, port }: { readonly host: string; readonly port: number }): { host: string; port: number } {
  return { host: isIPv4(host) ? `::ffff:${host}` : (canonicalIp("inet6", host) ?? host), port };
}

function checkPeer(path: string, peer: Peer): void {
  const form = "the address of a socket, such as { host, port } or { path }";
  const given: unknown = peer;
  if (typeof given !== "object" || given === null) throw wrongType(path, form, given);
  if ("host" in peer) {
    const bare = typeof peer.host === "string" ? peer.host.replace(/%.*$/s, "") : "";
    if (!isIPv4(bare) && !isIPv6(bare)) throw wrongValue(`${path}.host`, "must be an IP address", peer.host);
    integer(`${path}.port`, peer.port, 0, 65_535);
    return;
  }
  const name: unknown = "path" in peer ? peer.path : "abstract" in peer ? peer.abstract : undefined;
  if (typeof name !== "string" && !("cid" in peer)) throw wrongType(path, form, given);
}
