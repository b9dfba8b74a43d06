import { isIPv4 } from "node:net";
import type { Peer } from "../../server/transport/peer.ts";

/** Limits the length of an answer to this multiple of its datagram plus {@link MAX_AMPLIFICATION_EXTRA_BYTES}; a longer answer is not sent. */
export const MAX_AMPLIFICATION = 4;
/** Bytes that an answer may have in addition to {@link MAX_AMPLIFICATION} times its datagram; a longer answer is not sent. */
export const MAX_AMPLIFICATION_EXTRA_BYTES = 64;

/** The ports of echo, daytime, qotd, chargen and domain, whose servers would answer the answer: RFC 4732, section 2.1.2. */
const ANSWERING_PORTS: readonly number[] = [7, 13, 17, 19, 53];

/** Why the service does not answer a datagram. */
export type Refusal = "amplification" | "answering-port" | "no-single-sender";

/**
 * Returns why a datagram must not be answered, because its source address may be forged. Returns undefined if an answer does no
 * harm: it is not much longer than the datagram, cannot start a loop between two servers, and goes to one host.
 */
export function refusalOf(peer: Peer, askedBytes: number, answerBytes: number): Refusal | undefined {
  if (answerBytes > askedBytes * MAX_AMPLIFICATION + MAX_AMPLIFICATION_EXTRA_BYTES) return "amplification";
  if (!("host" in peer)) return undefined;
  if (ANSWERING_PORTS.includes(peer.port)) return "answering-port";
  return isGroupAddress(peer.host) ? "no-single-sender" : undefined;
}

/** Multicast, RFC 1112 and RFC 4291, or broadcast. Without the netmask, only a directed broadcast that ends in 255 is recognized. */
function isGroupAddress(host: string): boolean {
  if (isIPv4(host)) return Number(host.split(".")[0]) >= 224 || host === "0.0.0.0" || host.endsWith(".255");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  return mapped === undefined ? /^ff/i.test(host) : isGroupAddress(mapped);
}
