// Clients that misbehave towards the first servers of the tutorials, by mistake or on purpose: each loses only its own connection.

import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_INET, type Datagram, SHUT_WR, SOCK_DGRAM, type Socket, socket } from "../../src/index.ts";
import { fillUnread } from "../support/full.ts";
import { isSoak } from "../support/soak.ts";
import { connectTo } from "../support/sockets.ts";
import { bytesToEnd } from "../support/to-end.ts";
import { lines, runClient, type Server, startServer } from "./tutorial.ts";

const SHORT = { IDLE_TIMEOUT_MS: "1000" };
const MAX_CLIENTS = 1_000;

/** A server, its client, and the last line of the client in a successful run. */
const servers: readonly (readonly [server: string, client: string, answer: string])[] = [
  ["session-server", "session-client", "Hello, Babala!"],
  ["report-server", "one-shot-client", "已收到您"],
  // Each is made like one of the two above.
  ...(isSoak
    ? ([
        ["greeting-server", "greeting-client", "服务端又返回来的数据:Hello, Babala! "],
        ["one-shot-server", "one-shot-client", "欢迎连接到服务器"],
      ] as const)
    : []),
];

/** Whether a new client receives an answer. */
async function isServed(port: number): Promise<boolean> {
  const client = await connectTo(port, 20_000);
  try {
    await client.sendall("hello");
    return (await client.recv(1)).length > 0;
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^(?:ECONNRESET|EPIPE)$/) });
    return false;
  }
}

