// What the poller brings, turn by turn, seen where the addon hands it over.
import { vi } from "vitest";
import type { Socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";

/** One entry of a batch: which socket, and the EPOLL* bits that came. */
export interface ReadyRecord {
  readonly slot: number;
  readonly generation: number;
  readonly events: number;
}

/** All the records of one entry into JavaScript. */
export type Turn = readonly ReadyRecord[];

/**
 * Collects every turn from now on. It has to be called before the first wait of the test file, which starts the poller;
 * each test file is a process of its own.
 */
export function observeTurns(): Turn[] {
  const turns: Turn[] = [];
  const { start } = kernel;
  // No spy: what restores the mocks of a test must leave it.
  kernel.start = (dispatch, records) =>
    start((count) => {
      turns.push(
        Array.from({ length: count }, (_, index) => {
          const [slot = 0, generation = 0, events = 0] = records.subarray(index * 3, index * 3 + 3);
          return { slot, generation, events };
        }),
      );
      dispatch(count);
    }, records);
  return turns;
}

/** Where the addon's table keeps the socket. */
export function placeOf(socket: Pick<Socket, "fileno">): { readonly slot: number; readonly generation: number } {
  const fileno = vi.spyOn(kernel, "fileno");
  socket.fileno();
  const [slot = -1, generation = -1] = fileno.mock.lastCall ?? [];
  fileno.mockRestore();
  return { slot, generation };
}

/** The records of one socket among those of some turns. */
export function recordsOf(turns: readonly Turn[], socket: Pick<Socket, "fileno">): ReadyRecord[] {
  const { slot, generation } = placeOf(socket);
  return turns.flat().filter((record) => record.slot === slot && record.generation === generation);
}

/** Lets the event loop look at its descriptors so many times. Loopback delivers at once: what is to come has come then. */
export async function turnLoop(times = 20): Promise<void> {
  for (let turn = 0; turn < times; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
