import { expect, test } from "vitest";
import { SO_RCVBUF, SO_SNDBUF, SOCK_DGRAM, SOCK_SEQPACKET, SOL_SOCKET } from "../../../src/index.ts";
import { recordPair } from "../../support/sockets.ts";

const KIB = 1024;

test.for([
  ["datagram", SOCK_DGRAM],
  ["seqpacket", SOCK_SEQPACKET],
] as const)("a Unix %s longer than 64 KiB is not truncated silently", async ([, type]) => {
  const [left, right] = recordPair(type);
  left.setsockopt(SOL_SOCKET, SO_SNDBUF, 1024 * KIB);
  right.setsockopt(SOL_SOCKET, SO_RCVBUF, 1024 * KIB);
  const record = Buffer.alloc(150 * KIB, "r");
  await left.send(record);
  for await (const item of right) {
    const data = Array.isArray(item) ? item[0] : item;
    expect(data.length).toBe(record.length);
    break;
  }
});
