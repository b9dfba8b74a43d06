// Requests of one connection: one after the other, pipelined, cut anywhere, until one side ends it.
import { connect as connectSocket } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { HALF_CLOSED_PROBE_MS } from "../../../src/http/service/half-closed.ts";
import { type HttpHandler, type HttpOptions, http } from "../../../src/http.ts";
import { connected } from "../../support/connected.ts";
import {
  getRequest,
  holder,
  httpAnswerOf,
  httpServing,
  postRequest,
  restOf,
  watchExchanges,
} from "../../support/http-talk.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

const CLOSE = ["Connection: close"];
const path: HttpHandler = (request) => ({ body: request.path });
const later: HttpHandler = async (request) => {
  await turn();
  return { body: request.path };
};
const mixed: HttpHandler = (request, context) => (request.path.length % 2 === 0 ? path : later)(request, context);

test.for([
  ["at once", path],
  ["later", later],
  ["some at once, some later", mixed],
] as const)("pipelined requests are answered in order: %s", async ([, handler]) => {
  const { server } = await httpServing(handler);
  const client = await connected(server);
  const paths = Array.from({ length: 200 }, (_, index) => `/${index}`);
  client.write(paths.map((each) => getRequest(each)).join(""));
  for (const each of paths) expect((await httpAnswerOf(client)).body).toBe(each);
});

test("one request is handled at a time", async () => {
  let most = 0;
  let now = 0;
  const { server } = await httpServing(async () => {
    most = Math.max(most, ++now);
    await turn(2);
    now--;
    return {};
  });
  const client = await connected(server);
  client.write(getRequest().repeat(10));
  for (let count = 0; count < 10; count++) await httpAnswerOf(client);
  expect(most).toBe(1);
});

test("20,000 pipelined requests do not overflow the stack", async () => {
  const { server } = await httpServing((request) => ({ status: request.method === "HEAD" ? 204 : 404 }), {
    onExchange: () => undefined,
  });
  const client = await connected(server);
  const count = 20_000;
  const one = "GET / HTTP/1.1\r\nHost:\r\n\r\n";
  const write = async (): Promise<void> => {
    for (let sent = 0; sent < count; sent += 1_000) {
      client.write(one.repeat(1_000));
      await client.drained();
    }
    await client.end();
  };
  const [text] = await Promise.all([restOf(client), write()]);
  expect(text.match(/HTTP\/1\.1 404 /g)).toHaveLength(count);
});

test("the server stops reading from a client that pipelines and reads no answers", async () => {
  let calls = 0;
  const body = Buffer.alloc(16 * 1024, "x");
  const { server } = await httpServing(() => {
    calls++;
    return { body };
  });
  const client = await connected(server, { maxWriteBufferBytes: 64 * 1024 * 1024, highWaterBytes: 64 * 1024 * 1024 });
  const count = 2_000;
  client.write(getRequest().repeat(count));
  await turn(200);
  // 64 KiB wait in memory, 64 KiB wait to be sent, and the last answer may exceed this.
  expect(calls).toBeLessThan(20);
  const before = calls;
  await turn(100);
  expect(calls).toBe(before);
  await client.end();
  const text = await restOf(client);
  expect([calls, text.match(/HTTP\/1\.1 200 /g)?.length]).toEqual([count, count]);
});

const CUT = `${postRequest("hello", ["X-A: b"], "/first")}POST /second HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n${getRequest("/third", CLOSE)}`;
const echoRequest: HttpHandler = async (request) => ({
  body: `${request.path} ${await request.text()} ${request.trailers.size}`,
});

test("requests are parsed alike wherever they are cut", async () => {
  const { server } = await httpServing(echoRequest);
  const answers = async (from: readonly string[]): Promise<string> => {
    const client = await connected(server);
    for (const piece of from) {
      client.write(piece);
      await client.flushed();
      await turn();
    }
    const text = await restOf(client);
    return text.replace(/Date: .*\r\n/g, "");
  };
  const whole = await answers([CUT]);
  expect(whole).toMatch(/\/first hello 0.*\/second abcde 1.*\/third {2}0$/s);
  for (let at = 1; at < CUT.length; at++) expect(await answers([CUT.slice(0, at), CUT.slice(at)])).toBe(whole);
});

test("requests that arrive byte by byte are answered", async () => {
  const { server } = await httpServing(echoRequest, { memory: { pieceBytes: 1 } });
  const client = await connected(server);
  client.write(CUT);
  expect((await httpAnswerOf(client)).body).toBe("/first hello 0");
  expect((await httpAnswerOf(client)).body).toBe("/second abcde 1");
  expect((await httpAnswerOf(client)).body).toBe("/third  0");
  expect(await restOf(client)).toBe("");
});

