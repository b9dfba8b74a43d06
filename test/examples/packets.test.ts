// Sticky packets and their cure: the output on both sides, with the Python original as either side.

import { once } from "node:events";
import { connect as openConnection } from "node:net";
import { describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { SHUT_WR, type Socket, socket } from "../../src/index.ts";
import { fillUnread } from "../support/full.ts";
import { connectTo } from "../support/sockets.ts";
import { lines, pairs, runClient, type Server, startProgram, startServer } from "./tutorial.ts";

const MESSAGES = ["Rose", "Think", "Babala", "你好"];
const SENT = MESSAGES.map((message) => `sent "${message}"`);

function framed(text: string, length = Buffer.byteLength(text)): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  return Buffer.concat([head, Buffer.from(text)]);
}

describe.each(pairs)("server in %s, client in %s", (server, client) => {
  test("sticky: the bytes arrive in order, several messages in one read", async (context) => {
    const { child, port } = await startServer(context, server, "sticky-server");
    const said = await runClient(context, client, "sticky-client", port);
    await child.line(/ closed: /);
    const [waiting, opened, ...reads] = lines(child);
    const closed = reads.pop();
    expect([waiting, opened]).toEqual(["Waiting for connection...", "Connection from 127.0.0.1:PORT"]);
    expect(reads.map((read) => /"(.*)"$/.exec(read)?.[1]).join("")).toBe(MESSAGES.join(""));
    expect(reads.length).toBeLessThan(MESSAGES.length);
    const total = `21 bytes in ${reads.length} read(s)`;
    expect(closed).toBe(`Connection from 127.0.0.1:PORT closed: ${total}`);
    expect(said).toEqual([...SENT, `4 messages sent; the server got ${total}`]);
  });

  test("framed: every message arrives as it was sent", async (context) => {
    const { child, port } = await startServer(context, server, "framed-server");
    const said = await runClient(context, client, "framed-client", port);
    expect(said).toEqual([...SENT, "4 messages sent; the server got 21 bytes in 4 message(s)"]);
    await child.line(/ closed: /);
    expect(lines(child)).toEqual([
      "Waiting for connection...",
      "Connection from 127.0.0.1:PORT",
      'message 1: 4 bytes "Rose"',
      'message 2: 5 bytes "Think"',
      'message 3: 6 bytes "Babala"',
      'message 4: 6 bytes "你好"',
      "Connection from 127.0.0.1:PORT closed: 4 message(s)",
    ]);
  });
});

