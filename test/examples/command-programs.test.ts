// Remote commands: the server and the client of the examples, with the Python original as either side, and misbehaving
// clients. The commands of the list are scripts of the test, found through PATH.

import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { AF_UNIX, MSG_WAITALL, SHUT_WR, type Socket, socket } from "../../src/index.ts";
import type { Child } from "../support/child.ts";
import { temporaryFolder } from "../support/folders.ts";
import { fillUnread } from "../support/full.ts";
import { type Language, lines, pairs, startProgram } from "./tutorial.ts";

const ALLOWED = "date\ndate +%A %H:%M\nuname -a\ndf -h\n";
const MAX_OUTPUT_BYTES = 1_048_576;
const MAX_RUNNING = 8;

interface Server {
  readonly child: Child;
  readonly path: string;
  readonly folder: string;
}

async function startServer(context: TestContext, language: Language = "TypeScript", env = {}): Promise<Server> {
  const folder = temporaryFolder();
  return startIn(context, folder, language, env);
}

async function startIn(context: TestContext, folder: string, language: Language, env = {}): Promise<Server> {
  const path = join(folder, "door");
  const child = await startProgram(context, language, "command-server", [path], env);
  // A command has its own process group, and would outlive a server that is killed.
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await child.exit();
  });
  await child.line(/^Waiting on /);
  return { child, path, folder };
}

/** A server for which `date` is this shell script; FOLDER is the folder of the test. */
async function startWithScript(context: TestContext, script: string, env: NodeJS.ProcessEnv = {}): Promise<Server> {
  const folder = temporaryFolder();
  const code = `#!/bin/sh\n${script.replaceAll("FOLDER", folder)}\n`;
  writeFileSync(join(folder, "date"), code, { mode: 0o755 });
  return startIn(context, folder, "TypeScript", { PATH: `${folder}:${process.env["PATH"]}`, ...env });
}

/** Runs a command until it ends, and returns the output of the client. */
async function ask(context: TestContext, path: string, command = "date", language: Language = "TypeScript") {
  const client = await startProgram(context, language, "command-client", [command, path]);
  const { code, signal } = await client.exit();
  expect(signal).toBe(null);
  return { status: code, stdout: client.stdout, stderr: client.stderr };
}

/** A client whose bytes the test chooses. */
async function connectToCommands(path: string, line = ""): Promise<Socket> {
  const client = socket(AF_UNIX);
  onTestFinished(() => client.close());
  await client.connect({ path });
  await client.sendall(line);
  return client;
}

async function frame(from: Socket): Promise<[kind: number, data: string]> {
  const head = await from.recv(5, { flags: MSG_WAITALL });
  expect(head).toHaveLength(5);
  const length = head.readUInt32BE(1);
  return [head.readUInt8(), length === 0 ? "" : String(await from.recv(length, { flags: MSG_WAITALL }))];
}

/** Returns the next frame that is not empty. */
async function nextFrame(from: Socket): Promise<[kind: number, data: string]> {
  for (;;) {
    const [kind, data] = await frame(from);
    if (data !== "") return [kind, data];
  }
}

/** proc(5): a zombie has ended; its parent has not fetched the status. */
function isAlive(pid: number): boolean {
  expect(pid).toBeGreaterThan(1);
  const stat = join("/proc", String(pid), "stat");
  try {
    return !/\) [ZX] /.test(readFileSync(stat, "utf8"));
  } catch {
    return false;
  }
}

function expectGone(...pids: readonly number[]): Promise<void> {
  return expect.poll(() => pids.filter(isAlive), { interval: 5 }).toEqual([]);
}

/** Prints its own process id and that of a child; both keep running. */
const TWO_THAT_STAY = "sleep 600 & echo $$ $!; wait";

async function twoThatStay(client: Socket): Promise<[number, number]> {
  const [, text] = await nextFrame(client);
  const [leader = 0, other = 0] = text.trim().split(" ").map(Number);
  expect([isAlive(leader), isAlive(other)]).toEqual([true, true]);
  return [leader, other];
}

describe.each(pairs)("server in %s, client in %s", (serverLanguage, clientLanguage) => {
  test("a command of the list, and one that is not in it", async (context) => {
    const { child, path } = await startServer(context, serverLanguage);
    expect(await ask(context, path, "uname -a", clientLanguage)).toEqual({
      status: 0,
      stdout: execFileSync("uname", ["-a"], { encoding: "utf8" }),
      stderr: "",
    });
    expect(await ask(context, path, "rm -rf /", clientLanguage)).toEqual({ status: 126, stdout: "", stderr: ALLOWED });
    await child.line(/^rm/);
    expect(lines(child)).toEqual([
      `Waiting on ${path} for commands...`,
      "uname -a: exit status 0",
      "rm -rf /: exit status 126",
    ]);
    expect(child.stderr).toBe("");
  });
});

