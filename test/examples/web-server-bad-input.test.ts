// Clients that misbehave towards the web server of the examples: it answers or disconnects them, and serves the others.
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { socket } from "../../src/index.ts";
import { fillUnread } from "../support/full.ts";
import { ask, open, request, rest, startWebServer, statuses, type WebServer } from "./web-client.ts";

const MAX_HEAD_BYTES = 8192;
const MAX_CONNECTIONS = 1000;
const last = "Connection: close";

/** The server still serves its page. */
async function expectService({ child, port }: WebServer): Promise<void> {
  expect(statuses(await ask(port, request("/go", last)))).toEqual([200]);
  expect(child.stderr).not.toMatch(/^ +at /m);
}

describe("a request", () => {
  test.for([1, 2, 3, 7])("in segments of %i bytes is answered once it is complete", async (size) => {
    const server = await startWebServer();
    const client = await open(server.port);
    const bytes = Buffer.from(request("/go", "X-Word: 找不到", last));
    const answers = rest(client);
    for (let at = 0; at < bytes.length; at += size) {
      await new Promise<void>((resolve) => client.write(bytes.subarray(at, at + size), () => setImmediate(resolve)));
    }
    expect(statuses(await answers)).toEqual([200]);
  });

  test.for([
    ["bytes that are no text", Buffer.from([0xff, 0xfe, 0x00, 0x80])],
    ["the greeting of TLS", Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00])],
    ["words", "hello\r\n"],
    ["an empty line", "\r\n\r\n"],
    ["no version", "GET /go\r\n\r\n"],
    ["another version", "GET /go HTTP/2.0\r\n\r\n"],
    ["two spaces", "GET  /go HTTP/1.1\r\n\r\n"],
    ["a NUL for a space", "GET\0/go HTTP/1.1\r\n\r\n"],
  ] as const)("of %s is a bad one, which ends its connection only", async ([, bytes]) => {
    const server = await startWebServer();
    const answers = await ask(server.port, bytes);
    expect(statuses(answers)).toEqual([400]);
    expect(answers).toMatch(/^Connection: close\r$/m);
    await expectService(server);
  });

  test("that ends before it is complete is a bad request", async () => {
    const server = await startWebServer();
    const client = await open(server.port);
    client.end("GET /go HTTP/1.1\r\nHost: loc");
    expect(statuses(await rest(client))).toEqual([400]);
    await expectService(server);
  });

  test("with invalid bytes in its path and its fields is answered", async () => {
    const server = await startWebServer();
    const bytes = Buffer.from(request("/\xff\xfe\xc3", "X-Word: \xe6\x89", last), "latin1");
    expect(statuses(await ask(server.port, bytes))).toEqual([404]);
    await expectService(server);
  });

  test("may be as long as the limit, and one byte more is too long", async () => {
    const server = await startWebServer();
    const field = (size: number): string => request("/go", last, `X: ${"x".repeat(size)}`);
    const room = MAX_HEAD_BYTES - field(0).length;
    expect(statuses(await ask(server.port, field(room)))).toEqual([200]);
    expect(statuses(await ask(server.port, field(room + 1)))).toEqual([431]);
    await expectService(server);
  });

  test("without an end is answered and cut off, however much arrives", async () => {
    const server = await startWebServer();
    const flood = Buffer.alloc(8 * 1024 * 1024, "x");
    expect(statuses(await ask(server.port, Buffer.concat([Buffer.from("GET /"), flood])))).toEqual([431]);
    await expectService(server);
  });
});

describe("clients that", () => {
  test("reset, before a request, within it and before the answer, lose only their own connections", async () => {
    const server = await startWebServer();
    for (const bytes of ["", "GET /go HT", request("/go"), request("/go").repeat(100)]) {
      for (let round = 0; round < 10; round++) {
        const client = await open(server.port);
        if (bytes !== "") await new Promise((resolve) => client.write(bytes, resolve));
        client.resetAndDestroy();
        await once(client, "close");
      }
    }
    await expectService(server);
  });

  test("send nothing, or a byte now and then, delay no other client and are disconnected", async () => {
    const server = await startWebServer();
    const silent = await open(server.port);
    const slow = await open(server.port);
    const drip = setInterval(() => slow.write("G"), 200);
    try {
      await expectService(server);
      expect(await Promise.all([rest(silent), rest(slow)])).toEqual(["", ""]);
    } finally {
      clearInterval(drip);
    }
    await expectService(server);
  });

  test("send requests for ever and never read delay no other client and are disconnected", async () => {
    const server = await startWebServer();
    await using client = socket();
    await client.connect({ host: "127.0.0.1", port: server.port });
    const many = Buffer.from(request("/go").repeat(1000));
    // The server waits to send, and has stopped reading.
    const taken = await fillUnread(client, server.child.pid, many);
    await expectService(server);
    const more = (async () => {
      await client.sendall(many.subarray(taken % many.length));
      for (;;) await client.sendall(many);
    })();
    await expect(more).rejects.toMatchObject({ code: expect.stringMatching(/^(?:ECONNRESET|EPIPE)$/) });
    await expectService(server);
  });

  test("exceed the connection limit are closed at once; the server accepts others when some have left", async () => {
    const server = await startWebServer();
    const clients = [];
    for (let count = 0; count < MAX_CONNECTIONS; count++) clients.push(await open(server.port));
    expect(await rest(await open(server.port))).toBe("");
    for (const client of clients) client.end();
    await Promise.all(clients.map(rest));
    await expectService(server);
  });
});
