// The tutorials' servers written with socketserver: the Python original as either side, misbehaving clients, start and stop.

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { AF_INET, AF_UNIX, SHUT_WR, SOCK_DGRAM, SOCK_STREAM, type Socket, socket } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { temporaryFolder } from "../support/folders.ts";
import { sha256 } from "../support/sha256.ts";
import { connectTo } from "../support/sockets.ts";
import { commandOf, type Language, lines, pairs, ports, runClient, startProgram, startServer } from "./tutorial.ts";

const DONE = { code: 0, signal: null };
const ALLOWED = "date\ndate +%A %H:%M\nuname -a\ndf -h\n";

async function rest(client: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk);
  return String(Buffer.concat(chunks));
}

async function startCommands(context: TestContext, language: Language, path: string, env = {}): Promise<Child> {
  const child = await startProgram(context, language, "socketserver-command", [path], env);
  await child.line(/^Waiting on /);
  return child;
}

async function ask(context: TestContext, language: Language, path: string, command: string) {
  const client = await startProgram(context, language, "command-client", [command, path]);
  const { code } = await client.exit();
  return { status: code, stdout: client.stdout, stderr: client.stderr };
}

/** A server for uploads, with its own folder. */
async function startUploads(context: TestContext, language: Language) {
  const folder = temporaryFolder();
  const [program, ...words] = commandOf(context, language, "socketserver-upload");
  const child = await startChild(program, [...words, "127.0.0.1:0"], { cwd: folder });
  const listening = /^listening on tcp:\/\/(127\.0\.0\.1:(\d+))$/m;
  await expect.poll(() => child.stderr, { interval: 5 }).toMatch(listening);
  const [, address = "", port] = listening.exec(child.stderr) ?? [];
  return { child, folder, address, port: Number(port) };
}

async function upload(context: TestContext, language: Language, address: string, name: string, data: Buffer) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, name), data);
  const [program, ...words] = commandOf(context, language, "upload-client");
  const client = await startChild(program, [...words, name, address], { cwd: folder });
  const { code } = await client.exit();
  return { code, last: lines(client).at(-1), stderr: client.stderr };
}

describe.each(pairs)("server in %s, client in %s", (serverLanguage, clientLanguage) => {
  test("an echo, line by line", async (context) => {
    const { child: server, port } = await startServer(context, serverLanguage, "socketserver-echo");
    const client = await startProgram(context, clientLanguage, "chat-client", [`127.0.0.1:${port}`]);
    client.stdin.write("你好\nhow are you?\n");
    await client.line(/: how are you\?$/);
    client.stdin.end("bye\n");
    expect([await client.exit(), client.stderr]).toEqual([DONE, ""]);
    const echoed = ["你好", "how are you?", "bye"].map((line) => `127.0.0.1:PORT: ${line}`);
    expect(lines(client)).toEqual(["127.0.0.1:PORT is here.", ...echoed, "127.0.0.1:PORT has left."]);
    await server.line(/ 连接被关闭\.$/);
    expect(lines(server)).toEqual([
      "服务器正在等待客户的连接……",
      "欢迎新 127.0.0.1:PORT...",
      "来自于 127.0.0.1:PORT 连接被关闭.",
    ]);
    expect(ports(server)).toHaveLength(1);
  });

  test("datagrams", async (context) => {
    const { child, port } = await startServer(context, serverLanguage, "socketserver-udp");
    const answers = await runClient(context, clientLanguage, "udp-client", port);
    expect(answers).toEqual(["Received Hello, client1", "Received Hello, client2"]);
    const received = ["Received from 127.0.0.1:PORT", "Received from 127.0.0.1:PORT"];
    expect(lines(child)).toEqual([`Bind udp on ${port}...`, ...received]);
  });

  test("commands: one of the list, and one that is not in it", async (context) => {
    const path = join(temporaryFolder(), "door");
    const child = await startCommands(context, serverLanguage, path);
    expect(await ask(context, clientLanguage, path, "uname -a")).toEqual({
      status: 0,
      stdout: execFileSync("uname", ["-a"], { encoding: "utf8" }),
      stderr: "",
    });
    expect(await ask(context, clientLanguage, path, "rm -rf /")).toEqual({ status: 126, stdout: "", stderr: ALLOWED });
    await child.line(/^rm/);
    const ran = ["uname -a: exit status 0", "rm -rf /: exit status 126"];
    expect(lines(child)).toEqual([`Waiting on ${path} for commands...`, ...ran]);
    expect(child.stderr).toBe("");
  });

  test("uploads: a file, and another one over it", async (context) => {
    const server = await startUploads(context, serverLanguage);
    const last = randomBytes(300_000);
    for (const data of [randomBytes(100_000), last]) {
      const stored = `Stored a b.bin, SHA-256 ${sha256(data)}`;
      expect(await upload(context, clientLanguage, server.address, "a b.bin", data)).toEqual({
        code: 0,
        last: stored,
        stderr: "",
      });
      await server.child.line(/^Stored/);
    }
    const uploads = join(server.folder, "uploads");
    expect(readdirSync(uploads)).toEqual(["a b.bin"]);
    expect(sha256(readFileSync(join(uploads, "a b.bin")))).toBe(sha256(last));
    expect(lines(server.child).at(0)).toBe("Waiting for files, kept in uploads...");
    expect(lines(server.child).at(-1)).toBe(`Stored a b.bin, 300000 bytes, SHA-256 ${sha256(last)}`);
  });
});