describe("the result of a command", () => {
  test("both outputs separately, byte for byte, and the exit status", async (context) => {
    const { path } = await startWithScript(context, "printf '\\000\\377\\n'; echo oh >&2; exit 7");
    const client = await connectToCommands(path, "date\n");
    const frames = [await nextFrame(client), await nextFrame(client), await nextFrame(client)];
    expect(frames).toContainEqual([1, "\0\ufffd\n"]);
    expect(frames).toContainEqual([2, "oh\n"]);
    expect(frames[2]).toEqual([0, "7"]);
    expect(await client.recv(1)).toHaveLength(0);
  });

  test("a signal that ended it, as a shell reports it", async (context) => {
    const { path } = await startWithScript(context, "kill -TERM $$");
    expect(await ask(context, path)).toMatchObject({ status: 128 + 15 });
  });

  test("a program that does not exist: 127", async (context) => {
    const { child, path } = await startServer(context, "TypeScript", { PATH: temporaryFolder() });
    expect(await ask(context, path)).toEqual({ status: 127, stdout: "", stderr: "" });
    await expect.poll(() => child.stderr).toBe("spawn date ENOENT\n");
  });

  test("an argument with a space stays one, and the server's environment is not visible", async (context) => {
    const script = 'echo "$# $1"; echo "[$SECRET]"';
    const { path } = await startWithScript(context, script, { SECRET: "secret" });
    expect(await ask(context, path, "date +%A %H:%M")).toEqual({
      status: 0,
      stdout: "1 +%A %H:%M\n[]\n",
      stderr: "",
    });
  });
});

describe("limits", () => {
  test("of time: 124, and no process of it is left", async (context) => {
    const { path } = await startWithScript(context, TWO_THAT_STAY, { COMMAND_TIMEOUT_MS: "2000" });
    const client = await connectToCommands(path, "date\n");
    const pids = await twoThatStay(client);
    expect(await nextFrame(client)).toEqual([0, "124"]);
    await expectGone(...pids);
  });

  test("of output: 125, and no more output than that", async (context) => {
    const { path } = await startWithScript(context, "exec yes");
    const { status, stdout } = await ask(context, path);
    expect(status).toBe(125);
    expect(stdout).toBe("y\n".repeat(MAX_OUTPUT_BYTES / 2));
  });

  test("of concurrent commands: 125, until one has ended", async (context) => {
    const { path } = await startWithScript(context, TWO_THAT_STAY);
    const clients: Socket[] = [];
    for (let n = 0; n < MAX_RUNNING; n++) {
      const client = await connectToCommands(path, "date\n");
      await twoThatStay(client);
      clients.push(client);
    }
    const refused = { status: 125, stdout: "", stderr: "too many commands at once\n" };
    expect(await ask(context, path)).toEqual(refused);
    expect(await ask(context, path, "uname -a")).toEqual(refused);
    clients[0]?.close();
    await expect.poll(async () => (await ask(context, path, "uname -a")).status).toBe(0);
  });

  test.for([4096, 5000, 1_000_000])("of a line: %i bytes without an end", async (bytes, context) => {
    const { child, path } = await startServer(context);
    const client = await connectToCommands(path);
    await client.sendall(Buffer.alloc(bytes + 1, "x")).catch(() => undefined);
    await expect.poll(() => child.stderr).toBe("a line is longer than 4096 bytes\n");
    expect(await ask(context, path, "uname -a")).toMatchObject({ status: 0 });
  });
});

describe("the command of a client that leaves is killed", () => {
  test("a client that closes", async (context) => {
    const { path } = await startWithScript(context, TWO_THAT_STAY);
    const client = await connectToCommands(path, "date\n");
    const pids = await twoThatStay(client);
    client.close();
    await expectGone(...pids);
    expect(await ask(context, path, "uname -a")).toMatchObject({ status: 0 });
  });

  test("a client that is killed", async (context) => {
    const { path } = await startWithScript(context, TWO_THAT_STAY);
    const client = await startProgram(context, "TypeScript", "command-client", ["date", path]);
    const [, leader, other] = await client.line(/^(\d+) (\d+)$/);
    client.kill("SIGKILL");
    await expectGone(Number(leader), Number(other));
  });

  test("but not of a client that has only ended its output", async (context) => {
    const { folder, path } = await startWithScript(context, "echo waits; read word < FOLDER/fifo; echo $word");
    execFileSync("mkfifo", [join(folder, "fifo")]);
    const client = await connectToCommands(path, "date\n");
    expect(await nextFrame(client)).toEqual([1, "waits\n"]);
    client.shutdown(SHUT_WR);
    // The server has noticed: only a client that has left does not accept the empty frame.
    expect(await frame(client)).toEqual([1, ""]);
    writeFileSync(join(folder, "fifo"), "goes on\n");
    expect(await nextFrame(client)).toEqual([1, "goes on\n"]);
    expect(await nextFrame(client)).toEqual([0, "0"]);
  });
});

