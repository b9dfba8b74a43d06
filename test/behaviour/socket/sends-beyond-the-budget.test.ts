// One budget per turn covers all calls that succeed at once. It can delay a send, but must not lose one.
import { closeSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SHUT_WR, SO_SNDBUF, SOL_SOCKET, type Socket } from "../../../src/index.ts";
import { allBytes, unixPair } from "../../support/sockets.ts";

const KIB = 1024;

const finishes: readonly [name: string, finish: (socket: Socket) => void][] = [
  ["close", (socket) => socket.close()],
  ["shutdown", (socket) => socket.shutdown(SHUT_WR)],
  ["detach", (socket) => closeSync(socket.detach())],
];

/** Makes calls on another socket that use up the budget of the turn. */
function spendTheTurn(): Promise<unknown> {
  const [left, right] = unixPair();
  const calls = 1_000;
  left.trySend(Buffer.alloc(calls));
  return Promise.all(Array.from({ length: calls }, () => right.recv(1)));
}

describe.for(finishes)("%s right after unawaited sends loses nothing", ([, finish]) => {
  test("if other sockets have used up the turn", async () => {
    const [left, right] = unixPair();
    const lines = Array.from({ length: 10 }, (_, number) => `${number}\n`);
    const spent = spendTheTurn();
    const sent = Promise.all(lines.map((line) => left.sendall(line)));
    finish(left);
    expect(String(await allBytes(right))).toBe(lines.join(""));
    await Promise.all([spent, sent]);
  });

  test("if the sends exceed the budget of the turn, and the kernel has room for them", async () => {
    const [left, right] = unixPair();
    left.setsockopt(SOL_SOCKET, SO_SNDBUF, 1024 * KIB);
    const parts = Array.from({ length: 28 }, (_, number) => Buffer.alloc(10 * KIB, number));
    const sent = Promise.all(parts.map((part) => left.sendall(part)));
    finish(left);
    expect((await allBytes(right)).equals(Buffer.concat(parts))).toBe(true);
    await sent;
  });
});