describe("the end of a connection", () => {
  test.for([
    ["Connection: close", getRequest("/", CLOSE), "close"],
    ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "close"],
  ] as const)("%s: no later request is answered", async ([, request, connection]) => {
    const { server } = await httpServing(path);
    const client = await connected(server);
    client.write(request + getRequest("/behind"));
    expect((await httpAnswerOf(client)).headers["connection"]).toBe(connection);
    expect(await restOf(client)).toBe("");
  });

  test("HTTP/1.0 with keep-alive continues, and the answer has Connection: keep-alive", async () => {
    const { server } = await httpServing(path);
    const client = await connected(server);
    client.write("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
    expect(await httpAnswerOf(client)).toMatchObject({ body: "/a", headers: { connection: "keep-alive" } });
    expect(await httpAnswerOf(client)).toMatchObject({ body: "/b", headers: { connection: "close" } });
  });

  test("an answer with Connection: close ends it", async () => {
    const { server } = await httpServing(() => ({ headers: { Connection: "x, Close" } }));
    const client = await connected(server);
    client.write(getRequest() + getRequest());
    expect((await httpAnswerOf(client)).headers["connection"]).toBe("x, Close");
    expect(await restOf(client)).toBe("");
  });

  test("maxRequestsPerConnection: the last answer has Connection: close", async () => {
    const options: HttpOptions = { maxRequestsPerConnection: 3 };
    const { server } = await httpServing(path, options);
    const client = await connected(server);
    client.write(getRequest("/a") + getRequest("/b") + getRequest("/c") + getRequest("/d"));
    expect((await httpAnswerOf(client)).headers).not.toHaveProperty("connection");
    expect((await httpAnswerOf(client)).headers).not.toHaveProperty("connection");
    expect(await httpAnswerOf(client)).toMatchObject({ body: "/c", headers: { connection: "close" } });
    expect(await restOf(client)).toBe("");
  });

  test.for(["at once", "later"])("a client that ends after its requests receives all answers: %s", async (when) => {
    const { server } = await httpServing(when === "later" ? later : path);
    const client = await connected(server);
    client.write(getRequest("/a") + getRequest("/b") + getRequest("/c"));
    await client.end();
    for (const each of ["/a", "/b", "/c"]) expect((await httpAnswerOf(client)).body).toBe(each);
    expect(await restOf(client)).toBe("");
    await until(() => server.connections().length === 0, "the connection to end");
  });

  test("a client that ends in the middle of a head gets no answer", async () => {
    const { server, errors } = await httpServing(path);
    const client = await connected(server);
    client.write("GET / HT");
    await client.end();
    expect(await restOf(client)).toBe("");
    expect(errors).toEqual([]);
  });

  test("a request's signal aborts when its connection is lost", async () => {
    const aborted = holder();
    const { server, exchanges } = await httpServing(async (request) => {
      request.signal.addEventListener("abort", () => aborted.open());
      await aborted.opened;
      return { body: "too late" };
    });
    const client = await connected(server);
    client.write(getRequest());
    await until(() => server.connections().some(({ bytesRead }) => bytesRead > 0), "the request");
    client.abort();
    await until(() => exchanges.length > 0, "the exchange");
    expect(exchanges[0]).toMatchObject({ status: 0, bodyBytes: 0, error: { code: "ECONNRESET" } });
  });
});

describe("a server that closes", () => {
  test("ends idle connections at once", async () => {
    const { server } = await httpServing(path);
    const client = await connected(server);
    client.write(getRequest("/a"));
    await httpAnswerOf(client);
    const fresh = await connected(server);
    await until(() => server.connections().length === 2, "both");
    const closed = server.close();
    expect([await restOf(client), await restOf(fresh)]).toEqual(["", ""]);
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
  });

  test("answers the request in progress with Connection: close, and no further request", async () => {
    const go = holder();
    const { server } = await httpServing(async () => {
      await go.opened;
      return { body: "done" };
    });
    const client = await connected(server);
    client.write(getRequest() + getRequest("/behind"));
    await until(() => server.connections().some(({ bytesRead }) => bytesRead > 0), "the request");
    const closed = server.close();
    await turn(5);
    go.open();
    expect(await httpAnswerOf(client)).toMatchObject({ body: "done", headers: { connection: "close" } });
    expect(await restOf(client)).toBe("");
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
  });

  test("reads an upload in progress to its end", async () => {
    const { server } = await httpServing(async (request) => ({ body: String((await request.bytes()).length) }));
    const client = await connected(server);
    client.write(getRequest("/", ["Content-Length: 10"], "POST"));
    await until(() => server.connections().some(({ bytesRead }) => bytesRead > 0), "the head");
    const closed = server.close();
    for (const piece of ["12345", "67890"]) {
      await turn(5);
      client.write(piece);
    }
    expect(await httpAnswerOf(client)).toMatchObject({ body: "10", headers: { connection: "close" } });
    await client.close();
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
  });

  test("resets connections with unfinished requests when its grace is over", async () => {
    const { server, exchanges } = await httpServing(
      (request) =>
        new Promise((_, reject) => {
          request.signal.addEventListener("abort", () => reject(request.signal.reason as Error));
        }),
    );
    const client = await connected(server);
    client.write(getRequest());
    await until(() => server.connections().some(({ bytesRead }) => bytesRead > 0), "the request");
    expect(await server.close({ graceMs: 0 })).toMatchObject({ aborted: 1 });
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    await until(() => exchanges.length > 0, "the exchange");
    expect(exchanges[0]).toMatchObject({ status: 0 });
  });

  test("in a handler still sends that handler's answer", async () => {
    const closing: { promise?: Promise<unknown> } = {};
    const { server } = await httpServing(() => {
      closing.promise = server.close();
      return { body: "bye" };
    });
    const client = await connected(server);
    client.write(getRequest());
    expect(await httpAnswerOf(client)).toMatchObject({ body: "bye", headers: { connection: "close" } });
    await client.close();
    expect(await closing.promise).toEqual({ aborted: 0, unfinished: 0 });
  });
});

test("a half-closed client that then resets is noticed while the answer sends nothing", async () => {
  // Over node:net a reset is only noticed while reading.
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "native");
  const probes: unknown[] = [];
  let leave = (): void => undefined;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const silent: AsyncIterator<string> = {
    next: () => new Promise(() => undefined),
    return: () => {
      leave();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  const service = http(() => ({ body: { [Symbol.asyncIterator]: () => silent } }));
  const server = await serving(watchExchanges(service, probes));
  const { port } = new URL(urlOf(server));
  const client = connectSocket({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
  client.end(getRequest());
  await until(() => probes.length > 0, "the end of the client");
  client.resetAndDestroy();
  await left;
  expect(probes).toEqual([[true, HALF_CLOSED_PROBE_MS]]);
});
