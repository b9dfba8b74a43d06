// @ts-check
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { binaryPath, compileC } from "./compile.mjs";

const execute = promisify(execFile);

/**
 * A server under measurement. `prepare` builds what has to be built and gives the command line for one of its tasks, echo
 * if none is named, or says what it lacks.
 * @typedef {import("./case.mjs").Task} Task
 * @typedef {{ command: string[], version?: string } | { missing: string }} Prepared
 * @typedef {{ name: string, title: string, tasks: readonly Task[], prepare: (task?: Task) => Promise<Prepared> }} Peer
 */

/** @type {readonly Task[]} */
const ECHOES = ["echo", "pipeline"];

/** @type {readonly Peer[]} */
export const PEERS = [
  {
    name: "epoll",
    title: "C, level-triggered epoll (the limit)",
    tasks: [...ECHOES, "lines", "broadcast"],
    prepare: (task) => c(task === "lines" || task === "broadcast" ? `peers/epoll-${task}.c` : "peers/epoll.c", task),
  },
  {
    name: "ready",
    title: "sockwright, `readable` / `tryRecv` / `trySend`",
    tasks: ECHOES,
    prepare: (task) => ours("ours/ready.mjs", task),
  },
  {
    name: "push",
    title: "sockwright/server, `onBytes` and `write`",
    tasks: [...ECHOES, "broadcast"],
    prepare: (task) => ours(task === "broadcast" ? "ours/broadcast.mjs" : "ours/push.mjs", task),
  },
  {
    name: "async",
    title: "sockwright, an async function per connection",
    tasks: ECHOES,
    prepare: (task) => ours("ours/async.mjs", task),
  },
  {
    name: "async-64k",
    title: "sockwright, the same with `recv(65536)`",
    tasks: ["echo"],
    prepare: () => ours("ours/async.mjs", "large-recv"),
  },
  {
    name: "serve-async",
    title: "sockwright/server, an async function per connection",
    tasks: ["echo"],
    prepare: () => ours("ours/serve-async.mjs"),
  },
  {
    name: "on-frame",
    title: "sockwright/server, `onFrame` of `frames(lines())`",
    tasks: ["lines"],
    prepare: () => ours("ours/on-frame.mjs"),
  },
  {
    name: "frames",
    title: "sockwright/server, `for await` over `frames(lines())`",
    tasks: ["lines"],
    prepare: () => ours("ours/frames.mjs"),
  },
  {
    name: "socketserver",
    title: "sockwright/socketserver, `ThreadingTCPServer`, an object and a task per connection",
    tasks: ["socketserver"],
    prepare: () => ours("ours/socketserver.mjs"),
  },
  {
    name: "python-socketserver",
    title: "Python, `socketserver.ThreadingTCPServer`, a thread per connection",
    tasks: ["socketserver"],
    prepare: async () => python("peers/socketserver_echo.py"),
  },
  {
    name: "http-stream",
    title: "sockwright/server, `node:http` over `connection.stream()`",
    tasks: ["http"],
    prepare: () => ours("ours/http-stream.mjs"),
  },
  {
    name: "node-http",
    title: "`node:http` over `node:net`",
    tasks: ["http"],
    prepare: () => node("peers/node-http.mjs"),
  },
  {
    name: "recvmmsg",
    title: "C, `recvmmsg` and `sendmmsg` (the limit)",
    tasks: ["datagrams"],
    prepare: () => c("peers/datagrams.c"),
  },
  {
    name: "datagram-service",
    title: "sockwright/server, `datagram` and `reply`",
    tasks: ["datagrams"],
    prepare: () => ours("ours/datagrams.mjs"),
  },
  {
    name: "node-dgram",
    title: "`node:dgram`, `message` events",
    tasks: ["datagrams"],
    prepare: () => node("peers/node-dgram.mjs"),
  },
  { name: "uvloop", title: "Python, asyncio `Protocol` on uvloop", tasks: ECHOES, prepare: uvloop },
  { name: "go", title: "Go `net`, a goroutine per connection", tasks: ECHOES, prepare: go },
  {
    name: "node-net",
    title: "`node:net`, `data` events",
    tasks: [...ECHOES, "lines", "broadcast"],
    prepare: (task) =>
      node(task === "lines" || task === "broadcast" ? `peers/node-net-${task}.mjs` : "peers/node-net.mjs", task),
  },
  {
    name: "node-net-cork",
    title: "`node:net`, `cork()`: one `writev` for the sixteen",
    tasks: ["pipeline"],
    prepare: () => node("peers/node-net.mjs", "pipeline-cork"),
  },
  {
    name: "node-net-async",
    title: "`node:net`, `for await` per connection",
    tasks: [...ECHOES, "lines"],
    prepare: (task) => node(task === "lines" ? "peers/node-net-readline.mjs" : "peers/node-net-async.mjs", task),
  },
];