describe("misbehaving clients lose only their own connections", () => {
  test("a client that stops reading: its command is killed", async (context) => {
    const { child, path } = await startWithScript(context, "echo $$; exec yes", { IDLE_TIMEOUT_MS: "1000" });
    const client = await connectToCommands(path, "date\n");
    const [, text] = await nextFrame(client);
    await expectGone(Number(/^\d+/.exec(text)?.[0]));
    await expect.poll(() => child.stderr).toMatch(/^send: [^\n]* time-out\n$/);
    expect(await ask(context, path, "uname -a")).toMatchObject({ status: 0 });
  });

  test("a silent client", async (context) => {
    const { child, path } = await startServer(context, "TypeScript", { IDLE_TIMEOUT_MS: "1000" });
    const silent = await connectToCommands(path);
    expect(await silent.recv(1)).toHaveLength(0);
    await expect.poll(() => child.stderr).toMatch(/^recv: [^\n]* time-out\n$/);
    expect(await ask(context, path, "uname -a")).toMatchObject({ status: 0 });
  });

  test("a client that floods while its command runs", async (context) => {
    const { child, path } = await startWithScript(context, "exec sleep 600");
    const client = await connectToCommands(path, "date\n");
    // The server accepts only what the kernel buffers hold.
    await fillUnread(client, child.pid, Buffer.alloc(65_535, "date\n"));
    expect(await ask(context, path, "uname -a")).toMatchObject({ status: 0 });
  });
});

const unlisted = [
  "",
  " date",
  "date ",
  "date;id",
  "date $(id)",
  "date\0",
  "/bin/date",
  "date -s 0",
  "constructor",
  "日期",
  "\x1b[2J",
];

test("only commands of the list run", async (context) => {
  const { child, folder, path } = await startWithScript(context, "touch FOLDER/ran");
  for (const line of unlisted) {
    const client = await connectToCommands(path, `${line}\n`);
    expect(await nextFrame(client), JSON.stringify(line)).toEqual([2, ALLOWED]);
    expect(await nextFrame(client)).toEqual([0, "126"]);
    expect(await client.recv(1)).toHaveLength(0);
    expect(existsSync(join(folder, "ran"))).toBe(false);
    await child.line(/: exit status 126$/);
  }
  expect(child.stdout).not.toMatch(/[^\P{Cc}\n]/u);
});

describe("the server", () => {
  test("rejects other clients while one is connected", async (context) => {
    const { path } = await startServer(context);
    expect(lstatSync(path).mode & 0o077).toBe(0);
  });

  test.for(["SIGINT", "SIGTERM"] as const)(
    "ends at %s together with its commands, and frees its path",
    async (signal, context) => {
      const { child, path } = await startWithScript(context, TWO_THAT_STAY);
      const client = await connectToCommands(path, "date\n");
      const pids = await twoThatStay(client);
      child.kill(signal);
      expect(await child.exit()).toEqual({ code: 0, signal: null });
      await expectGone(...pids);
      expect([existsSync(path), child.stderr]).toEqual([false, ""]);
    },
  );

  test("a path in use: one line, exit code 1", async (context) => {
    const { path } = await startServer(context);
    const second = await startProgram(context, "TypeScript", "command-server", [path]);
    expect(await second.exit()).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(/^bind EADDRINUSE: [^\n]*\n$/);
    expect(await ask(context, path, "uname -a")).toMatchObject({ status: 0 });
  });
});

describe("the client", () => {
  test("without a server: one line, exit code 1", async (context) => {
    const answer = await ask(context, join(temporaryFolder(), "door"));
    expect(answer).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(/^connect ENOENT [^\n]*\n$/) });
  });

  test.for([
    ["an answer that ends early", "\x01\0\0\0\x05ab"],
    ["a frame that is longer than any", "\x01\xff\xff\xff\xff"],
    ["no answer", ""],
  ] as const)("%s: one line, exit code 1", async ([, bytes], context) => {
    const path = join(temporaryFolder(), "door");
    await using server = socket(AF_UNIX);
    server.bind({ path });
    server.listen();
    const asked = ask(context, path);
    const [peer] = await server.accept();
    await peer.recv(1024);
    await peer.sendall(Buffer.from(bytes, "latin1"));
    peer.close();
    expect(await asked).toEqual({ status: 1, stdout: "", stderr: "the server did not answer to the end\n" });
  });
});

test.for([
  ["command-server", ["a", "b"], "[PATH]"],
  ["command-server", [""], "[PATH]"],
  ["command-client", [], '"COMMAND" [PATH]'],
  ["command-client", [""], '"COMMAND" [PATH]'],
  ["command-client", ["date", "a", "b"], '"COMMAND" [PATH]'],
] as const)("wrong usage is one line and exit code 2: %s %j", async ([name, args, form], context) => {
  const child = await startProgram(context, "TypeScript", name, args);
  expect(await child.exit()).toEqual({ code: 2, signal: null });
  expect([child.stdout, child.stderr]).toEqual(["", `Usage: node dist/examples/${name}.js ${form}\n`]);
});
