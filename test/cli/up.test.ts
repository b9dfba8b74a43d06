// `sockwright up` and `sockwright ctl` as an operator uses them: processes, files, signals and the admin socket.
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/server/connect.ts";
import type { Connection } from "../../src/server/connection/connection.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { freeFolder, program, start } from "./sockwright.ts";

const GREET = `
[[service]]
name = "greet"
kind = "greet"
listen = "tcp://127.0.0.1:0"
`;

interface Up {
  readonly child: Child;
  readonly folder: string;
  readonly file: string;
  readonly socket: string;
  readonly url: string;
}

interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function fileWith(text: string): { folder: string; file: string; socket: string } {
  const folder = freeFolder();
  const file = join(folder, "sockwright.toml");
  writeFileSync(file, text);
  return { folder, file, socket: join(folder, "sockwright.sock") };
}

async function up(text = GREET, ...args: readonly string[]): Promise<Up> {
  const given = fileWith(text);
  const child = await start("up", given.file, ...args);
  const [, url = ""] = await child.line(/listening on (\S+)/);
  await answering(given.socket);
  return { ...given, child, url };
}

/** The server has started: its admin socket answers only after that. */
async function answering(socket: string): Promise<void> {
  expect(await ctl("status", "--socket", socket)).toMatchObject({ code: 0, stderr: "" });
}

async function ctl(...args: readonly string[]): Promise<Output> {
  return ended(await start("ctl", ...args));
}

async function ended(child: Child): Promise<Output> {
  const { code } = await child.exit();
  return { code, stdout: child.stdout, stderr: child.stderr };
}

async function client(url: string): Promise<Connection> {
  const connection = await connect(url);
  onTestFinished(() => connection.abort());
  expect(String(await connection.readUntil("\n"))).toBe("Welcome!\n");
  return connection;
}

