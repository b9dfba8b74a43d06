// The body of a request: how it is read, how long it may be, and what happens to a body that is not read.
import { expect, test } from "vitest";
import { DEFAULT_MAX_BODY_BYTES } from "../../../src/http/service/http-options.ts";
import { MAX_DISCARDED_BYTES } from "../../../src/http/service/request-body.ts";
import type { HttpHandler } from "../../../src/http.ts";
import { connected } from "../../support/connected.ts";
import {
  askHttp,
  getRequest,
  holder,
  httpAnswerOf,
  httpServing,
  postRequest,
  restOf,
} from "../../support/http-talk.ts";
import { turn, until } from "../../support/until.ts";

const text: HttpHandler = async (request) => ({ body: await request.text() });
const CHUNKED = ["Transfer-Encoding: chunked"];

/** A body in chunks, one for each piece. */
function chunks(...pieces: string[]): string {
  return `${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("")}0\r\n\r\n`;
}

test.for([
  ["by its length", postRequest("hello")],
  ["in chunks", getRequest("/", CHUNKED, "POST") + chunks("he", "llo")],
  ["of no bytes", postRequest("")],
  ["of none", getRequest()],
] as const)("a body %s is read whole", async ([, request]) => {
  const { server } = await httpServing(text);
  expect((await askHttp(server, request)).body).toBe(request.includes("he") ? "hello" : "");
});

test("bytes(), text() and json() read the same body, and may be called again", async () => {
  const { server } = await httpServing(async (request) => {
    const value = await request.json();
    const bytes = await request.bytes();
    return { body: `${JSON.stringify(value)} ${await request.text()} ${bytes.length}` };
  });
  expect((await askHttp(server, postRequest('{"a": 1}'))).body).toBe('{"a":1} {"a": 1} 8');
});

test.for([
  ["no JSON", "json", "{", "The body is not JSON\n"],
  ["no UTF-8", "text", "\xff", "The body is not UTF-8\n"],
] as const)("%s is 400", async ([, kind, body, message]) => {
  const { server, errors } = await httpServing(async (request) => ({ body: String(await request[kind]()) }));
  expect(await askHttp(server, postRequest(body))).toMatchObject({ status: 400, body: message });
  expect(errors).toEqual([]);
});

test("a body is read piece by piece, and only once", async () => {
  const { server } = await httpServing(async (request) => {
    const pieces: string[] = [];
    for await (const piece of request.body) pieces.push(String(piece));
    const codes: unknown[] = [];
    const again = async (): Promise<void> => {
      for await (const piece of request.body) pieces.push(String(piece));
    };
    for (const call of [again, () => request.bytes()]) {
      await call().catch((error: NodeJS.ErrnoException) => codes.push(error.code));
    }
    return { body: [...pieces, ...codes].join() };
  });
  const code = "ERR_SOCKWRIGHT_HTTP_BODY_READ";
  expect((await askHttp(server, getRequest("/", CHUNKED, "POST") + chunks("a", "b"))).body).toBe(`a,b,${code},${code}`);
});

test("while the handler reads nothing, the server reads no more than its buffers hold", async () => {
  const go = holder();
  const { server } = await httpServing(
    async (request) => {
      await go.opened;
      return { body: String((await request.bytes()).length) };
    },
    { maxBodyBytes: 16 * 1024 * 1024 },
  );
  const client = await connected(server);
  const length = 4 * 1024 * 1024;
  client.write(postRequest("x".repeat(length)));
  await turn(100);
  const [connection] = server.connections();
  expect(connection?.bytesRead).toBeLessThan(512 * 1024);
  go.open();
  expect((await httpAnswerOf(client)).body).toBe(String(length));
});

test("trailers are available after the body has been read, and not before", async () => {
  const { server } = await httpServing(async (request) => {
    const before = request.trailers.size;
    await request.bytes();
    return { body: `${before} ${request.trailers.get("x-sum")} ${request.trailers.has("content-length")}` };
  });
  const request = `${getRequest("/", CHUNKED, "POST")}1\r\na\r\n0\r\nX-Sum: 5\r\nContent-Length: 7\r\n\r\n`;
  expect((await askHttp(server, request)).body).toBe("0 5 false");
});

