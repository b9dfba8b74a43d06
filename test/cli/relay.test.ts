// `sockwright relay` as a user runs it, with other programs as clients and targets.
import { createServer, type Server as NetServer, type Socket as NetSocket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_UNIX, socket } from "../../src/index.ts";
import { type Connection, connect } from "../../src/server.ts";
import { greet } from "../../src/services/greet/greet.ts";
import { type Child, startChild } from "../support/child.ts";
import { connected, readOfNew } from "../support/connected.ts";
import { echo, serving, urlOf } from "../support/serving.ts";
import { requireTool } from "../support/tools.ts";
import { turn, until } from "../support/until.ts";
import { freeFolder, program, start, stopped } from "./sockwright.ts";

const TCP = "tcp://127.0.0.1:0";

/** A relay that is ready, and its URL. */
async function relaying(from: string, to: string, ...args: readonly string[]): Promise<{ child: Child; url: string }> {
  const child = await start("relay", from, to, ...args);
  return { child, url: (await child.line(/^listening on (.+)$/))[1] ?? "" };
}

const port = (url: string): string => new URL(url).port;

test("each client is told, and the counters at the end", async () => {
  const target = await serving(greet());
  const { child, url } = await relaying(TCP, urlOf(target));
  const client = await connected(url);
  client.write("exit\n");
  let text = "";
  for await (const piece of client) text += String(piece);
  expect(text).toBe("Welcome!\n");
  await client.close();
  await child.line(/^closed /);
  const lines = (await stopped(child))
    .trimEnd()
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST")
    .split("\n");
  expect(lines).toEqual([
    "listening on tcp://HOST",
    "opened HOST",
    "closed HOST: 5 bytes to the target, 9 from it",
    "stopped: 1 relayed, 0 failed, 0 not connected; 5 bytes to the target, 9 from it",
  ]);
});

test("--json prints the same as objects", async () => {
  const target = await serving(echo);
  const child = await start("relay", TCP, urlOf(target), "--json");
  const [line = ""] = await child.line(/.*"listening".*/);
  const { url } = JSON.parse(line) as { url: string };
  const client = await connected(url);
  client.write("12345");
  await client.readExactly(5);
  await client.close();
  await child.line(/"closed"/);
  const events = (await stopped(child))
    .trimEnd()
    .split("\n")
    .map((each) => JSON.parse(each) as object);
  expect(events).toMatchObject([
    { event: "listening" },
    { event: "opened" },
    { event: "closed", bytesToTarget: 5, bytesFromTarget: 5 },
    { event: "stopped", joined: 1, open: 0, failed: 0, connectsFailed: 0, bytesToTarget: 5, bytesFromTarget: 5 },
  ]);
});

test("a target that is down is one line for each client, and the relay continues", async () => {
  const path = `${freeFolder()}/app.sock`;
  const { child, url } = await relaying(TCP, `unix:${path}`);
  for (let round = 0; round < 2; round++) {
    await expect(readOfNew(url)).rejects.toMatchObject({ code: "ECONNRESET" });
    await child.line(/^failed \S+ \(connect\): unix:.*app\.sock: there is no such path: start the server first/);
  }
  await serving(echo, {}, `unix:${path}`);
  const client = await connected(url);
  client.write("hello");
  expect(String(await client.readExactly(5))).toBe("hello");
  await client.close();
  const lines = (await stopped(child)).trimEnd().split("\n");
  expect(lines.filter((line) => line.startsWith("failed"))).toHaveLength(2);
  expect(lines.at(-1)).toMatch(/^stopped: 1 relayed, 0 failed, 2 not connected; /);
});

test("a target that does not answer, within --connect-timeout", async () => {
  const name = `sockwright-relay-cli-${process.pid}`;
  const full = socket(AF_UNIX);
  onTestFinished(() => full.close());
  full.bind({ abstract: name });
  full.listen(0);
  const filler = await connect(`unix:@${name}`);
  onTestFinished(() => filler.abort());
  const { child, url } = await relaying(TCP, `unix:@${name}`, "--connect-timeout", "50ms");
  await expect(readOfNew(url)).rejects.toMatchObject({ code: "ECONNRESET" });
  await child.line(/^failed \S+ \(connect\): unix:@\S+: no connection within 50 ms \(--connect-timeout\)$/);
  await stopped(child);
});

test("--idle-timeout resets both sides, and is told", async () => {
  const target = await serving(echo);
  const { child, url } = await relaying(TCP, urlOf(target), "--idle-timeout", "100ms");
  await expect(readOfNew(url)).rejects.toMatchObject({ code: "ECONNRESET" });
  await child.line(/^failed \S+ \(client\): nothing was sent or received for 100 ms \(--idle-timeout\)$/);
  await until(() => target.connections().length === 0, "the reset of the target");
  await stopped(child);
});

test("with --max-connections a further client waits for a place", async () => {
  const target = await serving(echo);
  const { child, url } = await relaying(TCP, urlOf(target), "--max-connections", "1");
  const first = await connected(url);
  first.write("first");
  await first.readExactly(5);
  const second = await connected(url);
  second.write("second");
  expect(target.connections()).toHaveLength(1);
  await first.close();
  expect(String(await second.readExactly(6))).toBe("second");
  await second.close();
  await stopped(child);
});

