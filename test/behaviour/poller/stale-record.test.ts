import { describe, expect, test } from "vitest";
import { AF_UNIX, SOCK_STREAM, type Socket, socketpair } from "../../../src/index.ts";
import { generationOf, type Handle, slotOf } from "../../../src/native/kernel.ts";
import { kernel } from "../../../src/native/load.ts";
import { EPOLLIN, forget, leave, type Watcher, wait } from "../../../src/native/poller.ts";
import { often } from "../../support/soak.ts";
import { observeTurns, placeOf, turnLoop } from "./turns.ts";

const ROUNDS = often(2_000, 10_000);
const PAIRS = 4;
const BYTE = Buffer.from("x");

const turns = observeTurns();

interface Place {
  readonly slot: number;
  readonly generation: number;
}

function placed(handle: Handle): Place {
  return { slot: slotOf(handle), generation: generationOf(handle) };
}

function closeAll(places: readonly Place[]): void {
  for (const place of places) {
    forget(place.slot);
    kernel.close(place.slot, place.generation);
  }
}

function openPair(): [Place, Place] {
  const handles = new Float64Array(2);
  const result = kernel.socketpair(AF_UNIX, SOCK_STREAM, 0, handles);
  if (result !== 0) throw new Error(`socketpair: ${result}`);
  const [left = 0, right = 0] = handles;
  return [placed(left), placed(right)];
}

describe("64-bit tag = slot and generation; a stale record is skipped", () => {
  test("a callback closes the other sockets of its batch and opens new ones in their slots", async () => {
    let delivered = 0;
    let skipped = 0;
    let reusedSlots = 0;
    const misdelivered: Watcher[] = [];

    for (let round = 0; round < ROUNDS; round++) {
      const pairs = Array.from({ length: PAIRS }, openPair);
      const fresh: Place[] = [];
      await new Promise<void>((resolve) => {
        const onReady = (): void => {
          delivered++;
          skipped += PAIRS - 1;
          const closed = new Set(pairs.flat().map(({ slot }) => slot));
          closeAll(pairs.flat());
          for (let pair = 0; pair < PAIRS; pair++) {
            for (const place of openPair()) {
              if (closed.has(place.slot)) reusedSlots++;
              fresh.push(place);
              const watcher: Watcher = { ...place, onReady: () => misdelivered.push(watcher) };
              wait(watcher, EPOLLIN);
            }
          }
          resolve();
        };
        for (const [left, right] of pairs) {
          wait({ ...left, onReady }, EPOLLIN);
          kernel.send(right.slot, right.generation, BYTE, 0, 1, 0);
        }
      });
      closeAll(fresh);
    }

    expect(misdelivered).toEqual([]);
    expect(delivered).toBe(ROUNDS);
    expect(skipped).toBe(ROUNDS * (PAIRS - 1));
    expect(reusedSlots).toBe(ROUNDS * PAIRS * 2);
    // The records did exist: each round was one batch with all of them.
    expect(turns.filter((turn) => turn.length === PAIRS).length).toBeGreaterThan(ROUNDS * 0.9);
  });

  test("a handler closes the other sockets of its batch and opens new ones in their slots", async () => {
    let misdelivered = 0;
    let reusedSlots = 0;
    for (let round = 0; round < ROUNDS / 10; round++) {
      const pairs = Array.from({ length: PAIRS }, () => socketpair());
      const fresh: Socket[] = [];
      const session = async ([left]: [Socket, Socket]): Promise<void> => {
        await left.recv(16);
        if (fresh.length > 0) return;
        const closed = new Set(pairs.flat().map((each) => placeOf(each).slot));
        for (const each of pairs.flat()) each.close();
        for (let pair = 0; pair < PAIRS; pair++) fresh.push(...socketpair());
        reusedSlots += fresh.filter((each) => closed.has(placeOf(each).slot)).length;
        // readable() resolves by the event alone, so an event of another socket would end it.
        for (const each of fresh) {
          each.readable().then(
            () => misdelivered++,
            () => undefined,
          );
        }
      };
      const sessions = pairs.map(session);
      await Promise.all(pairs.map(([, right]) => right.sendall("x")));
      await Promise.allSettled(sessions);
      await turnLoop(2);
      for (const each of fresh) each.close();
    }
    expect(misdelivered).toBe(0);
    expect(reusedSlots).toBe((ROUNDS / 10) * PAIRS * 2);
  });

  test("a number kept after close finds nothing, even if another socket has the slot", () => {
    const [left, right] = openPair();
    closeAll([left, right]);
    const next = openPair();
    expect(next.map(({ slot }) => slot).sort()).toEqual([left, right].map(({ slot }) => slot).sort());
    expect(kernel.recv(left.slot, left.generation, Buffer.alloc(1), 0, 1, 0)).toBe(-9);
    expect(kernel.watch(left.slot, left.generation, EPOLLIN)).toBe(-9);
    expect(kernel.close(left.slot, left.generation)).toBe(-9);
    closeAll(next);
  });

  test("a record of a socket without a waiter is skipped, and the socket is unregistered", async () => {
    const [left, right] = openPair();
    let ready = 0;
    const watcher: Watcher = { ...left, onReady: () => ready++ };
    wait(watcher, EPOLLIN);
    leave(watcher);
    const before = turns.length;
    kernel.send(right.slot, right.generation, BYTE, 0, 1, 0);
    await turnLoop();
    expect(ready).toBe(0);
    expect(turns.slice(before).flat()).toHaveLength(1);
    closeAll([left, right]);
  });
});