describe("the echo server", () => {
  test("serves many clients at once, and each receives its own lines", async (context) => {
    const { port } = await startServer(context, "TypeScript", "socketserver-echo");
    const clients = await Promise.all(Array.from({ length: 50 }, () => connectTo(port, 20_000)));
    for (const [index, client] of clients.entries()) await client.sendall(`${index} says\n${index} goes`);
    for (const client of clients) client.shutdown(SHUT_WR);
    const heard = await Promise.all(clients.map(rest));
    expect(heard).toEqual(clients.map((_, index) => `${index} says\n${index} goes`));
  });

  test("survives clients that reset, and logs each on one line", async (context) => {
    const { child, port } = await startServer(context, "TypeScript", "socketserver-echo");
    for (let round = 0; round < 10; round++) {
      const rude = connect(port, "127.0.0.1");
      await once(rude, "connect");
      rude.write("half a line");
      rude.resetAndDestroy();
    }
    const polite = await connectTo(port, 20_000);
    await polite.sendall("still there?\n");
    expect(String(await polite.recv(1024))).toBe("still there?\n");
    expect(child.stderr).not.toMatch(/^ +at |undefined|\[object/m);
  });

  test("disconnects a silent client", async (context) => {
    const server = await startServer(context, "TypeScript", "socketserver-echo", { IDLE_TIMEOUT_MS: "500" });
    const silent = await connectTo(server.port, 20_000);
    expect(await rest(silent)).toBe("");
    await server.stderr(/^127\.0\.0\.1:\d+: recv: The call did not finish within/m);
    await server.child.line(/ 连接被关闭\.$/);
  });

  test("disconnects a client whose line has no end", async (context) => {
    const server = await startServer(context, "TypeScript", "socketserver-echo");
    const endless = await connectTo(server.port, 20_000);
    const flood = endless.sendall(Buffer.alloc(64 * 1024 * 1024, "x"));
    await expect(flood).rejects.toMatchObject({ code: expect.stringMatching(/^(?:ECONNRESET|EPIPE)$/) });
    await server.stderr(/^127\.0\.0\.1:\d+: .*line/m);
  });
});

test("the datagram server does not answer a datagram that is too long", async (context) => {
  const { port } = await startServer(context, "TypeScript", "socketserver-udp");
  const client = socket(AF_INET, SOCK_DGRAM);
  onTestFinished(() => client.close());
  client.settimeout(20_000);
  await client.connect({ host: "127.0.0.1", port });
  for (const bytes of [1025, 9000, 1024]) await client.send(Buffer.alloc(bytes, "x"));
  expect(await client.recv(65_536)).toHaveLength("Hello, ".length + 1024);
});

describe("the command server", () => {
  test("takes over the path of a server that was killed, and no other path", async (context) => {
    const path = join(temporaryFolder(), "door");
    const first = await startCommands(context, "TypeScript", path);
    const second = await startProgram(context, "TypeScript", "socketserver-command", [path]);
    expect(await second.exit()).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(/^bind EADDRINUSE[^\n]*: the path is taken; give another path\n$/);
    first.kill("SIGKILL");
    await first.exit();
    const third = await startCommands(context, "TypeScript", path);
    expect((await ask(context, "TypeScript", path, "uname -a")).status).toBe(0);
    third.kill("SIGINT");
    expect(await third.exit()).toEqual(DONE);
    expect(existsSync(path)).toBe(false);
  });

  test("does not treat an endless line as a command", async (context) => {
    const path = join(temporaryFolder(), "door");
    await startCommands(context, "TypeScript", path);
    const client = socket(AF_UNIX);
    onTestFinished(() => client.close());
    await client.connect({ path });
    await client.sendall(`date${" ".repeat(5_000)}`);
    // When the server closes, unread bytes cause a reset, perhaps before the answer arrives.
    expect(await rest(client).catch(() => ALLOWED)).toContain(ALLOWED);
  });

  test("kills its commands when it ends", async (context) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "date"), `#!/bin/sh\necho $$ > ${folder}/pid\nexec sleep 600\n`, { mode: 0o755 });
    const path = join(folder, "door");
    const child = await startCommands(context, "TypeScript", path, { PATH: `${folder}:${process.env["PATH"]}` });
    const client = socket(AF_UNIX);
    onTestFinished(() => client.close());
    await client.connect({ path });
    await client.sendall("date\n");
    const pid = (): string => (existsSync(join(folder, "pid")) ? readFileSync(join(folder, "pid"), "utf8").trim() : "");
    await expect.poll(pid, { interval: 5 }).not.toBe("");
    child.kill("SIGTERM");
    expect(await child.exit()).toEqual(DONE);
    const isAlive = (): boolean => {
      try {
        return !/\) [ZX] /.test(readFileSync(`/proc/${pid()}/stat`, "utf8"));
      } catch {
        return false;
      }
    };
    await expect.poll(isAlive, { interval: 5 }).toBe(false);
  });
});

