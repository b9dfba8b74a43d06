import { readlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { AF_INET, SHUT_WR, SOCK_DGRAM, SOCK_SEQPACKET, type Socket, socket } from "../../../src/index.ts";
import {
  closeAtTheEnd,
  listenOnLoopback,
  openDatagrams,
  openStream,
  recordPair,
  tcpPair,
  unixPair,
} from "../../support/sockets.ts";
import { turn } from "../../support/until.ts";
import { stuck, waits } from "./waits.ts";

const CLOSED = { code: "ERR_SOCKWRIGHT_CLOSED" };

describe("closing locally: pending single calls reject with ERR_SOCKWRIGHT_CLOSED", () => {
  test.for(waits)("$call", async ({ wait }) => {
    const socket = stuck();
    const pending = [wait(socket), wait(socket), wait(socket)];
    socket.close();
    for (const outcome of await Promise.allSettled(pending)) expect(outcome).toMatchObject({ reason: CLOSED });
  });

  test("accept and connect", async () => {
    const listener = listenOnLoopback();
    const accepted = listener.accept();
    listener.close();
    await expect(accepted).rejects.toMatchObject(CLOSED);

    const full = openStream();
    full.bind({ host: "127.0.0.1", port: 0 });
    full.listen(0);
    await openStream().connect(full.getsockname());
    const client = openStream();
    const connected = client.connect(full.getsockname());
    client.close();
    await expect(connected).rejects.toMatchObject(CLOSED);
  });

  test("a pending receive rejects even if data has arrived", async () => {
    const [left, right] = unixPair();
    const received = right.recv(1024);
    left.trySend("too late");
    right.close();
    await expect(received).rejects.toMatchObject(CLOSED);
  });
});

describe("closing locally ends iterations without an error", () => {
  test.for([
    ["a stream", () => unixPair()[0]],
    ["datagrams", () => openDatagrams(AF_INET)],
    ["seqpackets", () => recordPair(SOCK_SEQPACKET)[0]],
    ["a listener", () => listenOnLoopback()],
  ] satisfies [string, () => Socket<unknown>][])("over %s, while it waits", async ([, open]) => {
    const socket = open();
    const given: unknown[] = [];
    const iterated = (async () => {
      for await (const each of socket) given.push(each);
      return "ended";
    })();
    await turn();
    socket.close();
    expect(await iterated).toBe("ended");
    expect(given).toEqual([]);
  });

  test("if the loop itself closes the socket", async () => {
    const [left, right] = unixPair();
    await left.sendall("hello");
    const chunks: string[] = [];
    for await (const chunk of right) {
      chunks.push(String(chunk));
      right.close();
    }
    expect(chunks).toEqual(["hello"]);
  });

  test("an iteration that begins on a closed socket throws", async () => {
    const [socket] = unixPair();
    socket.close();
    await expect(socket[Symbol.asyncIterator]().next()).rejects.toMatchObject(CLOSED);
  });

  test("a failure of the connection still throws", async () => {
    const [left, right] = await tcpPair();
    await left.sendall("never read");
    const iterated = (async () => {
      for await (const _ of left);
    })();
    right.close();
    await expect(iterated).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});

describe("after close", () => {
  test("fileno is -1, and closed is true", () => {
    const opened = socket();
    expect(readlinkSync(`/proc/self/fd/${opened.fileno()}`)).toMatch(/^socket:/);
    expect(opened.closed).toBe(false);
    opened.close();
    expect(opened.fileno()).toBe(-1);
    expect(opened.closed).toBe(true);
  });

  test("a second close does nothing, even if another socket has the descriptor number by then", () => {
    const first = socket();
    const number = first.fileno();
    first.close();
    const [second] = closeAtTheEnd(socket());
    expect(second.fileno()).toBe(number);
    first.close();
    expect(second.fileno()).toBe(number);
    expect(readlinkSync(`/proc/self/fd/${number}`)).toMatch(/^socket:/);
  });

  test.for(waits)("$call rejects with ERR_SOCKWRIGHT_CLOSED", async ({ wait }) => {
    const [socket] = unixPair();
    socket.close();
    await expect(wait(socket)).rejects.toMatchObject(CLOSED);
  });

  test("the attributes keep their values", () => {
    const closed = socket(AF_INET, SOCK_DGRAM, 17);
    closed.close();
    expect(closed).toMatchObject({ family: AF_INET, type: SOCK_DGRAM, protocol: 17 });
  });

  test("the peer reads the data that was sent, then the end of the stream", async () => {
    const [left, right] = await tcpPair();
    await left.sendall("last words");
    left.close();
    expect(String(await right.recv(1024))).toBe("last words");
    expect(await right.recv(1024)).toHaveLength(0);
    expect(await right.recv(1024)).toHaveLength(0);
  });
});

describe("await using", () => {
  test("closes at the end of the block, also when the block throws", async () => {
    const [left, right] = unixPair();
    const block = async (): Promise<void> => {
      await using inside = left;
      await inside.sendall("hello");
      throw new Error("in the block");
    };
    await expect(block()).rejects.toThrow("in the block");
    expect(left.closed).toBe(true);
    expect(String(await right.recv(1024))).toBe("hello");
    expect(await right.recv(1024)).toHaveLength(0);
  });

  test("allows a close inside the block", async () => {
    const [left] = unixPair();
    {
      await using inside = left;
      inside.close();
    }
    expect(left.closed).toBe(true);
  });

  test("closes an accepted peer and its listener", async () => {
    const listener = listenOnLoopback();
    const client = openStream();
    {
      await using inside = listener;
      await client.connect(inside.getsockname());
      const [accepted] = await inside.accept();
      await using peer = accepted;
      peer.shutdown(SHUT_WR);
    }
    expect(listener.closed).toBe(true);
    expect(await client.recv(1)).toHaveLength(0);
  });
});