describe("up", () => {
  test("--check reports no mistake, or each mistake with its position", async () => {
    const { file } = fileWith(GREET);
    expect(await ended(await start("up", file, "--check"))).toEqual({
      code: 0,
      stdout: `${file}: no mistakes\n`,
      stderr: "",
    });
    writeFileSync(file, GREET.replace("greet", "gre et").replace("listen", "liste"));
    for (const args of [["--check"], []]) {
      const { code, stdout, stderr } = await ended(await start("up", file, ...args));
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr.trimEnd().split("\n").length).toBeGreaterThan(1);
      for (const line of stderr.trimEnd().split("\n")) expect(line).toMatch(/^\/\S+\/sockwright\.toml:\d+:\d+: \S/);
    }
  });

  test("a listener whose address is in use ends up: exit code 1, with the service and the URL", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    onTestFinished(() => void taken.close());
    const url = `tcp://127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const { file, socket } = fileWith(GREET.replace("tcp://127.0.0.1:0", url));
    const { code, stderr } = await ended(await start("up", file));
    expect(code).toBe(1);
    expect(stderr).toMatch(`sockwright: the service greet: ${url}: the address is taken`);
    expect(existsSync(socket)).toBe(false);
  });

  test.for(["SIGTERM", "SIGINT"] as const)("%s ends it with 0, also while connections are open", async (signal) => {
    const { child, url, socket } = await up(GREET, "--grace", "50ms");
    const connection = await client(url);
    child.kill(signal);
    expect(await connection.read()).toBeUndefined();
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
    expect(existsSync(socket)).toBe(false);
  });

  test("a second signal skips the grace period", async () => {
    const module = 'export default { name: "held", stream: (c) => (c.write("Welcome!\\n"), new Promise(() => {})) };';
    const text = '[[service]]\nname = "held"\nmodule = "./held.mjs"\nlisten = "tcp://127.0.0.1:0"\n';
    const { folder, file } = fileWith(`[server]\ngrace = "1h"\n${text}`);
    writeFileSync(join(folder, "held.mjs"), module);
    const child = await start("up", file);
    const [, url = ""] = await child.line(/listening on (\S+)/);
    await client(url);
    child.kill("SIGTERM");
    await child.line(/^stopping$/);
    child.kill("SIGTERM");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  test("SIGTERM ends up even while the import of a module never completes, at the start and at a reload", async () => {
    const hanging = 'console.log("importing");\nawait new Promise(() => setInterval(() => {}, 1_000));\n';
    const module = '[[service]]\nname = "hangs"\nmodule = "./hangs.mjs"\nlisten = "tcp://127.0.0.1:0"\n';
    const { folder, file } = fileWith(module);
    writeFileSync(join(folder, "hangs.mjs"), hanging);
    const starting = await start("up", file);
    await starting.line(/^importing$/);
    starting.kill("SIGTERM");
    expect(await ended(starting)).toMatchObject({ code: 0, stderr: "" });

    writeFileSync(file, GREET);
    const reloading = await start("up", file);
    await reloading.line(/listening on/);
    writeFileSync(file, `${GREET}${module}`);
    const asked = ctl("reload", "--file", file);
    await reloading.line(/^importing$/);
    reloading.kill("SIGTERM");
    expect(await reloading.exit()).toEqual({ code: 0, signal: null });
    expect(await asked).toMatchObject({ code: 2, stderr: expect.stringContaining("not waited for") });
  });

  test("SIGHUP reloads without a restart; a mistake changes nothing, and is one line", async () => {
    const { child, file, url } = await up();
    const open = await client(url);
    writeFileSync(file, `${GREET}greeting = "Good day!\\n"\n`);
    child.kill("SIGHUP");
    await child.line(/^reloaded \S+\/sockwright\.toml$/);
    const connection = await connect(url);
    onTestFinished(() => connection.abort());
    expect(String(await connection.readUntil("\n"))).toBe("Good day!\n");
    writeFileSync(file, "[[service]]\nname = 1\nkind = 2\n");
    child.kill("SIGHUP");
    await child.line(/sockwright\.toml was not reloaded, and nothing has changed: \S+:\d+:\d+: .* \(and \d+ more\)$/);
    open.write("Rose");
    expect(String(await open.read())).toBe("Hello, Rose!");
  });

  test("a second up with the same admin socket is refused, and the first one continues", async () => {
    const { file, url, socket } = await up();
    const { code, stderr } = await ended(await start("up", file));
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^sockwright: another  sockwright up  uses the admin socket ${socket}: `));
    await client(url);
  });

  test("up replaces an admin socket that a dead process has left", async () => {
    const { child, file, socket } = await up();
    child.kill("SIGKILL");
    await child.exit();
    expect(existsSync(socket)).toBe(true);
    expect(await ctl("status", "--file", file)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching("no process listens there"),
    });
    await start("up", file).then((again) => again.line(/listening on/));
    await answering(socket);
  });

  test("up changes user and group after all binds, and still answers ctl of root", async (context) => {
    if (process.getuid?.() !== 0) context.skip("only root becomes somebody else");
    const { child, socket, url, file } = await up(`[server]\nuser = "nobody"\n${GREET}`);
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    const uid = Number(/^nobody:[^:]*:(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"))?.[1]);
    expect(status).toMatch(new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, "m"));
    expect(status).not.toMatch(/^Groups:\t0/m);
    expect(statSync(socket)).toMatchObject({ uid, mode: expect.toSatisfy((mode: number) => (mode & 0o777) === 0o600) });
    await client(url);
    chmodSync(dirname(file), 0o755);
    writeFileSync(file, `[server]\nuser = "daemon"\n${GREET}`);
    const { code, stderr } = await ctl("reload", "--socket", socket);
    expect([code, stderr]).toEqual([2, expect.stringMatching("the user can only change with a restart")]);
  });

  test.for([
    ["what has no text", "Object.create(null)", "the thrown value is not an error and has no text"],
    ["an error whose message is a number", "Object.assign(new Error(), { message: 7 })", "7"],
  ])("a module that throws %s ends no other service", async ([, thrown = "", text = ""]) => {
    const service = '[[service]]\nname = "odd"\nmodule = "./odd.mjs"\nlisten = "tcp://127.0.0.1:0"\n';
    const status =
      '[[service]]\nname = "status"\nkind = "status"\nlisten = "http://127.0.0.1:0/"\nsample-interval = "100ms"\n';
    const { folder, file, socket } = fileWith(`${service}${status}`);
    writeFileSync(join(folder, "odd.mjs"), `throw ${thrown};`);
    const child = await start("up", file);
    await child.line(new RegExp(`^odd: failed: ${text}; tried again in 1s$`));
    const [, page = ""] = await child.line(/^status: listening on (\S+)$/);
    expect(await ctl("status", "--socket", socket)).toMatchObject({ code: 0, stdout: expect.stringContaining(text) });
    const events = await fetch(`${page}events`);
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    let told = "";
    while (!told.includes("event: sample")) told += (await reader?.read())?.value ?? "";
    await reader?.cancel();
    writeFileSync(
      join(folder, "odd.mjs"),
      `export default { name: "odd", async stream(c) { await c.read(); throw ${thrown}; } };`,
    );
    const [, url = ""] = await child.line(/^odd: listening on (\S+)$/);
    const connection = await connect(url);
    onTestFinished(() => connection.abort());
    connection.write("x");
    await child.line(new RegExp(`^odd: failed with \\S+: ${text}$`));
    child.kill("SIGTERM");
    expect(await ended(child)).toMatchObject({ code: 0, stderr: "" });
  });

  test("a module that cannot be loaded is shown as failed, and the other services run", async () => {
    const { file, socket } = fileWith(
      `${GREET}\n[[service]]\nname = "clock"\nmodule = "./clock.mjs"\nlisten = "tcp://127.0.0.1:0"\n`,
    );
    const child = await start("up", file, "--log", "json");
    const [line = ""] = await child.line(/^.*"failed".*$/);
    expect(JSON.parse(line)).toMatchObject({ event: "failed", service: "clock", code: "ENOENT", retryMs: 1_000 });
    const { stdout } = await ctl("status", "--socket", socket);
    expect(stdout).toMatch(/^clock {2,}failed {2,}/m);
    expect(stdout).toMatch(/^greet {2,}running {2,}.* {2,}tcp:\/\/127\.0\.0\.1:\d+$/m);
    expect(stdout).toMatch(/^clock: ENOENT/m);
  });
});