function expectNoStack({ child }: Server): void {
  expect(child.stderr).not.toMatch(/^ +at |undefined|\[object/m);
}

describe.each(servers)("%s", (name, client, answer) => {
  test("serves on after clients that reset", async (context) => {
    const server = await startServer(context, "TypeScript", name);
    for (let round = 0; round < 20; round++) {
      const rude = connect(server.port, "127.0.0.1");
      await once(rude, "connect");
      if (round % 2 === 0) rude.write("half a word");
      rude.resetAndDestroy();
    }
    expect((await runClient(context, "TypeScript", client, server.port)).at(-1)).toContain(answer);
    expectNoStack(server);
  });

  test("serves others beside a silent client, and disconnects that one", async (context) => {
    const server = await startServer(context, "TypeScript", name, SHORT);
    const silent = await connectTo(server.port, 20_000);
    expect((await runClient(context, "TypeScript", client, server.port)).at(-1)).toContain(answer);
    await bytesToEnd(silent);
    await server.stderr(/^127\.0\.0\.1:\d+: recv: The call did not finish within/m);
    expectNoStack(server);
  });

  test("accepts clients up to its limit, and others again when some have left", async (context) => {
    const server = await startServer(context, "TypeScript", name);
    const crowd: Socket[] = [];
    for (let count = 0; count < MAX_CLIENTS; count++) crowd.push(await connectTo(server.port, 20_000));
    expect(await isServed(server.port)).toBe(false);
    for (const one of crowd) one.close();
    await expect.poll(() => isServed(server.port), { interval: 5 }).toBe(true);
    expectNoStack(server);
  });

  test("ends at Ctrl-C while a client stays connected", async (context) => {
    const server = await startServer(context, "TypeScript", name);
    const staying = await connectTo(server.port, 20_000);
    if (name === "report-server") await staying.sendall("hello");
    expect(await staying.recv(1)).toHaveLength(1);
    server.child.kill("SIGINT");
    await bytesToEnd(staying);
    expect(await server.child.exit()).toEqual({ code: 0, signal: null });
    expectNoStack(server);
  });

  test("can be restarted at once on its port", async (context) => {
    const server = await startServer(context, "TypeScript", name);
    await runClient(context, "TypeScript", client, server.port);
    const staying = await connectTo(server.port, 20_000);
    server.child.kill("SIGINT");
    await server.child.exit();
    await bytesToEnd(staying);
    const second = await startServer(context, "TypeScript", name, {}, server.port);
    expect((await runClient(context, "TypeScript", client, second.port)).at(-1)).toContain(answer);
  });
});

describe.each([
  ["session-server", "Welcome!"],
  ["greeting-server", "Hello, I am server"],
])("%s", (name, greeting) => {
  async function greeted(server: Server): Promise<Socket> {
    const client = await connectTo(server.port, 20_000);
    expect(String(await client.recv(1024))).toBe(greeting);
    return client;
  }

  test("reads no more from a client that floods and reads nothing, and serves others", async (context) => {
    const server = await startServer(context, "TypeScript", name);
    await fillUnread(await connectTo(server.port, 20_000), server.child.pid);
    const polite = await greeted(server);
    await polite.sendall("Ada");
    expect(String(await polite.recv(1024))).toBe("Hello, Ada!");
    expectNoStack(server);
  });

  test("disconnects a client that reads nothing", async (context) => {
    const server = await startServer(context, "TypeScript", name, SHORT);
    const deaf = await connectTo(server.port, 20_000);
    const flood = deaf.sendall(Buffer.alloc(64 * 1024 * 1024));
    await expect(flood).rejects.toMatchObject({ code: expect.stringMatching(/^(?:ECONNRESET|EPIPE)$/) });
    await server.stderr(/^127\.0\.0\.1:\d+: send: The call did not finish within/m);
    expectNoStack(server);
  });

  test("echoes any bytes, also a character cut in two and a line end", async (context) => {
    const server = await startServer(context, "TypeScript", name);
    const client = await greeted(server);
    for (const [said, answered] of [
      [[0xe4, 0xbd], "Hello, \xe4\xbd!"],
      [[0xa0], "Hello, \xa0!"],
      [[0xff, 0x00, 0x1b], "Hello, \xff\x00\x1b!"],
      ["two\nlines\n", "Hello, two\nlines!\n"],
      ["net\r\n", "Hello, net!\r\n"],
      ["exit!", "Hello, exit!!"],
    ] as const) {
      await client.sendall(Buffer.from(said));
      expect((await client.recv(1024)).toString("latin1")).toBe(answered);
    }
    await client.sendall("exit\r\n");
    expect(await bytesToEnd(client)).toHaveLength(0);
    expectNoStack(server);
  });

  test("ends a session at the client's end", async (context) => {
    const server = await startServer(context, "TypeScript", name);
    const client = await greeted(server);
    client.shutdown(SHUT_WR);
    expect(await bytesToEnd(client)).toHaveLength(0);
    expect(server.child.stderr).toMatch(/^listening on \S+\n$/);
  });
});

test("greeting-server prints characters whole that were cut in two, and control characters in visible form", async (context) => {
  const { child, port } = await startServer(context, "TypeScript", "greeting-server");
  const client = await connectTo(port, 20_000);
  await client.recv(1024);
  for (const said of [
    Buffer.from([0xe4, 0xbd]),
    Buffer.from([0xa0]),
    "\x1b[2J\x07\x9b\nX\n",
    Buffer.from([0xff, 0x41]),
  ]) {
    await client.sendall(said);
    await client.recv(1024);
  }
  await child.line(/A$/);
  expect(lines(child).slice(2)).toEqual([
    "客户端发来的数据:",
    "客户端发来的数据:你",
    "客户端发来的数据:\\x1b[2J\\x07\\x9b\\x0aX",
    "客户端发来的数据:\ufffdA",
  ]);
});

describe.each([
  ["one-shot-server", "欢迎连接到服务器", "接收到来自客户端的数据:"],
  ["report-server", "已收到您(127.0.0.1:PORT)的请求,本次连接将关闭", "1024 "],
])("%s", (name, answer, printed) => {
  test("its answer reaches a client that sends more than the server reads", async (context) => {
    const { child, port } = await startServer(context, "TypeScript", name);
    const client = await connectTo(port, 20_000);
    await client.sendall(Buffer.alloc(256 * 1024, "x"));
    const own = String(client.getsockname().port);
    expect(String(await bytesToEnd(client))).toBe(answer.replace("PORT", own));
    expect((await child.line(/^.*x$/))[0]).toBe(printed + "x".repeat(1024));
  });

  test("waits for the end of a client that floods, for a limited time", async (context) => {
    const server = await startServer(context, "TypeScript", name);
    const flooding = await connectTo(server.port, 20_000);
    const flood = Buffer.alloc(64 * 1024, "x");
    await expect(
      (async () => {
        for (;;) await flooding.sendall(flood);
      })(),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^(?:ECONNRESET|EPIPE)$/) });
    expectNoStack(server);
  });

  test("waits a limited time for the end of a client that reads nothing and stays, and serves others", async (context) => {
    const server = await startServer(context, "TypeScript", name);
    const deaf = await connectTo(server.port, 20_000);
    await deaf.sendall("hello");
    expect((await runClient(context, "TypeScript", "one-shot-client", server.port))[0]).toMatch(/^(?:欢迎|已收到您)/);
    // The bytes sent to the client are still readable, then the end: there was no reset.
    await deaf.readable();
    expect((await bytesToEnd(deaf)).length).toBeGreaterThan(0);
    // A server that has closed answers one more byte with a reset; then comes EPIPE: signal(7).
    const more = (async () => {
      for (;;) await deaf.sendall("x");
    })();
    await expect(more).rejects.toMatchObject({ code: expect.stringMatching(/^(?:ECONNRESET|EPIPE)$/) });
    expectNoStack(server);
  });

  test("prints a message on one line, without its line end", async (context) => {
    const { child, port } = await startServer(context, "TypeScript", name);
    const client = await connectTo(port, 20_000);
    await client.sendall(Buffer.from("\x1b[2J\n\xff\r\n", "latin1"));
    client.shutdown(SHUT_WR);
    await bytesToEnd(client);
    expect((await child.line(/^.*x1b.*$/))[0]).toBe(`${printed.replace("1024", "8")}\\x1b[2J\\x0a\ufffd`);
  });

  test("handles a client that ends without a message", async (context) => {
    const { child, port } = await startServer(context, "TypeScript", name);
    const client = await connectTo(port, 20_000);
    client.shutdown(SHUT_WR);
    expect(String(await bytesToEnd(client))).toBe(name === "one-shot-server" ? answer : "");
    expect(child.stderr).toMatch(/^listening on \S+\n$/);
  });
});

