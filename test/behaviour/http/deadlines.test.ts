// How long a client may take: for a head, for a body, between two requests.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { http } from "../../../src/http/service/http.ts";
import { CLOSE_LINGER_IDLE_MS, CLOSE_LINGER_MS } from "../../../src/http/service/http-connection.ts";
import {
  DEFAULT_BODY_TIMEOUT_MS,
  DEFAULT_HEAD_TIMEOUT_MS,
  DEFAULT_KEEP_ALIVE_TIMEOUT_MS,
} from "../../../src/http/service/http-options.ts";
import type { HttpHandler, HttpOptions } from "../../../src/http.ts";
import { DEADLINE_TICK_MS } from "../../../src/server/time/deadline-wheel.ts";
import { getRequest, holder } from "../../support/http-talk.ts";
import { turn } from "../../support/until.ts";
import { clockedConnection } from "../connection/clocked-connection.ts";

/** A connection whose client is the test, with a clock that the test moves. */
function accepted(handler: HttpHandler, options?: HttpOptions) {
  const { clock, link, connection, expired } = clockedConnection();
  void http(handler, options).stream?.(connection);
  return {
    expired,
    connection,
    pass: (ms: number) => clock.advance(ms),
    send: async (text: string) => {
      link.input?.onReceived(Buffer.from(text, "latin1"));
      await turn();
    },
    /** The bytes sent since the last call. */
    sent: async () => {
      await turn();
      return String(Buffer.concat(link.sent.splice(0)));
    },
    /** Whether the end of the stream was sent. */
    hasEnded: () => link.calls.includes("end"),
    isClosed: () => link.calls.includes("close"),
    isReset: () => link.calls.includes("abort"),
    leave: () => link.input?.onEnd(),
  };
}

const hello: HttpHandler = () => ({ body: "hello" });
const LATE = DEADLINE_TICK_MS;

describe("a head", () => {
  test("that does not begin: the connection is closed without an answer", async () => {
    const client = accepted(hello);
    client.pass(DEFAULT_HEAD_TIMEOUT_MS - 1);
    expect(client.hasEnded()).toBe(false);
    client.pass(1 + LATE);
    expect(await client.sent()).toBe("");
    expect([client.hasEnded(), client.expired]).toEqual([true, ["http"]]);
    client.leave();
  });

  test("that trickles has headTimeoutMs from accept, and then gets 408", async () => {
    const client = accepted(hello);
    const trickle = getRequest("/", ["X: 123456789"]);
    for (let at = 0; at < 10; at++) {
      await client.send(trickle.charAt(at));
      client.pass(DEFAULT_HEAD_TIMEOUT_MS / 10 - 1);
    }
    expect(client.hasEnded()).toBe(false);
    client.pass(10 + LATE);
    expect(await client.sent()).toMatch(
      /^HTTP\/1\.1 408 Request Timeout\r\n.*Connection: close\r\n\r\nRequest Timeout\n$/s,
    );
    expect(client.hasEnded()).toBe(true);
    client.leave();
  });

  test("of a further request has headTimeoutMs from its first byte", async () => {
    const client = accepted(hello, { headTimeoutMs: 1_000, keepAliveTimeoutMs: 5_000 });
    await client.send(getRequest());
    client.pass(4_500);
    await client.send("G");
    client.pass(600);
    await client.send("ET ");
    expect([client.hasEnded(), (await client.sent()).slice(0, 15)]).toEqual([false, "HTTP/1.1 200 OK"]);
    client.pass(400 + LATE);
    expect(await client.sent()).toContain("HTTP/1.1 408 ");
    client.leave();
  });

  test("of a further request that arrives partly with the previous one has headTimeoutMs from then", async () => {
    const client = accepted(hello, { headTimeoutMs: 1_000 });
    client.pass(900);
    await client.send(`${getRequest()}GET`);
    client.pass(900);
    expect(client.hasEnded()).toBe(false);
    client.pass(100 + LATE);
    expect(await client.sent()).toMatch(/^HTTP\/1\.1 200 .*HTTP\/1\.1 408 /s);
    client.leave();
  });
});

