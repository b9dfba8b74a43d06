import { isIPv4 } from "node:net";
import type { Peer } from "../../server/transport/peer.ts";

/** How many times as long as its datagram an answer may be, besides {@link MAX_AMPLIFICATION_EXTRA_BYTES}. */
export const MAX_AMPLIFICATION = 4;
/** Bytes that an answer to a datagram may have beyond {@link MAX_AMPLIFICATION} times the datagram. */
export const MAX_AMPLIFICATION_EXTRA_BYTES = 64;

/** echo, daytime, qotd, chargen and domain: servers that would answer our answer, RFC 4732, section 2.1.2. */
const ANSWERING_PORTS: readonly number[] = [7, 13, 17, 19, 53];

/** Why a datagram is not answered. */
export type Refusal = "amplification" | "answering-port" | "no-single-sender";

/**
 * Who sends datagrams may lie about where they come from. Undefined when an answer does no harm: it is not much longer
 * than the question, does not begin a conversation between two servers, and goes to one host.
 */
export function refusalOf(peer: Peer, askedBytes: number, answerBytes: number): Refusal | undefined {
  if (answerBytes > askedBytes * MAX_AMPLIFICATION + MAX_AMPLIFICATION_EXTRA_BYTES) return "amplification";
  if (!("host" in peer)) return undefined;
  if (ANSWERING_PORTS.includes(peer.port)) return "answering-port";
  return isOfMany(peer.host) ? "no-single-sender" : undefined;
}

/** Multicast, RFC 1112 and RFC 4291, or broadcast; a directed broadcast cannot be told without the netmask. */
function isOfMany(host: string): boolean {
  if (isIPv4(host)) return Number(host.split(".")[0]) >= 224 || host === "0.0.0.0" || host.endsWith(".255");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  return mapped === undefined ? /^ff/i.test(host) : isOfMany(mapped);
}
