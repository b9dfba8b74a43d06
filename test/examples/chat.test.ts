// The chat between two terminals: both directions at once, the end of either side, and the Python original as either side.
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { SHUT_WR, SO_LINGER, SOL_SOCKET, type Socket, socket } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { lines, pairs, startProgram, startServer } from "./tutorial.ts";

const DONE = { code: 0, signal: null };
const SHORT = { IDLE_TIMEOUT_MS: "1000" };

function startClient(context: TestContext, port: number | undefined): Promise<Child> {
  return startProgram(context, "TypeScript", "chat-client", [`127.0.0.1:${port}`]);
}

/** A client whose bytes the test chooses, after the server has accepted it as its partner. */
async function open({ child, port }: { child: Child; port: number }): Promise<Socket> {
  const client = socket();
  onTestFinished(() => client.close());
  client.settimeout(5_000);
  await client.connect({ host: "127.0.0.1", port });
  await child.line(new RegExp(`^127\\.0\\.0\\.1:${client.getsockname().port} is here\\.$`));
  return client;
}

/** A client of the test talks to the server: the server still answers, and ends normally. */
async function expectServing({ child, port }: { child: Child; port: number }): Promise<void> {
  const client = await open({ child, port });
  await client.sendall("still there?\n");
  await child.line(/: still there\?$/);
  child.stdin.write("yes\n");
  expect(String(await client.recv(1024))).toBe("yes\n");
  client.close();
  await child.line(/ has left\.$/);
  expect(child.stderr).not.toMatch(/^ +at /m);
}

describe.each(pairs)("server in %s, client in %s", (serverLanguage, clientLanguage) => {
  test("each typed line arrives at the other side, until the client's input ends", async (context) => {
    const { child: server, port } = await startServer(context, serverLanguage, "chat-server");
    const client = await startProgram(context, clientLanguage, "chat-client", [`127.0.0.1:${port}`]);
    await server.line(/ is here\.$/);
    server.stdin.write("Welcome!\n");
    await client.line(/: Welcome!$/);
    client.stdin.write("你好\nhow are you?\n");
    await server.line(/: how are you\?$/);
    client.stdin.end("bye\n");
    await server.line(/ has left\.$/);
    server.stdin.end();
    expect([await server.exit(), await client.exit()]).toEqual([DONE, DONE]);
    expect(lines(server)).toEqual([
      "Waiting for connection...",
      "127.0.0.1:PORT is here.",
      ...["你好", "how are you?", "bye"].map((said) => `127.0.0.1:PORT: ${said}`),
      "127.0.0.1:PORT has left.",
    ]);
    expect(lines(client).slice(0, 2)).toEqual(["127.0.0.1:PORT is here.", "127.0.0.1:PORT: Welcome!"]);
    expect(client.stderr).toBe("");
  });

  test("each typed line arrives at the other side, until the server's input ends", async (context) => {
    const { child: server, port } = await startServer(context, serverLanguage, "chat-server");
    const client = await startProgram(context, clientLanguage, "chat-client", [`127.0.0.1:${port}`]);
    await server.line(/ is here\.$/);
    client.stdin.write("hello\n");
    await server.line(/: hello$/);
    server.stdin.end("bye\n");
    await client.line(/ has left\.$/);
    client.stdin.end();
    expect([await server.exit(), await client.exit()]).toEqual([DONE, DONE]);
    expect(lines(client)).toEqual(["127.0.0.1:PORT is here.", "127.0.0.1:PORT: bye", "127.0.0.1:PORT has left."]);
    expect(client.stderr).toBe("");
  });

  test("both sides may send much data at the same time, and no byte is lost", async (context) => {
    const count = 5_000;
    const { child: server, port } = await startServer(context, serverLanguage, "chat-server");
    const client = await startProgram(context, clientLanguage, "chat-client", [`127.0.0.1:${port}`]);
    await server.line(/ is here\.$/);
    const speech = Array.from({ length: count }, (_, number) => `第 ${number} 行`);
    for (const side of [server, client]) side.stdin.write(`${speech.join("\n")}\n`);
    await Promise.all([server, client].map((side) => side.line(new RegExp(`: ${speech.at(-1)}$`))));
    for (const side of [server, client]) {
      expect(lines(side).filter((line) => line.includes(": 第"))).toEqual(
        speech.map((line) => `127.0.0.1:PORT: ${line}`),
      );
      side.stdin.end();
    }
    expect([await server.exit(), await client.exit()]).toEqual([DONE, DONE]);
  });
});

describe("nc", () => {
  test("as the client", async (context) => {
    const { child: server, port } = await startServer(context, "TypeScript", "chat-server");
    const nc = await startChild(requireTool(context, "nc"), ["-N", "127.0.0.1", String(port)]);
    nc.stdin.write("from nc\n");
    await server.line(/: from nc$/);
    server.stdin.write("to nc\n");
    await nc.line(/^to nc$/);
    nc.stdin.end();
    await server.line(/ has left\.$/);
    expect(await nc.exit()).toEqual(DONE);
    await expectServing({ child: server, port });
  });

  test("as the server, which keeps its own side open", async (context) => {
    const nc = await startChild("sh", ["-c", 'exec "$0" -lv 127.0.0.1 0 2>&1', requireTool(context, "nc")]);
    const [, port] = await nc.line(/^Listening on \S+ (\d+)$/);
    const client = await startClient(context, Number(port));
    client.stdin.write("to nc\n");
    await nc.line(/^to nc$/);
    nc.stdin.write("from nc\r\n");
    expect((await client.line(/^.*from nc$/))[0]).toBe(`127.0.0.1:${port}: from nc`);
    client.stdin.end("bye\n");
    expect(await client.exit()).toEqual(DONE);
    await nc.line(/^bye$/);
  });
});

