// A sequence of operations on a pair, and the verdict on its results.
import { AF_UNIX, SO_SNDBUF, SOCK_DGRAM, SOL_SOCKET, socketpair } from "../../src/index.ts";
import { fakeKernel } from "../../src/testing/fake-kernel.ts";
import { End } from "./end.ts";
import type { Operation } from "./operation.ts";
import { fault } from "./reference.ts";

/** Small buffers, so that sends have to wait. */
const FAKE_BUFFER_BYTES = 256;
/** Real buffers are larger, so the messages are longer too. */
const MACHINE_BUFFER_BYTES = 4_608;
const MACHINE_SCALE = 20;
/** A call that has not ended by then never will. */
const HANGS_AFTER_MS = 10_000;

/** Runs on the fake kernel with the random faults of a seed; returns what is wrong, or undefined. */
export async function trialInStorm(
  type: number,
  seed: number,
  operations: readonly Operation[],
): Promise<string | undefined> {
  using kernel = fakeKernel({ bufferBytes: FAKE_BUFFER_BYTES });
  const noBuffersProbability = seed % 4 === 0 ? 0.05 : 0;
  kernel.randomFaults({ seed, noBuffersProbability });
  const wrong = await trial(type, operations, 1, noBuffersProbability > 0);
  if (wrong === undefined && kernel.openSockets > 0) return "a socket is left";
  return wrong;
}

/** Runs on real sockets. */
export function trialOnMachine(type: number, operations: readonly Operation[]): Promise<string | undefined> {
  return trial(type, operations, MACHINE_SCALE, false);
}

async function trial(
  type: number,
  operations: readonly Operation[],
  scale: number,
  mayLackBuffers: boolean,
): Promise<string | undefined> {
  const sockets = socketpair(AF_UNIX, type);
  const [left, right] = [new End(sockets[0], scale), new End(sockets[1], scale)];
  const ends = [left, right] as const;
  for (const { socket } of ends) socket.setsockopt(SOL_SOCKET, SO_SNDBUF, MACHINE_BUFFER_BYTES);
  for (const operation of operations) {
    ends[operation.side].do(operation);
    if (operation.kind !== "turns") continue;
    await turns(1 + (operation.size >> 5));
    for (const end of ends) end.fireAborts();
  }
  const wrong = (await inTime(finish(ends))) ? undefined : "hangs";
  for (const end of ends) end.close();
  await inTime(Promise.all(ends.map((end) => end.settled())));
  return wrong ?? fault(left, right, mayLackBuffers) ?? fault(right, left, mayLackBuffers);
}

/** Waits until all sent data has arrived. */
async function finish(ends: readonly [End, End]): Promise<void> {
  for (const end of ends) end.fireAborts();
  const open = ends.filter((end) => !end.isClosed);
  const drains = open.map((end) => end.drain());
  await Promise.all(ends.map((end) => end.sent()));
  const [left, right] = ends;
  if (left.socket.type === SOCK_DGRAM) {
    // Datagrams have no end: it waits for as many as were sent.
    while (lacking(left, right) + lacking(right, left) > 0) await turns(1);
    return;
  }
  for (const end of open) end.shutdown();
  await Promise.all(drains);
}

function lacking(from: End, to: End): number {
  if (to.isClosed || to.isRefused) return 0;
  const sent = from.sends.filter(({ result }) => typeof result === "number").length;
  return sent - to.receives.filter(({ kind, result }) => kind !== "peek" && result instanceof Buffer).length;
}

async function inTime(promise: Promise<unknown>): Promise<boolean> {
  const state = { isDone: false };
  const done = promise.then(() => {
    state.isDone = true;
  });
  for (const end = performance.now() + HANGS_AFTER_MS; performance.now() < end; await turns(1)) {
    if (state.isDone) return done.then(() => true);
  }
  return false;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}
