import { describe, expect, test } from "vitest";
import { AF_UNIX, SOCK_SEQPACKET, type Socket } from "../../../src/index.ts";
import {
  closeAtTheEnd,
  listenOnLoopback,
  openDatagrams,
  openStream,
  recordPair,
  tcpPair,
  unixPair,
} from "../../support/sockets.ts";

const KIB = 1024;

describe("iteration over a stream", () => {
  test("yields owned chunks of at most 64 KiB until the end of the stream", async () => {
    const [left, right] = await tcpPair();
    const data = Buffer.from(Array.from({ length: 1_000 * KIB }, (_, index) => index % 251));
    const sent = left.sendall(data).then(() => left.close());
    const chunks: Buffer[] = [];
    for await (const chunk of right) {
      expect(chunk.length).toBeGreaterThan(0);
      expect(chunk.length).toBeLessThanOrEqual(64 * KIB);
      chunks.push(chunk);
    }
    await sent;
    expect(Buffer.concat(chunks).equals(data)).toBe(true);
  });

  test("ends at once if the stream has already ended", async () => {
    const [left, right] = unixPair();
    left.close();
    expect(await right[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });

  test("obeys the timeout", async () => {
    const [, right] = unixPair();
    right.settimeout(5);
    await expect(right[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
  });
});

describe("`break` neither closes a socket nor loses a peer", () => {
  test("another loop reads on from the stream", async () => {
    const [left, right] = unixPair();
    const seen: string[] = [];
    for (const text of ["one", "two", "three"]) {
      await left.sendall(text);
      for await (const chunk of right) {
        seen.push(String(chunk));
        break;
      }
    }
    expect(seen).toEqual(["one", "two", "three"]);
    expect(right.closed).toBe(false);
  });

  test("recv reads on from the stream after a loop throws", async () => {
    const [left, right] = unixPair();
    await left.sendall("one");
    const loop = async (): Promise<void> => {
      for await (const chunk of right) throw new Error(String(chunk));
    };
    await expect(loop()).rejects.toThrow("one");
    await left.sendall("two");
    expect(String(await right.recv(KIB))).toBe("two");
  });

  test("a datagram that arrives between two loops goes to the next loop", async () => {
    const socket = openDatagrams();
    const address = socket.getsockname();
    await socket.sendto("one", address);
    for await (const [data] of socket) {
      expect(String(data)).toBe("one");
      break;
    }
    await socket.sendto("two", address);
    for await (const [data] of socket) {
      expect(String(data)).toBe("two");
      break;
    }
  });

  test("a peer that connects between two loops goes to the next loop", async () => {
    const listener = listenOnLoopback();
    const clients = [openStream(), openStream(), openStream()];
    const seen: unknown[] = [];
    for (const client of clients) {
      await client.connect(listener.getsockname());
      if (client === clients[0]) continue;
      for await (const [peer, address] of listener) {
        closeAtTheEnd(peer);
        seen.push(address);
        break;
      }
    }
    const [last, address] = await listener.accept();
    closeAtTheEnd(last);
    expect([...seen, address]).toEqual(clients.map((client) => client.getsockname()));
    expect(listener.closed).toBe(false);
  });

  test("return() of an iterator that waits does not lose the next peer", async () => {
    const listener = listenOnLoopback();
    const iterator = listener[Symbol.asyncIterator]() as AsyncGenerator<[Socket, unknown]>;
    const waiting = iterator.next();
    const returned = iterator.return(undefined);
    const client = openStream();
    await client.connect(listener.getsockname());
    const { value } = await waiting;
    if (!Array.isArray(value)) throw new Error("no connection");
    const [peer] = value;
    closeAtTheEnd(peer);
    expect(peer.getpeername()).toEqual(client.getsockname());
    expect(await returned).toEqual({ value: undefined, done: true });
  });
});

describe("iteration over records", () => {
  test("over datagrams yields [data, address], also for an empty datagram", async () => {
    const [server, client] = [openDatagrams(AF_UNIX), openDatagrams(AF_UNIX)];
    for (const text of ["one", "", "three"]) await client.sendto(text, server.getsockname());
    const seen: [string, unknown][] = [];
    for await (const [data, address] of server) {
      seen.push([String(data), address]);
      if (seen.length === 3) break;
    }
    const address = client.getsockname();
    expect(seen).toEqual([
      ["one", address],
      ["", address],
      ["three", address],
    ]);
  });

  test("over seqpacket yields each record until the end", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    for (const text of ["one", "two"]) await left.send(text);
    left.close();
    const seen: string[] = [];
    for await (const record of right) seen.push(String(record));
    expect(seen).toEqual(["one", "two"]);
  });
});