describe("the server", () => {
  test("answers a third client that the line is busy, and serves the next one after the first has left", async (context) => {
    const server = await startServer(context, "TypeScript", "chat-server");
    server.child.stdin.write("is anybody here?\n");
    await server.child.line(/^Nobody is here to read that\.$/);
    const first = await open(server);
    const third = await startClient(context, server.port);
    await third.line(/: The line is busy\.$/);
    expect(await third.exit()).toEqual(DONE);
    first.close();
    await server.child.line(/ has left\.$/);
    await expectServing(server);
  });

  test("survives clients that reset", async (context) => {
    const server = await startServer(context, "TypeScript", "chat-server");
    for (let round = 0; round < 10; round++) {
      const rude = connect(server.port, "127.0.0.1");
      await once(rude, "connect");
      rude.write("half a line");
      await server.child.line(/ is here\.$/);
      rude.resetAndDestroy();
      await server.child.line(/ has left\.$/);
    }
    await expectServing(server);
  });

  test("disconnects a client that sends much without a line end", async (context) => {
    const server = await startServer(context, "TypeScript", "chat-server");
    const client = await open(server);
    const flood = client.sendall(Buffer.alloc(64 * 1024 * 1024, "x"));
    await expect(flood).rejects.toMatchObject({ code: expect.stringMatching(/^(?:ECONNRESET|EPIPE)$/) });
    await server.stderr(/^127\.0\.0\.1:\d+: a line is longer than 4096 bytes$/m);
    await expectServing(server);
  });

  test("disconnects a client that reads nothing", async (context) => {
    const server = await startServer(context, "TypeScript", "chat-server", SHORT);
    await open(server);
    server.child.stdin.write(`${"x".repeat(1_000)}\n`.repeat(16_000));
    await server.child.line(/ has left\.$/);
    await server.stderr(/^send(?:all)?: The call did not finish within/m);
    expect(server.child.stderr).not.toMatch(/^ +at /m);
  });

  test("prints lines whole, however their bytes arrive, and control characters in visible form", async (context) => {
    const { child, port } = await startServer(context, "TypeScript", "chat-server");
    const client = await open({ child, port });
    for (const byte of Buffer.from("你好\r\n\n\x1b[2J\x9b\n")) await client.sendall(Buffer.of(byte));
    await client.sendall(Buffer.from([0xff, 0x41, 0x0a]));
    await client.sendall("one\ntwo\nthe last");
    client.shutdown(SHUT_WR);
    await child.line(/ has left\.$/);
    expect(lines(child).slice(2, -1)).toEqual(
      ["你好", "", "\\x1b[2J\\x9b", "\ufffdA", "one", "two", "the last"].map((line) => `127.0.0.1:PORT: ${line}`),
    );
  });

  test.for(["SIGINT", "SIGTERM"] as const)("ends at %s, beside a client that stays silent", async (signal, context) => {
    const server = await startServer(context, "TypeScript", "chat-server");
    const client = await open(server);
    server.child.kill(signal);
    expect(await client.recv(1)).toHaveLength(0);
    expect(await server.child.exit()).toEqual(DONE);
    expect(server.child.stderr).toMatch(/^listening on \S+\n$/);
  });
});

test("the server ends at Ctrl-C while a line waits for a client that reads nothing", async (context) => {
  const server = await startServer(context, "TypeScript", "chat-server");
  await open(server);
  const speech = `${"x".repeat(1_000)}\n`.repeat(100);
  for (let count = 0; count < 160; count++) server.child.stdin.write(speech);
  // The server is stuck when its queued bytes stay the same from one check to the next.
  const waiting: number[] = [];
  const isStuck = (): boolean =>
    waiting.push(server.child.stdin.writableLength) > 1 && waiting.at(-1) === waiting.at(-2);
  await expect.poll(isStuck, { interval: 100 }).toBe(true);
  server.child.kill("SIGINT");
  expect(await server.child.exit()).toEqual(DONE);
  expect(server.child.stderr).toMatch(/^listening on \S+\n$/);
});

describe("the client", () => {
  test("reports a failed connection on one line, with exit code 1", async (context) => {
    const listener = socket();
    onTestFinished(() => listener.close());
    listener.bind({ host: "127.0.0.1", port: 0 });
    listener.listen();
    const client = await startClient(context, listener.getsockname().port);
    const [peer] = await listener.accept();
    // socket(7): a close with SO_LINGER on and 0 seconds resets the connection.
    peer.setsockopt(SOL_SOCKET, SO_LINGER, new Uint8Array(8).fill(1, 0, 1));
    await client.line(/ is here\.$/);
    peer.close();
    expect(await client.exit()).toEqual({ code: 1, signal: null });
    expect(client.stderr).toMatch(/^recv ECONNRESET[^\n]*\n$/);
  });

  test("ends with its input if the server neither reads nor ends", async (context) => {
    const listener = socket();
    onTestFinished(() => listener.close());
    listener.bind({ host: "127.0.0.1", port: 0 });
    listener.listen();
    const client = await startClient(context, listener.getsockname().port);
    const [peer] = await listener.accept();
    onTestFinished(() => peer.close());
    client.stdin.end("bye\n");
    expect(await client.exit()).toEqual(DONE);
  });
});
