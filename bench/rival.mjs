// @ts-check
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ANSWER_BYTES, FILE_BYTES, HEAD_BYTES } from "./case.mjs";
import { binaryPath, compileC } from "./compile.mjs";
import { writePattern } from "./pattern.mjs";

const execute = promisify(execFile);

/**
 * A server under measurement. `prepare` builds what has to be built and gives the command line for one of its tasks, echo
 * if none is named, or says what it lacks.
 * @typedef {import("./case.mjs").Task} Task
 * @typedef {{ command: string[], version?: string } | { missing: string }} Prepared
 * @typedef {{ name: string, title: string, tasks: readonly Task[], prepare: (task?: Task) => Promise<Prepared> }} Rival
 */

/** @type {readonly Task[]} */
const ECHOES = ["echo", "pipeline"];
/** @type {readonly Task[]} */
const BULK = ["bulk-64k", "bulk-1m"];

/**
 * The programs that do another task than an echo.
 * @type {ReadonlyMap<Task | undefined, string>}
 */
const C_PROGRAMS = new Map([
  ["lines", "rivals/epoll-lines.c"],
  ["broadcast", "rivals/epoll-broadcast.c"],
  ["bulk-64k", "rivals/epoll-bulk.c"],
  ["bulk-1m", "rivals/epoll-bulk.c"],
  ["file", "rivals/epoll-file.c"],
  ["file-path", "rivals/epoll-file.c"],
]);
/** @type {ReadonlyMap<Task | undefined, string>} */
const NODE_NET_PROGRAMS = new Map([
  ["lines", "rivals/node-net-lines.mjs"],
  ["broadcast", "rivals/node-net-broadcast.mjs"],
  ["file-path", "rivals/node-net-file.mjs"],
]);

/** @type {readonly Rival[]} */
export const RIVALS = [
  {
    name: "epoll",
    title: "C, level-triggered epoll (the limit)",
    tasks: [...ECHOES, "lines", "broadcast", ...BULK, "file", "file-path"],
    prepare: async (task) => c(C_PROGRAMS.get(task) ?? "rivals/epoll.c", ...(await told(task))),
  },
  {
    name: "ready",
    title: "sockwright, `readable` / `tryRecv` / `trySend`",
    tasks: ECHOES,
    prepare: async (task) => ours("ours/ready.mjs", ...(await told(task))),
  },
  {
    name: "push",
    title: "sockwright/server, `onBytes` and `write`",
    tasks: [...ECHOES, "broadcast", ...BULK],
    prepare: async (task) => ours(task === "broadcast" ? "ours/broadcast.mjs" : "ours/push.mjs", ...(await told(task))),
  },
  {
    name: "lent",
    title: "sockwright/server, `onBytes` and `writeLent`",
    tasks: BULK,
    prepare: async (task) => ours("ours/push.mjs", ...(await told(task, "bulk-lent"))),
  },
  {
    name: "send-file",
    title: "sockwright/server, `onBytes` and `sendFile`",
    tasks: ["file", "file-path"],
    prepare: async (task) => ours("ours/send-file.mjs", ...(await told(task))),
  },
  {
    name: "async",
    title: "sockwright, an async function per connection",
    tasks: [...ECHOES, ...BULK],
    prepare: async (task) => ours("ours/async.mjs", ...(await told(task))),
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
    prepare: async () => python("rivals/socketserver_echo.py"),
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
    prepare: () => node("rivals/node-http.mjs"),
  },
  {
    name: "recvmmsg",
    title: "C, `recvmmsg` and `sendmmsg` (the limit)",
    tasks: ["datagrams"],
    prepare: () => c("rivals/datagrams.c"),
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
    prepare: () => node("rivals/node-dgram.mjs"),
  },
  { name: "uvloop", title: "Python, asyncio `Protocol` on uvloop", tasks: [...ECHOES, ...BULK], prepare: uvloop },
  { name: "go", title: "Go `net`, a goroutine per connection", tasks: [...ECHOES, ...BULK], prepare: go },
  {
    name: "node-net",
    title: "`node:net`, `data` events",
    tasks: [...ECHOES, "lines", "broadcast", ...BULK, "file-path"],
    prepare: async (task) => node(NODE_NET_PROGRAMS.get(task) ?? "rivals/node-net.mjs", ...(await told(task))),
  },
  {
    name: "node-net-cork",
    title: "`node:net`, `cork()`: one `writev` for the sixteen",
    tasks: ["pipeline"],
    prepare: () => node("rivals/node-net.mjs", "pipeline-cork"),
  },
  {
    name: "node-net-async",
    title: "`node:net`, `for await` per connection",
    tasks: [...ECHOES, "lines"],
    prepare: async (task) =>
      node(task === "lines" ? "rivals/node-net-readline.mjs" : "rivals/node-net-async.mjs", ...(await told(task))),
  },
];