test("a Content-Length above the limit is 413 before the handler is called", async () => {
  let calls = 0;
  const { server } = await httpServing(() => {
    calls++;
    return {};
  });
  const client = await connected(server);
  client.write(getRequest("/", [`Content-Length: ${DEFAULT_MAX_BODY_BYTES + 1}`], "POST"));
  const answer = await httpAnswerOf(client);
  expect([answer.status, answer.headers["connection"], calls]).toEqual([413, "close", 0]);
  await client.close();
});

test.for(["bytes", "body"] as const)("a chunked body is 413 as soon as it is too long: %s", async (way) => {
  const { server, errors } = await httpServing(
    async (request) => {
      if (way === "bytes") await request.bytes();
      else for await (const piece of request.body) expect(piece.length).toBeGreaterThan(0);
      return {};
    },
    { maxBodyBytes: 10 },
  );
  const client = await connected(server);
  client.write(`${getRequest("/", CHUNKED, "POST")}a\r\n0123456789\r\n1\r\nx\r\n`);
  const answer = await httpAnswerOf(client);
  expect([answer.status, answer.headers["connection"], answer.body]).toEqual([413, "close", "The body is too large\n"]);
  expect(errors).toEqual([]);
  await client.close();
});

test("a body as long as the limit is accepted", async () => {
  const { server } = await httpServing(text, { maxBodyBytes: 5 });
  expect((await askHttp(server, postRequest("12345"))).body).toBe("12345");
  expect((await askHttp(server, getRequest("/", CHUNKED, "POST") + chunks("123", "45"))).body).toBe("12345");
});

test.for([
  ["malformed in its chunks", `${getRequest("/", CHUNKED, "POST")}x\r\n`, 400, "chunk-size-malformed"],
  [
    "with too many trailers",
    `${getRequest("/", CHUNKED, "POST")}0\r\n${"a: b\r\n".repeat(40)}\r\n`,
    431,
    "fields-too-many",
  ],
] as const)("reading a body %s fails, and the request is refused", async ([, request, status, reason]) => {
  const { server, errors } = await httpServing(text);
  const client = await connected(server);
  client.write(request + getRequest());
  expect(await httpAnswerOf(client)).toMatchObject({ status, body: `${reason}\n`, headers: { connection: "close" } });
  expect(await restOf(client)).toBe("");
  expect(errors).toEqual([]);
});

test("reading a truncated body fails with 400", async () => {
  const { server } = await httpServing(text);
  const client = await connected(server);
  client.write(getRequest("/", ["Content-Length: 5"], "POST"));
  client.write("abc");
  await client.end();
  expect(await httpAnswerOf(client)).toMatchObject({ status: 400, body: "The body was cut\n" });
});

test("reading a body rejects when the connection is lost, and the exchange has the error", async () => {
  let told: unknown;
  const { server, exchanges } = await httpServing((request) =>
    request.text().then(
      () => ({}),
      (error: unknown) => {
        told = error;
        throw error;
      },
    ),
  );
  const client = await connected(server);
  client.write(getRequest("/", ["Content-Length: 5"], "POST"));
  await until(() => server.connections().some(({ bytesRead }) => bytesRead > 0), "the request");
  client.abort();
  await until(() => exchanges.length > 0, "the exchange");
  expect(told).toMatchObject({ code: "ECONNRESET" });
  expect(exchanges[0]).toMatchObject({ status: 0, error: told });
});

test("a lost body that the handler does not await causes no unhandled rejection", async () => {
  const { server, exchanges } = await httpServing((request) => {
    void request.text();
    void request.json();
    void request.bytes();
    return new Promise(() => undefined);
  });
  const client = await connected(server);
  client.write(getRequest("/", ["Content-Length: 5"], "POST"));
  await until(() => server.connections().some(({ bytesRead }) => bytesRead > 0), "the request");
  client.abort();
  await until(() => server.connections().length === 0, "the loss");
  await turn(5);
  expect(exchanges).toEqual([]);
});

