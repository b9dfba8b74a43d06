// The kinds of socket over which the tests run the programs of others.

import { randomUUID } from "node:crypto";
import {
  type AddressInput,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../../src/index.ts";
import { freePath } from "../support/folders.ts";

export interface Transport {
  readonly name: string;
  readonly family: number;
  readonly type: number;
  /** An address for a server that only the running test uses: port 0, or a new name. */
  readonly freeAddress: () => AddressInput;
}

const loopback4 = (): AddressInput => ({ host: "127.0.0.1", port: 0 });
const loopback6 = (): AddressInput => ({ host: "::1", port: 0 });
const freeName = (): AddressInput => ({ abstract: `sockwright-${randomUUID()}` });

function pathAddress(): AddressInput {
  return { path: freePath() };
}

export const streams = {
  tcp4: { name: "TCP over IPv4", family: AF_INET, type: SOCK_STREAM, freeAddress: loopback4 },
  tcp6: { name: "TCP over IPv6", family: AF_INET6, type: SOCK_STREAM, freeAddress: loopback6 },
  path: { name: "Unix stream by path", family: AF_UNIX, type: SOCK_STREAM, freeAddress: pathAddress },
  abstract: { name: "Unix stream by abstract name", family: AF_UNIX, type: SOCK_STREAM, freeAddress: freeName },
} satisfies Record<string, Transport>;

export const datagrams = {
  udp4: { name: "UDP over IPv4", family: AF_INET, type: SOCK_DGRAM, freeAddress: loopback4 },
  udp6: { name: "UDP over IPv6", family: AF_INET6, type: SOCK_DGRAM, freeAddress: loopback6 },
  path: { name: "Unix datagrams by path", family: AF_UNIX, type: SOCK_DGRAM, freeAddress: pathAddress },
  abstract: { name: "Unix datagrams by abstract name", family: AF_UNIX, type: SOCK_DGRAM, freeAddress: freeName },
} satisfies Record<string, Transport>;

export const seqpackets = {
  path: { name: "Unix seqpacket by path", family: AF_UNIX, type: SOCK_SEQPACKET, freeAddress: pathAddress },
  abstract: {
    name: "Unix seqpacket by abstract name",
    family: AF_UNIX,
    type: SOCK_SEQPACKET,
    freeAddress: freeName,
  },
} satisfies Record<string, Transport>;
