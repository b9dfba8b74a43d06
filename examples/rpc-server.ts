// Remote procedures, many calls at once: node dist/examples/rpc-server.js [HOST:PORT]
import { setTimeout as pause } from "node:timers/promises";
import type { Connection, Frames } from "sockwright/server";
import { run } from "./command.ts";
import { listenHere } from "./listen-here.ts";
import { type Answer, type Call, calls } from "./rpc.ts";

const MAX_CALLS = 100; // of one client at one time; what it sends beyond waits in the network

const methods = new Map<string, (...params: readonly unknown[]) => unknown>([
  ["add", (a, b) => Number(a) + Number(b)],
  ["echo", (value) => value],
  ["sleep", (ms) => pause(Math.min(Number(ms), 60_000), "awake")],
]);

async function answer({ id, method, params }: Call): Promise<Answer> {
  try {
    const run = methods.get(method) ?? (() => Promise.reject(new Error(`no method "${method}"`)));
    return { id, result: await run(...params) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Answers leave as they are ready: one that takes its time holds up no other. */
async function session(connection: Connection): Promise<void> {
  const frames: Frames<Call, Answer> = connection.frames(calls);
  const running = new Set<Promise<unknown>>();
  for await (const call of frames) {
    const done: Promise<unknown> = answer(call)
      .then((result) => connection.signal.aborted || frames.write(result))
      .finally(() => running.delete(done));
    running.add(done);
    while (running.size >= MAX_CALLS) await Promise.race(running);
    await connection.drained();
  }
  await Promise.all(running); // the peer has ended, and still listens
}

await run(() => listenHere(session));