test("a body that the handler does not read is dropped, and the next request is answered", async () => {
  const { server } = await httpServing((request) => ({ body: request.method }));
  const client = await connected(server);
  client.write(
    postRequest("GET / HTTP/1.1\r\n\r\n") + getRequest("/", CHUNKED, "PUT") + chunks("x".repeat(100)) + getRequest(),
  );
  expect((await httpAnswerOf(client)).body).toBe("POST");
  expect((await httpAnswerOf(client)).body).toBe("PUT");
  expect((await httpAnswerOf(client)).body).toBe("GET");
});

test("the rest of a body after the first piece is dropped, and the next request is answered", async () => {
  const { server } = await httpServing(async (request) => {
    for await (const piece of request.body) return { body: piece };
    return { body: "none" };
  });
  const client = await connected(server);
  client.write(getRequest("/", CHUNKED, "POST") + chunks("a", "b", "c") + getRequest());
  expect((await httpAnswerOf(client)).body).toBe("a");
  expect((await httpAnswerOf(client)).body).toBe("none");
});

test.for([
  [MAX_DISCARDED_BYTES, undefined],
  [MAX_DISCARDED_BYTES + 1, "close"],
] as const)("after %d unread bytes, Connection is %s", async ([length, connection]) => {
  const { server } = await httpServing(() => ({}));
  const client = await connected(server);
  client.write(postRequest("x".repeat(length)) + getRequest());
  expect((await httpAnswerOf(client)).headers["connection"]).toBe(connection);
  if (connection === "close") expect(await restOf(client)).toBe("");
  else expect((await httpAnswerOf(client)).status).toBe(200);
});

test("more unread chunks than MAX_DISCARDED_BYTES end the connection", async () => {
  const { server } = await httpServing(() => ({}));
  const client = await connected(server);
  client.write(getRequest("/", CHUNKED, "POST") + chunks("x".repeat(MAX_DISCARDED_BYTES + 1)) + getRequest());
  expect((await httpAnswerOf(client)).status).toBe(200);
  expect(await restOf(client)).toBe("");
});

const EXPECT = ["Content-Length: 5", "Expect: 100-continue"];

test("100 Continue is sent when the body is first read", async () => {
  const read = holder();
  const { server } = await httpServing(async (request) => {
    await read.opened;
    return { body: await request.text() };
  });
  const client = await connected(server);
  client.write(getRequest("/", EXPECT, "POST"));
  await turn(20);
  expect(client.bytesRead).toBe(0);
  read.open();
  expect((await httpAnswerOf(client)).status).toBe(100);
  client.write("hello");
  expect((await httpAnswerOf(client)).body).toBe("hello");
});

test("100 Continue is not sent if the body has already arrived", async () => {
  const { server } = await httpServing(text);
  const client = await connected(server);
  client.write(`${getRequest("/", EXPECT, "POST")}hello`);
  expect(await httpAnswerOf(client)).toMatchObject({ status: 200, body: "hello" });
});

test("100 Continue precedes the head of an answer that streams the request's body", async () => {
  const { server } = await httpServing((request) => ({ body: request.body }));
  const client = await connected(server);
  client.write(getRequest("/", EXPECT, "POST"));
  expect((await httpAnswerOf(client)).status).toBe(100);
  client.write("hello");
  expect(await httpAnswerOf(client)).toMatchObject({ status: 200, body: "hello" });
});

test("an answer without 100 Continue has Connection: close, and the connection ends", async () => {
  const { server } = await httpServing(() => ({ status: 401 }));
  const client = await connected(server);
  client.write(getRequest("/", EXPECT, "POST"));
  const answer = await httpAnswerOf(client);
  expect([answer.status, answer.headers["connection"]]).toEqual([401, "close"]);
  expect(await restOf(client)).toBe("");
});
