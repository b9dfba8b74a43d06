// Requests that cannot be served: the status, the client's view of it, and that no later request is served.
import { expect, test } from "vitest";
import { http } from "../../../src/http/service/http.ts";
import { connected } from "../../support/connected.ts";
import { askHttp, getRequest, httpAnswerOf, httpServing, restOf } from "../../support/http-talk.ts";
import { serving } from "../../support/serving.ts";
import { until } from "../../support/until.ts";

const HOST = "Host: a\r\n";
const BEHIND = getRequest("/behind");

/** Each of these is followed by a request that must not be served. */
const REFUSED: readonly (readonly [what: string, request: string, status: number])[] = [
  ["a line that is none", "hello\r\n\r\n", 400],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00", 400],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["a version that is unknown", `GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
  ["a bare LF", `GET / HTTP/1.1\n${HOST}\r\n`, 400],
  ["a bare CR", `GET / HTTP/1.1\r${HOST}\r\n`, 400],
  ["a NUL in a field", `GET / HTTP/1.1\r\nHost: a\0\r\n\r\n`, 400],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["two Hosts", `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
  ["white space before a colon", `GET / HTTP/1.1\r\n${HOST}Content-Length : 0\r\n\r\n`, 400],
  ["a folded field", `GET / HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`, 400],
  [
    "a length and a coding",
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ["two lengths", `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
  ["a length that is none", `POST / HTTP/1.1\r\n${HOST}Content-Length: +5\r\n\r\nhello`, 400],
  ["a length beyond all numbers", `POST / HTTP/1.1\r\n${HOST}Content-Length: 99999999999999999999\r\n\r\n`, 413],
  ["a coding that is unknown", `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
  ["chunked twice", `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400],
  ["chunked that is not last", `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`, 400],
  ["chunked with a vertical tab", `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`, 400],
  ["chunked of HTTP/1.0", `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["an expectation that is unknown", `GET / HTTP/1.1\r\n${HOST}Expect: tea\r\n\r\n`, 417],
  ["a request line that is too long", `GET /${"x".repeat(9_000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
  ["fields that are too long", `GET / HTTP/1.1\r\n${HOST}X: ${"x".repeat(40_000)}\r\n\r\n`, 431],
  ["too many fields", `GET / HTTP/1.1\r\n${HOST}${"X: y\r\n".repeat(100)}\r\n`, 431],
  ["a method that is too long", `${"X".repeat(40)} / HTTP/1.1\r\n${HOST}\r\n`, 501],
  ["a tunnel", `CONNECT a:443 HTTP/1.1\r\n${HOST}\r\n`, 501],
];

test.for(REFUSED)("%s", async ([, request, status]) => {
  const paths: string[] = [];
  const { server, errors, exchanges } = await httpServing((incoming) => {
    paths.push(incoming.path);
    return {};
  });
  const client = await connected(server);
  client.write(Buffer.from(getRequest("/before") + request + BEHIND, "latin1"));
  expect((await httpAnswerOf(client)).status).toBe(200);
  const answer = await httpAnswerOf(client);
  expect([answer.status, answer.headers["connection"]]).toEqual([status, "close"]);
  expect(await restOf(client)).toBe("");
  expect([paths, errors]).toEqual([["/before"], []]);
  expect(exchanges.map((exchange) => exchange.status)).toEqual([200, status]);
});

test("an answer names the mistake in one word, and repeats nothing of the request", async () => {
  const { server } = await httpServing(() => ({}));
  expect(await askHttp(server, "GET /<script> HTTP/1.1\r\n\r\n")).toMatchObject({
    status: 400,
    body: "Bad Request: target-malformed\n",
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
});

test("message limits come from the options", async () => {
  const { server } = await httpServing(() => ({}), { maxHeaderFields: 2, maxHeaderBytes: 60, maxRequestLineBytes: 20 });
  expect((await askHttp(server, getRequest("/", ["X: y"]))).status).toBe(200);
  expect((await askHttp(server, getRequest("/", ["X: y", "X: y"]))).status).toBe(431);
  expect((await askHttp(server, getRequest("/", [`X: ${"y".repeat(60)}`]))).status).toBe(431);
  expect((await askHttp(server, getRequest("/1234567890"))).status).toBe(414);
});

test("twenty clients in the middle of an upload all receive 413", async () => {
  const server = await serving(http(async (request) => ({ body: await request.bytes() }), { maxBodyBytes: 1_000 }));
  const piece = Buffer.alloc(64 * 1024, "x");
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const client = await connected(server);
      client.write(`${getRequest("/", ["Transfer-Encoding: chunked"], "POST")}${(64 * piece.length).toString(16)}\r\n`);
      const answer = httpAnswerOf(client);
      for (let count = 0; count < 64; count++) {
        client.write(piece);
        await client.drained();
      }
      await client.flushed();
      await client.end();
      return (await answer).status;
    }),
  );
  expect(statuses).toEqual(Array.from({ length: 20 }, () => 413));
  await until(() => server.connections().length === 0, "the connections to end");
});
