import { channel } from "node:diagnostics_channel";
import { readdirSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Socket, socketpair } from "../../../src/index.ts";
import { startChild } from "../../support/child.ts";
import { tcpPair, unixPair } from "../../support/sockets.ts";
import { allowWarning } from "../../support/warning-guard.ts";
import { turnLoop } from "./turns.ts";

function eventPolls(): number {
  const targets = readdirSync("/proc/self/fd").map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      // The descriptor that listed the folder is closed by now.
      return "";
    }
  });
  return targets.filter((target) => target === "anon_inode:[eventpoll]").length;
}

// This must be the first test of the file: the poller has not started yet.
test("one private epoll descriptor per environment, however many sockets wait", async () => {
  const before = eventPolls();
  const pairs = Array.from({ length: 100 }, unixPair);
  expect(eventPolls()).toBe(before);
  const received = pairs.map(([ours]) => ours.recv(16));
  expect(eventPolls()).toBe(before + 1);
  for (const [, peer] of pairs) peer.trySend("x");
  await Promise.all(received);
  const [ours, peer] = await tcpPair();
  await ours.sendall("x");
  await peer.recv(16);
  expect(eventPolls()).toBe(before + 1);
});

describe("the table holds the waiter, and the Socket only while it waits", () => {
  /** Collects unreachable objects, and lets the finalizers run. */
  async function collect(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      globalThis.gc?.();
      await turnLoop(2);
    }
  }

  function lostDescriptors(): unknown[] {
    const lost: unknown[] = [];
    const note = (message: unknown): unknown => lost.push(message);
    channel("sockwright:socket:lost").subscribe(note);
    onTestFinished(() => {
      channel("sockwright:socket:lost").unsubscribe(note);
    });
    return lost;
  }

  async function openPeer(use: (ours: Socket) => Promise<void>): Promise<{ peer: Socket; descriptor: number }> {
    const [ours, peer] = socketpair();
    onTestFinished(() => peer.close());
    await use(ours);
    return { peer, descriptor: ours.fileno() };
  }

  test("a waiting socket is not collected, even if nothing else references it", async () => {
    const lost = lostDescriptors();
    const received: string[] = [];
    const { peer } = await openPeer(async (ours) => {
      ours.recv(16).then((data) => {
        received.push(String(data));
        ours.close();
      }, String);
    });
    await collect();
    expect(lost).toEqual([]);
    await peer.sendall("still held");
    await turnLoop();
    expect(received).toEqual(["still held"]);
  });

  test("a socket that no longer waits is collected, reported as lost, and closed", async () => {
    allowWarning("ResourceWarning");
    const lost = lostDescriptors();
    const { peer, descriptor } = await openPeer(async (ours) => {
      const waiting = ours.recv(16);
      await turnLoop();
      ours.shutdown();
      await waiting;
    });
    await collect();
    expect(lost).toEqual([{ descriptor }]);
    expect(await peer.recv(16)).toHaveLength(0);
  });
});

test.each([
  ["a worker", [], 0, "worker 3\n"],
  ["the process", ["main"], 3, ""],
] as const)("a handler ends %s while more sockets of its turn are ready", async (_name, args, code, printed) => {
  const program = fileURLToPath(new URL("programs/exit-within.mjs", import.meta.url));
  const child = await startChild(process.execPath, [program, ...args]);
  expect(await child.exit()).toEqual({ code, signal: null });
  expect([child.stdout, child.stderr]).toEqual([printed, ""]);
});
