// @ts-check
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const HOLD = fileURLToPath(new URL("hold.mjs", import.meta.url));

/** @typedef {import("./server-process.mjs").ServerProcess} ServerProcess */

/** @param {number} pid */
async function openDescriptors(pid) {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/**
 * A connection counts from the server's accept, which the client cannot see; the server's descriptors show it.
 * @param {ServerProcess} server
 * @param {number} count
 */
async function waitForDescriptors(server, count) {
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await openDescriptors(server.pid)) === count) return;
    await setTimeout(50);
  }
  throw new Error(`the server has ${await openDescriptors(server.pid)} descriptors instead of ${count} after 30 s`);
}

/**
 * Holds connections while `use` runs, then closes them.
 * @template T
 * @param {ServerProcess} server
 * @param {number} count
 * @param {boolean} exchange one echo on each connection before it goes idle
 * @param {() => Promise<T>} use
 */
export async function withConnections(server, count, exchange, use) {
  const before = await openDescriptors(server.pid);
  const args = [HOLD, String(server.port), String(count), ...(exchange ? ["exchange"] : [])];
  const client = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(client, "exit");
  try {
    const first = await Promise.race([once(client.stdout, "data"), ended]);
    if (String(first[0]) !== "held\n") throw new Error("the client could not open its connections");
    await waitForDescriptors(server, before + count);
    return await use();
  } finally {
    client.stdin.end();
    await ended;
    await waitForDescriptors(server, before);
  }
}
