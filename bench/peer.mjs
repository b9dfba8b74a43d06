// @ts-check
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { binaryPath, compileC } from "./compile.mjs";

const execute = promisify(execFile);

/**
 * A server under measurement. `prepare` builds what has to be built and gives the command line, or says what it lacks.
 * `onlyCase` and `mode` are for a variant that makes sense in one case.
 * @typedef {{ command: string[], version?: string } | { missing: string }} Prepared
 * @typedef {{ name: string, title: string, prepare: () => Promise<Prepared>, onlyCase?: string, mode?: string }} Peer
 */

/** @type {readonly Peer[]} */
export const PEERS = [
  {
    name: "epoll",
    title: "C, level-triggered epoll (the limit)",
    prepare: async () => ({ command: [await compileC("peers/epoll.c")] }),
  },
  { name: "ready", title: "sockwright, `readable` / `tryRecv` / `trySend`", prepare: () => ours("ours/ready.mjs") },
  { name: "push", title: "sockwright/server, `onBytes` and `write`", prepare: () => ours("ours/push.mjs") },
  { name: "async", title: "sockwright, an async function per connection", prepare: () => ours("ours/async.mjs") },
  { name: "uvloop", title: "Python, asyncio `Protocol` on uvloop", prepare: uvloop },
  { name: "go", title: "Go `net`, a goroutine per connection", prepare: go },
  { name: "node-net", title: "`node:net`, `data` events", prepare: () => node("peers/node-net.mjs") },
  {
    name: "node-net-cork",
    title: "`node:net`, `cork()`: one `writev` for the sixteen",
    prepare: () => node("peers/node-net.mjs"),
    onlyCase: "pipeline",
    mode: "pipeline-cork",
  },
  {
    name: "node-net-async",
    title: "`node:net`, `for await` per connection",
    prepare: () => node("peers/node-net-async.mjs"),
  },
];

/** @param {string} file a path below bench/ */
async function node(file) {
  return { command: [process.execPath, fileURLToPath(new URL(file, import.meta.url))] };
}

/** @param {string} file a path below bench/ */
async function ours(file) {
  if (!existsSync(new URL("../dist/index.js", import.meta.url))) return { missing: "dist/ (npm run build)" };
  return node(file);
}

async function uvloop() {
  // Debian's interpreter: python3-uvloop belongs to it, and another python3 may come first in PATH.
  const python = "/usr/bin/python3";
  try {
    const { stdout } = await execute(python, ["-c", "import uvloop; print('uvloop', uvloop.__version__)"]);
    return {
      command: [python, fileURLToPath(new URL("peers/uvloop_echo.py", import.meta.url))],
      version: stdout.trim(),
    };
  } catch {
    return { missing: "uvloop (apt-get install python3-uvloop)" };
  }
}

async function go() {
  const version = await execute("go", ["env", "GOVERSION"]).catch(() => undefined);
  if (version === undefined) return { missing: "go (apt-get install golang-go)" };
  const binary = binaryPath("go-echo");
  await execute("go", ["build", "-o", binary, "."], { cwd: new URL("peers/go/", import.meta.url) });
  return { command: [binary], version: version.stdout.trim() };
}