describe("the framed server", () => {
  test("assembles a message that arrives byte by byte, and accepts an empty one", async (context) => {
    const { child, port } = await startServer(context, "TypeScript", "framed-server");
    await using client = await connectTo(port, 20_000);
    for (const byte of Buffer.concat([framed("你好"), framed("")])) {
      await client.send(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await child.line(/^message 1: 6 bytes "你好"$/);
    expect((await child.line(/^message 2: .*$/))[0]).toBe('message 2: 0 bytes ""');
  });

  test("accepts the longest message, and prints control characters in visible form", async (context) => {
    const { child, port } = await startServer(context, "TypeScript", "framed-server");
    await using client = await connectTo(port, 20_000);
    await client.sendall(framed(`\u001b[2J${"x".repeat(65_532)}`));
    await child.line(/^message 1: 65536 bytes "\\x1b\[2Jx{65532}"$/);
    expect(child.stdout).not.toContain("\u001b");
  });

  test.for([
    ["a longer message", framed("", 65_537), "a message of 65537 bytes; at most 65536 are taken"],
    [
      "a length that text would be",
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      "a message of 1195725856 bytes; at most 65536 are taken",
    ],
    ["an end within the length", Buffer.of(0, 0), "the stream ended in the middle of a message"],
    ["an end within the message", framed("Ros", 4), "the stream ended in the middle of a message"],
  ] as const)("refuses %s in one line, and serves the next client", async ([, bytes, problem], context) => {
    const { child, port } = await startServer(context, "TypeScript", "framed-server");
    await using client = await connectTo(port, 20_000);
    await client.sendall(bytes);
    client.shutdown(SHUT_WR);
    expect(await client.recv(1024).catch(() => Buffer.alloc(0))).toHaveLength(0);
    await expect.poll(() => child.stderr).toContain(`${problem}\n`);
    expect(child.stderr).not.toMatch(/^ +at /m);
    expect(await runClient(context, "TypeScript", "framed-client", port)).toHaveLength(5);
  });
});

describe.each(["sticky", "framed"])("the %s server", (name) => {
  async function expectServing(context: TestContext, server: Server): Promise<void> {
    expect(await runClient(context, "TypeScript", `${name}-client`, server.port)).toHaveLength(MESSAGES.length + 1);
    expect(server.child.stderr).not.toMatch(/^ +at |undefined|\[object/m);
  }

  test("survives clients that reset", async (context) => {
    const server = await startServer(context, "TypeScript", `${name}-server`);
    for (let round = 0; round < 20; round++) {
      const rude = openConnection(server.port, "127.0.0.1");
      await once(rude, "connect");
      if (round % 2 === 0) rude.write("half a message");
      rude.resetAndDestroy();
    }
    await expectServing(context, server);
  });

  test("disconnects a silent client", async (context) => {
    const server = await startServer(context, "TypeScript", `${name}-server`, { IDLE_TIMEOUT_MS: "1000" });
    await using silent = await connectTo(server.port, 20_000);
    expect(await silent.recv(1024)).toHaveLength(0);
    await server.stderr(/^127\.0\.0\.1:\d+: recv: The call did not finish within/m);
    await expectServing(context, server);
  });

  test("reads no more from a client that floods and never reads, and serves others", async (context) => {
    const server = await startServer(context, "TypeScript", `${name}-server`);
    await using flooding = await connectTo(server.port, 20_000);
    const flood = Buffer.concat(Array.from({ length: 4_096 }, () => framed("x".repeat(1_020))));
    await fillUnread(flooding, server.child.pid, flood);
    await expectServing(context, server);
  });
});

describe.each(["sticky-client", "framed-client"])("%s", (name) => {
  /** The output of the client with a server of the test, which handles the connection as the test says. */
  async function said(context: TestContext, does: (peer: Socket) => unknown, timeoutMs = 10_000): Promise<string> {
    const listener = socket();
    onTestFinished(() => listener.close());
    listener.bind({ host: "127.0.0.1", port: 0 });
    listener.listen();
    const where = `127.0.0.1:${listener.getsockname().port}`;
    const client = await startProgram(context, "TypeScript", name, [where], {
      ANSWER_TIMEOUT_MS: String(timeoutMs),
    });
    const [peer] = await listener.accept();
    onTestFinished(() => peer.close());
    for await (const _ of peer);
    await does(peer);
    expect(await client.exit()).toEqual({ code: 1, signal: null });
    expect(lines(client)).toEqual(SENT);
    return client.stderr;
  }

  test("gives up if the server sends nothing", async (context) => {
    expect(await said(context, () => undefined, 500)).toMatch(/^recv: The call did not finish within[^\n]*\n$/);
  });

  test("reports that the server has closed the connection", async (context) => {
    expect(await said(context, (peer) => peer.close())).toBe("the server has closed the connection\n");
  });
});

test("the framed client refuses an answer that is too long", async (context) => {
  const listener = socket();
  onTestFinished(() => listener.close());
  listener.bind({ host: "127.0.0.1", port: 0 });
  const served = listener.listen().serve(async (peer) => {
    for await (const _ of peer);
    await peer.sendall(Buffer.alloc(4, 0xff));
  });
  const where = `127.0.0.1:${listener.getsockname().port}`;
  const client = await startProgram(context, "TypeScript", "framed-client", [where]);
  expect(await client.exit()).toEqual({ code: 1, signal: null });
  expect(client.stderr).toBe("a message of 4294967295 bytes; at most 65536 are taken\n");
  listener.close();
  await served;
});