describe("ctl", () => {
  test("status and connections, as tables and as JSON", async () => {
    const { file, url } = await up();
    await client(url);
    const table = (await ctl("status", "--file", file)).stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(table.slice(0, 2)).toEqual([
      ["SERVICE", "STATE", "CONNECTIONS", "ACCEPTED", "REFUSED", "REQUESTS", "ADDRESS"],
      ["greet", "running", "1", "1", "0", "-", url],
    ]);
    const status = JSON.parse((await ctl("status", "--file", file, "--json")).stdout);
    expect(status).toMatchObject({ services: [{ name: "greet", state: "running", urls: [url] }], alarms: [] });
    const { total, connections } = JSON.parse((await ctl("connections", "--file", file, "--json")).stdout);
    expect([total, connections]).toMatchObject([1, [{ service: "greet", state: "open", bytesWritten: 9, url }]]);
    expect((await ctl("connections", "--file", file)).stdout).toMatch(
      /^\d+ {2,}greet {2,}open {2,}.*127\.0\.0\.1:\d+/m,
    );
  });

  test("kill closes a connection at once", async () => {
    const { file, url } = await up();
    const connection = await client(url);
    const { connections } = JSON.parse((await ctl("connections", "--file", file, "--json")).stdout);
    expect(await ctl("kill", String(connections[0].id), "--file", file)).toEqual({ code: 0, stdout: "", stderr: "" });
    await expect(connection.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    const again = await ctl("kill", String(connections[0].id), "--file", file);
    expect(again).toMatchObject({ code: 2, stderr: `sockwright: no connection ${connections[0].id} is open\n` });
  });

  test("reload returns after the new plan is in effect, or with the mistakes", async () => {
    const { file, url, socket } = await up();
    writeFileSync(file, `${GREET}greeting = "Good day!\\n"\n`);
    expect(await ctl("reload", "--socket", socket)).toEqual({ code: 0, stdout: "", stderr: "" });
    const connection = await connect(url);
    onTestFinished(() => connection.abort());
    expect(String(await connection.readUntil("\n"))).toBe("Good day!\n");
    writeFileSync(file, "[[service]]\nname = 1\nkind = 2\n");
    const { code, stdout, stderr } = await ctl("reload", "--socket", socket);
    expect([code, stdout]).toEqual([2, ""]);
    for (const line of stderr.trimEnd().split("\n")) expect(line).toMatch(/sockwright\.toml:\d+:\d+: \S/);
    expect((await ctl("status", "--socket", socket)).stdout).toContain(url);
  });

  test("drain stops accepting connections, and stop ends up", async () => {
    const { child, file, url, socket } = await up();
    expect(await ctl("drain", "nobody", "--file", file)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching("there are greet"),
    });
    expect(await ctl("drain", "greet", "--file", file)).toEqual({ code: 0, stdout: "", stderr: "" });
    await expect(connect(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect((await ctl("status", "--file", file)).stdout).toMatch(/^greet {2,}draining/m);
    expect(await ctl("stop", "--file", file)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(existsSync(socket)).toBe(false);
  });

  test("a path without an admin socket, and a socket that is not an admin socket", async () => {
    const socket = join(freeFolder(), "none.sock");
    const { code, stderr } = await ctl("status", "--socket", socket);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^sockwright: ${socket}: there is no admin socket: start  sockwright up  first`));
    expect(await ctl("statu", "--socket", socket)).toMatchObject({ code: 2 });
    expect(await ctl("kill", "--socket", socket)).toMatchObject({ code: 2 });
    const other = createServer((peer) => peer.resume().end("hello\n")).listen(socket);
    await once(other, "listening");
    onTestFinished(() => void other.close());
    expect(await ctl("status", "--socket", socket)).toMatchObject({ code: 1 });
  });

  test("only the owner may use the socket, and the kernel identifies the client", async (context) => {
    const setpriv = requireTool(context, "setpriv");
    const { folder, socket } = await up();
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    chmodSync(folder, 0o755);
    const stranger = ["--reuid=65534", "--regid=65534", "--clear-groups", "python3", "-c", ASK, socket];
    const refused = await startChild(setpriv, stranger);
    await refused.exit();
    expect(refused.stderr).toContain("PermissionError");
    // The mode of the socket is open to all.
    chmodSync(socket, 0o666);
    const heard = await startChild(setpriv, stranger);
    await heard.exit();
    expect(JSON.parse(heard.stdout)).toMatchObject({ ok: false, code: "EPERM" });
  });

  test("an invalid request is answered with the reason", async () => {
    const { socket } = await up();
    const asked = async (line: string): Promise<unknown> => {
      const python = await startChild("python3", ["-c", ASK, socket, line]);
      await python.exit();
      return JSON.parse(python.stdout);
    };
    expect(await asked("{")).toMatchObject({ ok: false, code: "ERR_SOCKWRIGHT_FRAME_MALFORMED" });
    expect(await asked('{"command":"format"}')).toMatchObject({ ok: false, message: 'there is no command "format"' });
    expect(await asked(`"${"x".repeat(5_000)}"`)).toMatchObject({ ok: false, code: "ERR_SOCKWRIGHT_FRAME_TOO_LARGE" });
  });
});

const ASK = `
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall((sys.argv[2] if len(sys.argv) > 2 else '{"command":"status"}').encode() + b"\\n")
print(s.makefile().readline(), end="")
`;

describe("systemd", () => {
  test("systemd is notified of ready, reload, watchdog and stop", async () => {
    const { folder, file, socket } = fileWith(GREET);
    const notify = join(folder, "notify");
    const listener = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\\0"))
print("bound", flush=True)
while True:
    print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`;
    for (const address of [notify, `@sockwright-${process.pid}`]) {
      const manager = await startChild("python3", ["-c", listener, address]);
      await manager.line(/^bound$/);
      const env = { ...process.env, NOTIFY_SOCKET: address, WATCHDOG_USEC: "20000" };
      const child = await startChild(process.execPath, [program, "up", file], { env });
      await manager.line(/^READY=1 STATUS=1 of 1 services run$/);
      await manager.line(/^WATCHDOG=1$/);
      await manager.line(/^WATCHDOG=1$/);
      expect(await ctl("reload", "--socket", socket)).toMatchObject({ code: 0 });
      child.kill("SIGTERM");
      await manager.line(/^STOPPING=1 /);
      expect(await child.exit()).toEqual({ code: 0, signal: null });
      expect(manager.stdout).toMatch(/^RELOADING=1 MONOTONIC_USEC=\d+$/m);
      expect(manager.stdout.match(/^READY=1/gm)).toHaveLength(2);
      manager.kill("SIGKILL");
    }
  });

  test("up sends no watchdog messages if WATCHDOG_PID names another process", async () => {
    const { folder, file } = fileWith(GREET);
    const notify = join(folder, "notify");
    const listener =
      "import socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint('bound', flush=True)\nwhile True: print(s.recv(4096).decode().split('=')[0], flush=True)";
    const manager = await startChild("python3", ["-c", listener, notify]);
    await manager.line(/^bound$/);
    const env = { ...process.env, NOTIFY_SOCKET: notify, WATCHDOG_USEC: "2", WATCHDOG_PID: "1" };
    const child = await startChild(process.execPath, [program, "up", file], { env });
    await manager.line(/^READY$/);
    child.kill("SIGTERM");
    await manager.line(/^STOPPING$/);
    expect(manager.stdout).not.toContain("WATCHDOG");
  });

  const STATUS = `[[service]]
name = "greet"
kind = "status"
listen = { url = "systemd:greet", mount = "/status/" }
`;

  test.each([
    [GREET.replace("tcp://127.0.0.1:0", "systemd:greet"), /^tcp:\/\/127\.0\.0\.1:\d+$/],
    [STATUS, /^http:\/\/127\.0\.0\.1:\d+\/status\/$/],
  ])("up uses sockets that systemd passes by name", async (text, shown) => {
    const { file } = fileWith(text);
    const passing = `
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
print("port", s.getsockname()[1], flush=True)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="greet", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], sys.argv[1:])
`;
    const child = await startChild("python3", ["-c", passing, process.execPath, program, "up", file]);
    const [, port = ""] = await child.line(/^port (\d+)$/);
    const [, url = ""] = await child.line(/^greet: listening on (.+)$/);
    expect(url).toMatch(shown);
    (await connect(`tcp://127.0.0.1:${port}`)).abort();
  });
});
