import { expect, test } from "vitest";
import { type Socket, socketpair } from "../../../src/index.ts";
import { fill } from "../../support/full.ts";
import { unixPair } from "../../support/sockets.ts";
import { observeTurns, turnLoop } from "./turns.ts";

const turns = observeTurns();

const QUIET = 200;
/** A turn asks for at least this many events (native/poller.h, kMinEvents). */
const LEAST_EVENTS = 8;

test("a busy socket does not delay quiet ones: each is answered in the turn that reported its message", async () => {
  const [busy, flooder] = unixPair();
  let busyBytes = 0;
  let answers = 0;
  let isOver = false;
  const drain = async (): Promise<void> => {
    for await (const chunk of busy) busyBytes += chunk.length;
  };
  const echo = async (peer: Socket): Promise<void> => {
    await peer.sendall(await peer.recv(16));
    answers++;
  };
  const flood = async (): Promise<void> => {
    while (!isOver) {
      fill(flooder);
      await new Promise((resolve) => setImmediate(resolve));
    }
    flooder.close();
  };
  const pairs = Array.from({ length: QUIET }, () => socketpair());
  const over = Promise.all([drain(), flood(), ...pairs.map(([ours]) => echo(ours))]);
  await turnLoop();

  const before = turns.length;
  const bytesBefore = busyBytes;
  for (const [, peer] of pairs) peer.trySend("x");
  while (answers < QUIET) await turnLoop(1);
  const taken = turns.length - before;
  const busyBytesMeanwhile = busyBytes - bytesBefore;
  isOver = true;
  await over;
  for (const ends of pairs) for (const end of ends) end.close();

  expect(taken).toBeLessThanOrEqual(Math.ceil((QUIET + 1) / LEAST_EVENTS));
  expect(busyBytesMeanwhile).toBeGreaterThan(0);
});