describe("udp-server", () => {
  async function connected({ port }: Server): Promise<Socket<Datagram>> {
    const client = socket(AF_INET, SOCK_DGRAM);
    onTestFinished(() => client.close());
    client.settimeout(20_000);
    await client.connect({ host: "127.0.0.1", port });
    return client;
  }

  test("serves on after senders that have closed", async (context) => {
    const server = await startServer(context, "TypeScript", "udp-server");
    for (let round = 0; round < 20; round++) {
      const gone = await connected(server);
      await gone.send("hello");
      gone.close();
    }
    expect(await runClient(context, "TypeScript", "udp-client", server.port)).toHaveLength(2);
    expectNoStack(server);
  });

  test("serves on after a flood whose answers nobody reads", async (context) => {
    const server = await startServer(context, "TypeScript", "udp-server");
    const flooding = await connected(server);
    for (let count = 0; count < 5_000; count++) await flooding.send(Buffer.alloc(1_000));
    expect(await runClient(context, "TypeScript", "udp-client", server.port)).toHaveLength(2);
    expectNoStack(server);
  });

  test("answers an empty datagram and any bytes, up to 1024", async (context) => {
    const client = await connected(await startServer(context, "TypeScript", "udp-server"));
    const full = Buffer.alloc(1024, 0xff);
    for (const said of [Buffer.alloc(0), Buffer.from([0xff, 0, 0xc3]), full]) {
      await client.send(Buffer.alloc(1025));
      await client.send(said);
      // The first answer is for the second datagram: the first one was too long.
      expect(await client.recv(2048)).toEqual(Buffer.concat([Buffer.from("Hello, "), said]));
    }
  });
});
