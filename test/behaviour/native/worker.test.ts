// Worker threads: each has its own table and poller, and leaves nothing open when it is terminated.
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, onTestFinished, test } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import { startChild } from "../../support/child.ts";
import { often } from "../../support/soak.ts";
import { until } from "../../support/until.ts";
import { open } from "./descriptors.ts";
import { openSockets } from "./programs/addon.mjs";

/** The number of socket pairs that worker.mjs opens. */
const PAIRS = 32;

function startWorker(does: string): Worker {
  const worker = new Worker(new URL("programs/worker.mjs", import.meta.url), { workerData: { does }, execArgv: [] });
  onTestFinished(async () => void (await worker.terminate()));
  return worker;
}

async function nextMessage(worker: Worker): Promise<Record<string, number>> {
  const [message]: Record<string, number>[] = await once(worker, "message");
  if (message === undefined) throw new Error("no message");
  return message;
}

test("a worker has its own table", async () => {
  const ours = open();
  const before = kernel.openDescriptors();
  const message = await nextMessage(startWorker("wait"));
  expect(message["open"]).toBe(2 * PAIRS);
  expect(kernel.openDescriptors()).toBe(before);
  expect(kernel.fileno(...ours)).toBeGreaterThanOrEqual(0);
});

test("several workers poll at the same time", async () => {
  const workers = Array.from({ length: 4 }, () => startWorker("wait"));
  const messages = await Promise.all(workers.map(nextMessage));
  expect(messages.map(({ open: count }) => count)).toEqual(workers.map(() => 2 * PAIRS));
  for (const { count } of messages) expect(count).toBeGreaterThan(0);
});

describe("a terminated worker leaves no descriptor open, and the addon in the main thread keeps working", () => {
  test.each([
    ["wait", often(5, 50)],
    ["batch", often(5, 50)],
    ["look up", often(5, 50)],
    ["linger", 2],
  ])("during: %s, %i times", async (does, rounds) => {
    const ours = open();
    const before = openSockets();
    for (let round = 0; round < rounds; round++) {
      const worker = startWorker(does);
      await nextMessage(worker);
      await worker.terminate();
      // A thread may still be closing a socket that lingers.
      await until(() => openSockets() === before, "the worker's sockets to be closed");
    }
    expect(kernel.fileno(...ours)).toBeGreaterThanOrEqual(0);
  });
});

describe("a worker that loaded the addon alone terminates cleanly", () => {
  test.each([
    ["wait", often(5, 50)],
    ["batch", often(5, 50)],
    ["look up", often(5, 50)],
    ["linger", 2],
  ])("during: %s, %i times", async (does, rounds) => {
    const program = fileURLToPath(new URL("programs/worker-alone.mjs", import.meta.url));
    const child = await startChild(process.execPath, [program, does, String(rounds)]);
    await child.line(/^0 sockets left$/);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
  });
});
