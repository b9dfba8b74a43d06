import { AsyncLocalStorage, executionAsyncId } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Socket, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { EPOLLIN, forget, wait } from "../../../src/native/poller.ts";
import { observeTurns, placeOf, turnLoop } from "../../behaviour/poller/turns.ts";
import { listenOnLoopback, unixPair } from "../../support/sockets.ts";

const EAGAIN = 11;
const turns = observeTurns();

// Before any other wait of this file: a careless poller would give this store to all callbacks.
const store = new AsyncLocalStorage<string>();
const opened = store.run("of whoever opened the first socket", openFirst);

function openFirst(): Promise<void> {
  const first = socket();
  return first.readable().then(() => first.close());
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("one napi_make_callback per portion of a turn", () => {
  test("a few ready sockets arrive in one batch, with one entry into JavaScript", async () => {
    await opened;
    const pairs = Array.from({ length: 8 }, unixPair);
    const received = pairs.map(([ours]) => ours.recv(16));
    await turnLoop();
    const before = turns.length;
    for (const [, peer] of pairs) peer.trySend("x");
    await Promise.all(received);
    expect(turns.slice(before).map((turn) => turn.length)).toEqual([8]);
  });

  test("many ready sockets arrive in portions of at most 32, each answered before the next one", async () => {
    await opened;
    const pairs = Array.from({ length: 200 }, unixPair);
    const order: string[] = [];
    let largest = 0;
    // The number of events requested per turn grows from turn to turn.
    for (let round = 0; round < 10; round++) {
      const received = pairs.map(async ([ours], index) => {
        await ours.recv(16);
        order.push(`${turns.length} ${index}`);
        await ours.sendall("answer");
      });
      await turnLoop();
      const before = turns.length;
      const sends = vi.spyOn(kernel, "send");
      for (const [, peer] of pairs) peer.trySend("x");
      sends.mockClear();
      await Promise.all(received);
      expect(sends).toHaveBeenCalledTimes(pairs.length);
      sends.mockRestore();
      const portions = turns.slice(before);
      expect(portions.flat()).toHaveLength(pairs.length);
      largest = Math.max(largest, ...portions.map((portion) => portion.length));
      // The sockets of a portion have been handled and have answered before the next portion.
      for (const [number, portion] of portions.entries()) {
        const handled = order.filter((entry) => entry.startsWith(`${before + number + 1} `));
        expect(handled).toHaveLength(portion.length);
      }
      order.length = 0;
      for (const [, peer] of pairs) peer.tryRecv(Buffer.alloc(16));
    }
    expect(largest).toBe(32);
  });

  test("sockets that a turn has no time for come first in the next turn, even if others are ready again", async () => {
    await opened;
    const pairs = Array.from({ length: 200 }, unixPair);
    const rounds = new Map<number, number>();
    for (let round = 0; round < 10; round++) {
      const received = pairs.map(([ours]) => ours.recv(16));
      await turnLoop();
      for (const [, peer] of pairs) peer.trySend("x");
      await Promise.all(received);
    }
    // Each socket is ready again at once and takes time; none gets a second turn before all have had one.
    let isOver = false;
    const loops = pairs.map(async ([ours, peer], index) => {
      for (let count = 1; !isOver; count++) {
        await ours.recv(16);
        rounds.set(index, count);
        peer.trySend("x");
        const least = rounds.size < pairs.length ? 0 : Math.min(...rounds.values());
        if (count - least > 2) throw new Error(`socket ${index} had its turn ${count} before one had it ${least + 1}`);
        if (least >= 3) isOver = true;
        const end = performance.now() + 0.2;
        while (performance.now() < end);
      }
    });
    await turnLoop();
    for (const [, peer] of pairs) peer.trySend("x");
    await Promise.all(loops);
    expect(rounds.size).toBe(pairs.length);
  });

  test("the microtasks of a batch run before the next batch", async () => {
    const [ours, peer] = unixPair();
    const [others, otherPeer] = unixPair();
    const session = async (mine: Socket): Promise<number> => {
      await mine.recv(16);
      for (let hop = 0; hop < 10; hop++) await Promise.resolve();
      return turns.length - before;
    };
    const sessions = [session(ours), session(others)];
    await turnLoop();
    const before = turns.length;
    peer.trySend("x");
    otherPeer.trySend("x");
    expect(await Promise.all(sessions)).toEqual([1, 1]);
  });
});

describe("in the root async context", () => {
  test("callbacks of the poller have no store, whatever store the first socket was opened with", async () => {
    await opened;
    const [ours, peer] = unixPair();
    const place = placeOf(ours);
    const seen = await store.run("of whoever waits", () => {
      return new Promise<unknown[]>((resolve) => {
        const onReady = (): void => resolve([store.getStore(), executionAsyncId()]);
        const watcher = { ...place, onReady };
        wait(watcher, EPOLLIN);
        peer.trySend("x");
        onTestFinished(() => forget(place.slot));
      });
    });
    expect(seen).toEqual([undefined, 0]);
  });

  test("a diagnostics subscriber has no store, either", async () => {
    await opened;
    const [ours, peer] = unixPair();
    const { slot } = placeOf(ours);
    const { recv } = kernel;
    // One receive at once, and sixteen after events.
    let nothing = 17;
    vi.spyOn(kernel, "recv").mockImplementation((...args) =>
      args[0] === slot && nothing-- > 0 ? -EAGAIN : recv(...args),
    );
    const spurious = channel("sockwright:socket:spurious");
    const seen: unknown[] = [];
    const note = (): unknown => seen.push(store.getStore());
    spurious.subscribe(note);
    const received = store.run("of whoever waits", () => ours.recv(16));
    peer.trySend("x");
    await received;
    spurious.unsubscribe(note);
    expect(seen).toEqual([undefined]);
  });

  test("a handler has the store of the caller of serve, and keeps its own store across waits", async () => {
    await opened;
    const seen: unknown[] = [];
    const serveIn = (name: string | undefined): Promise<void> => {
      const listener = listenOnLoopback();
      const session = async (peer: Socket): Promise<void> => {
        seen.push(store.getStore());
        await peer.recv(16);
        seen.push(store.getStore());
        await store.run("of the session", async () => {
          await peer.recv(16);
          seen.push(store.getStore());
        });
        listener.close();
      };
      const serving = name === undefined ? listener.serve(session) : store.run(name, () => listener.serve(session));
      const client = socket();
      onTestFinished(() => client.close());
      const talk = async (): Promise<void> => {
        await client.connect(listener.getsockname());
        await client.sendall("one");
        await turnLoop();
        await client.sendall("two");
      };
      return Promise.all([serving, talk()]).then(() => undefined);
    };
    await serveIn(undefined);
    await serveIn("of the server");
    expect(seen).toEqual([
      ...[undefined, undefined, "of the session"],
      ...["of the server", "of the server", "of the session"],
    ]);
  });
});

describe("the number of requested events (8 … 1 024) adapts to the measured time of the previous turn", () => {
  const SOCKETS = 300;

  /** Makes all sockets ready at once, in each round, and returns the batch sizes of each round. */
  async function batches(rounds: number, work: () => void): Promise<number[][]> {
    const pairs = Array.from({ length: SOCKETS }, unixPair);
    const sizes: number[][] = [];
    for (let round = 0; round < rounds; round++) {
      const received = pairs.map(async ([ours]) => {
        await ours.recv(16);
        work();
      });
      await turnLoop();
      const before = turns.length;
      for (const [, peer] of pairs) peer.trySend("x");
      await Promise.all(received);
      sizes.push(turns.slice(before).map((turn) => turn.length));
    }
    return sizes;
  }

  test("slow handlers, with their microtasks, get few events", async () => {
    const [, slow] = await batches(2, () => {
      const end = performance.now() + 1;
      while (performance.now() < end);
    });
    expect(slow).toHaveLength(Math.ceil(SOCKETS / 8));
    expect(Math.max(...(slow ?? []))).toBe(8);
  });

  test("fast handlers get more, at most 1 024, and every returned record is dispatched", async () => {
    const rounds = await batches(20, () => undefined);
    for (const sizes of rounds) expect(sizes.reduce((sum, size) => sum + size)).toBe(SOCKETS);
    const sizes = rounds.flat();
    // Twice the minimum: how much more fits into a turn depends on the machine.
    expect(Math.max(...sizes)).toBeGreaterThan(16);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(32);
  });
});