test("an idle connection is closed without an answer keepAliveTimeoutMs after its last answer", async () => {
  const client = accepted(hello);
  await client.send(getRequest());
  client.pass(DEFAULT_KEEP_ALIVE_TIMEOUT_MS - 1);
  await client.send(getRequest());
  await client.sent();
  client.pass(DEFAULT_KEEP_ALIVE_TIMEOUT_MS - 1);
  expect(client.hasEnded()).toBe(false);
  client.pass(1 + LATE);
  expect(await client.sent()).toBe("");
  expect(client.hasEnded()).toBe(true);
  client.leave();
});

describe("a body", () => {
  const upload = (length: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;

  test("that is being read has bodyTimeoutMs for each piece, and then gets 408", async () => {
    const client = accepted(async (request) => ({ body: await request.text() }));
    await client.send(upload(10));
    for (let count = 0; count < 9; count++) {
      client.pass(DEFAULT_BODY_TIMEOUT_MS - 1);
      await client.send("x");
    }
    expect(await client.sent()).toBe("");
    client.pass(DEFAULT_BODY_TIMEOUT_MS + LATE);
    expect(await client.sent()).toMatch(/^HTTP\/1\.1 408 .*Connection: close\r\n\r\nThe body did not come in time\n$/s);
    expect(client.hasEnded()).toBe(true);
    client.leave();
  });

  test("that is not read yet has no deadline while the handler runs", async () => {
    const read = holder();
    const client = accepted(async (request) => {
      await read.opened;
      return { body: await request.text() };
    });
    await client.send(`${upload(2)}a`);
    client.pass(10 * DEFAULT_BODY_TIMEOUT_MS);
    read.open();
    await client.send("b");
    expect(await client.sent()).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\nab$/s);
    client.connection.abort();
  });

  test("that has arrived has no deadline: the handler may take any time", async () => {
    const done = holder();
    const client = accepted(async (request) => {
      const body = await request.text();
      await done.opened;
      return { body };
    });
    await client.send(`${upload(2)}ab`);
    client.pass(10 * DEFAULT_BODY_TIMEOUT_MS);
    done.open();
    expect(await client.sent()).toContain("200 OK");
    client.connection.abort();
  });

  test("that is dropped unread has bodyTimeoutMs in total, even if it trickles", async () => {
    const client = accepted(hello);
    await client.send(upload(10));
    expect(await client.sent()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (let count = 0; count < 4; count++) {
      client.pass(DEFAULT_BODY_TIMEOUT_MS / 4 - 1);
      await client.send("x");
    }
    expect(client.hasEnded()).toBe(false);
    client.pass(4 + LATE);
    expect(await client.sent()).toBe("");
    expect(client.hasEnded()).toBe(true);
    client.leave();
  });
});

describe("a refused client that continues to send", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("may send for CLOSE_LINGER_MS, so that it reads the answer", async () => {
    const client = accepted(hello);
    await client.send("nonsense\r\n\r\n");
    expect(await client.sent()).toContain("HTTP/1.1 400 ");
    let passed = 0;
    for (; !client.isClosed(); passed += CLOSE_LINGER_IDLE_MS - 1) {
      await client.send("more");
      vi.advanceTimersByTime(CLOSE_LINGER_IDLE_MS - 1);
      await turn();
    }
    expect(passed).toBeGreaterThanOrEqual(CLOSE_LINGER_MS);
    expect(passed).toBeLessThan(CLOSE_LINGER_MS + CLOSE_LINGER_IDLE_MS);
    expect(client.isReset()).toBe(false);
  });

  test("is closed after CLOSE_LINGER_IDLE_MS if it sends nothing", async () => {
    const client = accepted(hello);
    await client.send("nonsense\r\n\r\n");
    vi.advanceTimersByTime(CLOSE_LINGER_IDLE_MS - 1);
    await turn();
    expect(client.isClosed()).toBe(false);
    vi.advanceTimersByTime(1);
    await turn();
    expect(client.isClosed()).toBe(true);
  });
});

test("there is no deadline while an answer is being made", async () => {
  const client = accepted(() => new Promise(() => undefined));
  await client.send(getRequest());
  client.pass(3_600_000);
  expect([client.hasEnded(), client.isReset()]).toEqual([false, false]);
  client.connection.abort();
});
