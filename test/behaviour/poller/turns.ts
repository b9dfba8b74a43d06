// The events that the poller reports, turn by turn, recorded where the addon passes them on.
import { vi } from "vitest";
import type { Socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";

/** One entry of a batch: the socket, and its EPOLL* bits. */
export interface ReadyRecord {
  readonly slot: number;
  readonly generation: number;
  readonly events: number;
}

/** All records of one call from the addon into JavaScript. */
export type Turn = readonly ReadyRecord[];

/**
 * Collects every turn from now on. Call it before the first wait of the test file, which starts the poller;
 * each test file is its own process.
 */
export function observeTurns(): Turn[] {
  const turns: Turn[] = [];
  const { start } = kernel;
  // Not a spy: vi.restoreAllMocks() in a test must not remove it.
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

/** Returns the socket's place in the addon's table. */
export function placeOf(socket: Pick<Socket, "fileno">): { readonly slot: number; readonly generation: number } {
  const fileno = vi.spyOn(kernel, "fileno");
  socket.fileno();
  const [slot = -1, generation = -1] = fileno.mock.lastCall ?? [];
  fileno.mockRestore();
  return { slot, generation };
}

/** Returns the records of one socket in some turns. */
export function recordsOf(turns: readonly Turn[], socket: Pick<Socket, "fileno">): ReadyRecord[] {
  const { slot, generation } = placeOf(socket);
  return turns.flat().filter((record) => record.slot === slot && record.generation === generation);
}

/** Runs `times` turns of the event loop. Loopback delivers at once, so all expected events have arrived then. */
export async function turnLoop(times = 20): Promise<void> {
  for (let turn = 0; turn < times; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