test("a stop lets a connection finish, and a second signal resets both sides", async () => {
  // The target's connection of the client is known by its bytes: the attempts below reach the target too.
  const ends = new Map<string, unknown>();
  const target = await serving(
    async (connection) => {
      let text = "";
      try {
        for await (const piece of connection) {
          text += String(piece);
          connection.write(piece);
        }
      } catch (error) {
        ends.set(text, error);
      }
    },
    { onError: () => undefined },
  );
  const { child, url } = await relaying(TCP, urlOf(target), "--grace", "1m");
  const client = await connected(url);
  client.write("one");
  await client.readExactly(3);
  child.kill("SIGTERM");
  // The listener is closed, and the connection goes on.
  for (;;) {
    const outcome = await connect(url).catch((error: unknown) => error);
    if (outcome instanceof Error) break;
    (outcome as Connection).abort();
  }
  client.write("two");
  expect(String(await client.readExactly(3))).toBe("two");
  child.kill("SIGTERM");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
  await until(() => ends.has("onetwo"), "the reset of the target");
  expect(ends.get("onetwo")).toMatchObject({ code: "ECONNRESET" });
});

test("datagrams, with a session for each sender", async () => {
  const target = await serving(greet(), {}, "udp://127.0.0.1:0");
  const { child, url } = await relaying("udp://127.0.0.1:0", urlOf(target), "--max-connections", "1");
  for (const name of ["one", "two"]) {
    const client = await connected(url);
    client.write(name);
    expect(String(await client.read())).toBe(`Hello, ${name}`);
  }
  expect(await stopped(child)).toMatch(/^stopped: 2 relayed, 0 failed, 0 not connected, 1 ended for others; /m);
});

test("an inherited listener that is the target itself is refused", async (context) => {
  const script = `
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.execv(sys.argv[1], sys.argv[1:] + ["tcp://127.0.0.1:%d" % listener.getsockname()[1]])
`;
  const args = ["-c", script, process.execPath, program, "relay", "fd:3"];
  const child = await startChild(requireTool(context, "python3"), args);
  expect(await child.exit()).toEqual({ code: 2, signal: null });
  expect(child.stderr).toMatch(/^sockwright: \S+: the relay itself listens there and would connect to itself\n$/);
});

describe("with other programs", () => {
  const digest = "import hashlib,socket,sys,threading";

  test("socat as the client, and python3 as the target: both directions, each with its end", async (context) => {
    requireTool(context, "socat");
    const target = await startChild(requireTool(context, "python3"), [
      "-u",
      "-c",
      `
${digest}
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])
c, _ = s.accept()
got = hashlib.sha256()
while True:
    piece = c.recv(65536)
    if not piece: break
    got.update(piece)
c.sendall(got.hexdigest().encode())
c.close()
`,
    ]);
    const [targetPort = ""] = await target.line(/^\d+$/);
    const path = `${freeFolder()}/relay.sock`;
    const { child } = await relaying(`unix:${path}`, `tcp://127.0.0.1:${targetPort}`);
    const script = `head -c 10000000 /dev/zero | tee >(sha256sum | cut -d" " -f1 >&2) | socat -t 60 - UNIX-CONNECT:${path}`;
    const socat = await startChild("bash", ["-c", script]);
    expect(await socat.exit()).toEqual({ code: 0, signal: null });
    expect(socat.stdout).toMatch(/^[0-9a-f]{64}$/);
    await until(() => socat.stderr.length > 64, "the digest");
    expect(socat.stderr.trim()).toBe(socat.stdout);
    await child.line(/^closed .*10000000 bytes to the target, 64 from it$/);
    await stopped(child);
  });

  test("socat as the target, nc as the client", async (context) => {
    requireTool(context, "socat");
    requireTool(context, "nc");
    const path = `${freeFolder()}/cat.sock`;
    const target = await startChild("socat", [`UNIX-LISTEN:${path},fork`, "EXEC:cat"]);
    await listening(`unix:${path}`);
    const { child, url } = await relaying(TCP, `unix:${path}`);
    const nc = await startChild("sh", ["-c", `printf 'through the relay' | nc -N 127.0.0.1 ${port(url)}`]);
    expect(await nc.exit()).toEqual({ code: 0, signal: null });
    expect(nc.stdout).toBe("through the relay");
    await stopped(child);
    target.kill("SIGTERM");
    await target.exit();
  });

  test("python3 as both: a reset of one side is a reset of the other", async (context) => {
    const python = await startChild(requireTool(context, "python3"), [
      "-u",
      "-c",
      `
import socket, struct, sys
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])
c = socket.create_connection(("127.0.0.1", int(input())))
c.sendall(b"before")
t, _ = s.accept()
print(t.recv(100))
c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); c.close()
try:
    print(t.recv(100))
except ConnectionResetError as error:
    print("reset")
`,
    ]);
    const [targetPort = ""] = await python.line(/^\d+$/);
    const { child, url } = await relaying(TCP, `tcp://127.0.0.1:${targetPort}`);
    python.stdin.write(`${port(url)}\n`);
    await python.line(/^b'before'$/);
    await python.line(/^reset$/);
    await child.line(/^failed \S+ \(client\): /);
    await stopped(child);
  });

  test("node:net as a target that streams to a client that reads slowly", async () => {
    const target: NetServer = createServer((connection: NetSocket) => {
      connection.on("error", () => undefined);
      connection.end(Buffer.alloc(20_000_000, "s"));
    });
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => new Promise<void>((resolve) => void target.close(() => resolve())));
    const address = target.address();
    const { child, url } = await relaying(TCP, `tcp://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
    const client = await connected(url);
    let received = 0;
    for (let piece = await client.read(1_000); piece !== undefined; piece = await client.read()) {
      received += piece.length;
    }
    expect(received).toBe(20_000_000);
    await client.close();
    await child.line(/^closed .* 0 bytes to the target, 20000000 from it$/);
    await stopped(child);
  });
});

/** Resolves when a program listens there. */
async function listening(url: string): Promise<void> {
  for (;;) {
    const outcome = await connect(url).catch((error: unknown) => error);
    if (!(outcome instanceof Error)) {
      await (outcome as Connection).close();
      return;
    }
    await turn();
  }
}
