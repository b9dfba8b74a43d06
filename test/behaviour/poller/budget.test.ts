import { describe, expect, onTestFinished, test } from "vitest";
import { AF_INET, SO_RCVBUF, SO_SNDBUF, SOCK_DGRAM, SOL_SOCKET, type Socket, socket } from "../../../src/index.ts";
import { type Connection, connect, serve } from "../../../src/server.ts";
import { fill } from "../../support/full.ts";
import { listenOnLoopback, tcpPair, unixPair } from "../../support/sockets.ts";
import { turnLoop } from "./turns.ts";

describe("one budget per turn (128 calls or 256 KiB) covers every call that succeeds at once", () => {
  const CALLS = 128;
  const BYTES = 256 * 1024;

  /** Returns the largest amount that `run` reports between two immediates. */
  async function mostPerTurn(run: (done: (amount: number) => void) => Promise<void>): Promise<number> {
    let most = 0;
    let sinceImmediate = 0;
    let isRunning = true;
    const look = (): void => {
      most = Math.max(most, sinceImmediate);
      sinceImmediate = 0;
      if (isRunning) setImmediate(look);
    };
    setImmediate(look);
    await run((amount) => {
      sinceImmediate += amount;
    });
    isRunning = false;
    await turnLoop(2);
    return most;
  }

  /** Runs a turn in which one socket is ready, which ends what the sockets of the previous turn may still spend. */
  async function beginTurnOfOne(): Promise<void> {
    const [ours, peer] = unixPair();
    const received = ours.recv(16);
    await turnLoop();
    peer.trySend("x");
    await received;
  }

  /** Returns the most successes of a repeated call between two immediates. */
  function mostCallsPerTurn(times: number, call: () => Promise<unknown>): Promise<number> {
    return mostPerTurn(async (done) => {
      for (let each = 0; each < times; each++) {
        await call();
        done(1);
      }
    });
  }

  // A turn has its batch and the calls deferred from the previous turn: two budgets, and the share of each ready socket.
  const MOST_CALLS = 2 * (CALLS + 16);
  const MOST_BYTES = 2 * (BYTES + 128 * 1024);

  test.each([
    ["recv", (ours: Socket) => ours.recv(4)],
    ["recv_into", (ours: Socket) => ours.recv_into(Buffer.alloc(4))],
    ["recvfrom", (ours: Socket) => ours.recvfrom(4)],
    ["recvmsg", (ours: Socket) => ours.recvmsg(4)],
    ["recvmsg_into", (ours: Socket) => ours.recvmsg_into([Buffer.alloc(4)])],
  ])("128 calls of %s", async (_name, receive) => {
    const [ours, peer] = await tcpPair();
    fill(peer);
    const most = await mostCallsPerTurn(2_000, () => receive(ours));
    expect(most).toBeLessThanOrEqual(MOST_CALLS);
    expect(most).toBeGreaterThanOrEqual(CALLS);
  });

  test.each([
    ["send", (udp: Socket) => udp.send("x")],
    ["sendall", (udp: Socket) => udp.sendall("x")],
    ["sendto", (udp: Socket) => udp.sendto("x", udp.getsockname())],
    ["sendmsg", (udp: Socket) => udp.sendmsg(["x"])],
  ])("128 calls of %s", async (_name, send) => {
    const udp = socket(AF_INET, SOCK_DGRAM) as unknown as Socket;
    onTestFinished(() => udp.close());
    udp.bind({ host: "127.0.0.1", port: 0 });
    await udp.connect(udp.getsockname());
    const most = await mostCallsPerTurn(2_000, () => send(udp));
    expect(most).toBeLessThanOrEqual(MOST_CALLS);
    expect(most).toBeGreaterThanOrEqual(CALLS);
  });

  test("128 calls of accept", async () => {
    const listener = listenOnLoopback();
    const clients = Array.from({ length: 600 }, () => socket());
    await Promise.all(clients.map((client) => client.connect(listener.getsockname())));
    await beginTurnOfOne();
    const peers: Socket[] = [];
    const most = await mostCallsPerTurn(600, async () => {
      const [peer] = await listener.accept();
      peers.push(peer);
    });
    for (const each of [...clients, ...peers]) each.close();
    expect(most).toBeLessThanOrEqual(MOST_CALLS);
    expect(most).toBeGreaterThanOrEqual(CALLS);
  });

  test("256 KiB", async () => {
    const [ours, peer] = await tcpPair();
    ours.setsockopt(SOL_SOCKET, SO_RCVBUF, 4 * 1024 * 1024);
    peer.setsockopt(SOL_SOCKET, SO_SNDBUF, 4 * 1024 * 1024);
    const size = 32 * 1024;
    const queued = fill(peer);
    expect(queued).toBeGreaterThan(3 * MOST_BYTES);
    const buffer = Buffer.alloc(size);
    const most = await mostPerTurn(async (done) => {
      for (let read = 0; read < queued; ) {
        const count = await ours.recv_into(buffer);
        read += count;
        done(count);
      }
    });
    expect(most).toBeLessThanOrEqual(MOST_BYTES);
    expect(most).toBeGreaterThanOrEqual(BYTES / 2);
  });

  test.each([
    ["drained", (connection: Connection) => connection.drained()],
    ["flushed", (connection: Connection) => connection.flushed()],
  ])("256 KiB of a connection that is written to whenever it is %s", async (_name, room) => {
    let accepted: (connection: Connection) => void = () => undefined;
    const ready = new Promise<Connection>((resolve) => {
      accepted = resolve;
    });
    const server = await serve("tcp://127.0.0.1:0", async (connection) => {
      accepted(connection);
      for await (const _ of connection);
    });
    onTestFinished(() => void server.close({ graceMs: 0 }));
    const peer = await connect(server.urls[0] ?? "");
    onTestFinished(() => peer.abort());
    const connection = await ready;
    const piece = Buffer.alloc(64 * 1024);
    const most = await mostPerTurn(async (done) => {
      for (let written = 0; written < 4 * MOST_BYTES; written += piece.length) {
        connection.write(piece);
        await room(connection);
        done(piece.length);
      }
    });
    expect(most).toBeLessThanOrEqual(MOST_BYTES);
    expect(most).toBeGreaterThanOrEqual(piece.length);
  });

  test("all sockets of the turn share it", async () => {
    const pairs = await Promise.all(Array.from({ length: 4 }, tcpPair));
    for (const [, peer] of pairs) fill(peer);
    const most = await mostPerTurn(async (done) => {
      const readers = pairs.map(async ([ours]) => {
        for (let each = 0; each < 1_000; each++) {
          await ours.recv(4);
          done(1);
        }
      });
      await Promise.all(readers);
    });
    expect(most).toBeLessThanOrEqual(MOST_CALLS);
    expect(most).toBeGreaterThanOrEqual(CALLS);
  });

  test("when it is spent, calls wait for the next turn and keep their order", async () => {
    const [ours, peer] = unixPair();
    await peer.sendall(Buffer.from(Array.from({ length: 1_000 }, (_, index) => index & 0xff)));
    const bytes = await Promise.all(Array.from({ length: 1_000 }, () => ours.recv(1)));
    expect(bytes.map(([byte]) => byte)).toEqual(Array.from({ length: 1_000 }, (_, index) => index & 0xff));
  });
});