describe("the upload server", () => {
  test.for(["../escaped", ".hidden", "a/b", "/etc/passwd"])("refuses the name %s", async (name, context) => {
    const server = await startUploads(context, "TypeScript");
    const client = await connectTo(server.port, 20_000);
    await client.sendall(`post|${name}|1\nx`);
    expect(await rest(client)).toMatch(/^error\|not post\|NAME\|SIZE/);
    expect(readdirSync(server.folder)).toEqual(["uploads"]);
    expect(readdirSync(join(server.folder, "uploads"))).toEqual([]);
  });

  test("resumes an upload that was interrupted", async (context) => {
    const server = await startUploads(context, "TypeScript");
    const data = randomBytes(200_000);
    const first = await connectTo(server.port, 20_000);
    await first.sendall(`post|file|${data.length}\n`);
    await first.sendall(data.subarray(0, 50_000));
    first.shutdown(SHUT_WR);
    expect(await rest(first)).toBe("error|only 50000 of 200000 bytes came\n");
    const again = await connectTo(server.port, 20_000);
    await again.sendall(`resume|file|${data.length}|${sha256(data)}\n`);
    expect(String(await again.recv(1024))).toBe("have|50000\n");
    await again.sendall(data.subarray(50_000));
    expect(await rest(again)).toBe(`done|${sha256(data)}\n`);
    expect(sha256(readFileSync(join(server.folder, "uploads", "file")))).toBe(sha256(data));
  });
});

const byPort = ["socketserver-echo", "socketserver-udp", "socketserver-upload"];

describe.each(byPort)("%s", (name) => {
  async function start(context: TestContext, argument: string, folder = temporaryFolder()): Promise<Child> {
    const [program, ...words] = commandOf(context, "TypeScript", name);
    return startChild(program, [...words, argument], { cwd: folder });
  }

  test.for(["8000", "127.0.0.1:65536"])("says what is wrong with the argument %j", async (argument, context) => {
    const child = await start(context, argument);
    expect([await child.exit(), child.stdout]).toEqual([{ code: 2, signal: null }, ""]);
    expect(child.stderr).toMatch(/^"[^"]+"[^\n]* Usage: node [^\n]*\n$/);
  });

  test("reports on one line that its port is in use", async (context) => {
    const holder = socket(AF_INET, name === "socketserver-udp" ? SOCK_DGRAM : SOCK_STREAM);
    onTestFinished(() => holder.close());
    holder.bind({ host: "127.0.0.1", port: 0 });
    if (name !== "socketserver-udp") holder.listen();
    const child = await start(context, `127.0.0.1:${holder.getsockname().port}`);
    expect([await child.exit(), child.stdout]).toEqual([{ code: 1, signal: null }, ""]);
    expect(child.stderr).toMatch(/^bind EADDRINUSE[^\n]*; give another address\n$/);
  });

  test.for(["SIGINT", "SIGTERM"] as const)("ends with %s and exit code 0, beside a client", async (signal, context) => {
    const child = await start(context, "127.0.0.1:0");
    const listening = /^listening on \w+:\/\/127\.0\.0\.1:(\d+)\n$/;
    await expect.poll(() => child.stderr, { interval: 5 }).toMatch(listening);
    const staying =
      name === "socketserver-udp" ? undefined : await connectTo(Number(listening.exec(child.stderr)?.[1]), 20_000);
    child.kill(signal);
    expect(await child.exit()).toEqual(DONE);
    expect(child.stderr).toMatch(listening);
    staying?.close();
  });
});