/** How the name of a rival ends that is another checkout of ours. */
export const BEFORE = "-before";

/**
 * What a server is told of its task: by its name, in brief, and what belongs to it.
 * @param {Task} [task]
 * @param {string} [bulk] the name of the tasks that answer with much
 */
async function told(task = "echo", bulk = "bulk") {
  if (BULK.includes(task)) return [bulk, String(ANSWER_BYTES.get(task))];
  if (task !== "file" && task !== "file-path") return [task];
  const file = binaryPath("file");
  await writePattern(file, FILE_BYTES, HEAD_BYTES);
  return [task, file];
}

/**
 * Ours once more: the same programs on the library of another checkout, which is built.
 * @param {string} checkout
 * @returns {readonly Rival[]}
 */
export function rivalsBefore(checkout) {
  return RIVALS.filter(({ title }) => title.startsWith("sockwright")).map(({ name, title, tasks, prepare }) => ({
    name: `${name}${BEFORE}`,
    title: `${title}, before`,
    tasks,
    prepare: async (task) => before(checkout, await prepare(task)),
  }));
}

/**
 * A program of ours on the library of another checkout, which it finds from where it lies.
 * @param {string} checkout
 * @param {Prepared} prepared
 * @returns {Promise<Prepared>}
 */
export async function before(checkout, prepared) {
  if (!existsSync(join(checkout, "dist/index.js"))) return { missing: `${checkout}/dist/ (npm run build)` };
  if ("missing" in prepared) return prepared;
  const here = fileURLToPath(new URL("ours/", import.meta.url));
  const there = join(resolve(checkout), "bench/build/ours/");
  await cp(here, there, { recursive: true });
  return { command: prepared.command.map((word) => word.replace(here, there)) };
}

/**
 * @param {string} file a path below bench/
 * @param {readonly string[]} args
 */
async function c(file, ...args) {
  return { command: [await compileC(file), ...args] };
}

/**
 * @param {string} file a path below bench/
 * @param {readonly string[]} args
 * @returns {Promise<Prepared>}
 */
export async function node(file, ...args) {
  return { command: [process.execPath, fileURLToPath(new URL(file, import.meta.url)), ...args] };
}

/**
 * @param {string} file a path below bench/
 * @param {readonly string[]} args
 * @returns {Promise<Prepared>}
 */
export async function ours(file, ...args) {
  if (!existsSync(new URL("../dist/index.js", import.meta.url))) return { missing: "dist/ (npm run build)" };
  return node(file, ...args);
}

/** @param {string} file a path below bench/ */
async function python(file) {
  const { stdout } = await execute("/usr/bin/python3", ["--version"]);
  return { command: ["/usr/bin/python3", fileURLToPath(new URL(file, import.meta.url))], version: stdout.trim() };
}

/** @param {Task} [task] */
async function uvloop(task) {
  // Debian's interpreter: python3-uvloop belongs to it, and another python3 may come first in PATH.
  const python = "/usr/bin/python3";
  try {
    const { stdout } = await execute(python, ["-c", "import uvloop; print('uvloop', uvloop.__version__)"]);
    return {
      command: [python, fileURLToPath(new URL("rivals/uvloop_echo.py", import.meta.url)), ...(await told(task))],
      version: stdout.trim(),
    };
  } catch {
    return { missing: "uvloop (apt-get install python3-uvloop)" };
  }
}

/** @param {Task} [task] */
async function go(task) {
  const version = await execute("go", ["env", "GOVERSION"]).catch(() => undefined);
  if (version === undefined) return { missing: "go (apt-get install golang-go)" };
  const binary = binaryPath("go-echo");
  await execute("go", ["build", "-o", binary, "."], { cwd: new URL("rivals/go/", import.meta.url) });
  return { command: [binary, ...(await told(task))], version: version.stdout.trim() };
}