/** How the name of a peer ends that is another checkout of ours. */
export const BEFORE = "-before";

/**
 * Ours once more, as they are in another checkout: which has its own bench/ and is built.
 * @param {string} checkout
 * @returns {readonly Peer[]}
 */
export function peersBefore(checkout) {
  const here = fileURLToPath(new URL("..", import.meta.url));
  return PEERS.filter(({ title }) => title.startsWith("sockwright")).map(({ name, title, tasks, prepare }) => ({
    name: `${name}${BEFORE}`,
    title: `${title}, before`,
    tasks,
    async prepare(task) {
      if (!existsSync(join(checkout, "dist/index.js"))) return { missing: `${checkout}/dist/ (npm run build)` };
      const prepared = await prepare(task);
      if ("missing" in prepared) return prepared;
      return { command: prepared.command.map((word) => word.replace(here, join(resolve(checkout), "/"))) };
    },
  }));
}

/**
 * @param {string} file a path below bench/
 * @param {string} [argument]
 */
async function c(file, argument = "echo") {
  return { command: [await compileC(file), argument] };
}

/**
 * @param {string} file a path below bench/
 * @param {string} [argument]
 */
async function node(file, argument = "echo") {
  return { command: [process.execPath, fileURLToPath(new URL(file, import.meta.url)), argument] };
}

/**
 * @param {string} file a path below bench/
 * @param {string} [argument]
 */
async function ours(file, argument) {
  if (!existsSync(new URL("../dist/index.js", import.meta.url))) return { missing: "dist/ (npm run build)" };
  return node(file, argument);
}

/** @param {string} file a path below bench/ */
async function python(file) {
  const { stdout } = await execute("/usr/bin/python3", ["--version"]);
  return { command: ["/usr/bin/python3", fileURLToPath(new URL(file, import.meta.url))], version: stdout.trim() };
}

/** @param {string} [task] */
async function uvloop(task = "echo") {
  // Debian's interpreter: python3-uvloop belongs to it, and another python3 may come first in PATH.
  const python = "/usr/bin/python3";
  try {
    const { stdout } = await execute(python, ["-c", "import uvloop; print('uvloop', uvloop.__version__)"]);
    return {
      command: [python, fileURLToPath(new URL("peers/uvloop_echo.py", import.meta.url)), task],
      version: stdout.trim(),
    };
  } catch {
    return { missing: "uvloop (apt-get install python3-uvloop)" };
  }
}

/** @param {string} [task] */
async function go(task = "echo") {
  const version = await execute("go", ["env", "GOVERSION"]).catch(() => undefined);
  if (version === undefined) return { missing: "go (apt-get install golang-go)" };
  const binary = binaryPath("go-echo");
  await execute("go", ["build", "-o", binary, "."], { cwd: new URL("peers/go/", import.meta.url) });
  return { command: [binary, task], version: version.stdout.trim() };
}
