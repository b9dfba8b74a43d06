// Programs of node:http as a service: functions, Express, ws.
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { connect as connectSocket } from "node:net";
import express from "express";
import { describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { HALF_CLOSED_PROBE_MS } from "../../../src/http/service/half-closed.ts";
import { nodeHttp } from "../../../src/http.ts";
import { connect } from "../../../src/server/connect.ts";
import { certificates } from "../../support/certificates.ts";
import { connected } from "../../support/connected.ts";
import { getRequest, httpAnswerOf, restOf, watchExchanges } from "../../support/http-talk.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

const files = certificates();
const CLOSE = { Connection: "close" };

async function servingNode(listener: Parameters<typeof nodeHttp>[0], options?: Parameters<typeof nodeHttp>[1]) {
  const server = await serving(nodeHttp(listener, options), {}, "http://127.0.0.1:0");
  const url = urlOf(server);
  return { server, url, client: () => connected(url.replace("http:", "tcp:")) };
}

test("a request listener with options of createServer is served", async () => {
  const { url } = await servingNode((request, response) => response.end(request.url), { maxHeaderSize: 1_000 });
  expect(await (await fetch(`${url}/path`, { headers: CLOSE })).text()).toBe("/path");
  expect((await fetch(url, { headers: { ...CLOSE, "X-A": "x".repeat(2_000) } })).status).toBe(431);
});

test("an Express app knows https", async () => {
  const app = express();
  app.get("/", (request, response) => void response.send(`${request.protocol} ${request.secure}`));
  const service = nodeHttp(app as unknown as RequestListener);
  const server = await serving(service, files.pair("localhost"), "https://127.0.0.1:0");
  const url = urlOf(server).replace("127.0.0.1", "localhost");
  const client = await connect({ url, ca: files.path("ca.pem") });
  client.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  expect(String(await client.readUntil("true"))).toMatch(/\r\n\r\nhttps true$/);
  await client.close();
});

test("an Express app is served", async () => {
  const app = express();
  app.use(express.json());
  app.post("/double", (request, response) => {
    const { value } = request.body as { value: number };
    response.json({ value: 2 * value });
  });
  const { url } = await servingNode(app as unknown as RequestListener);
  const headers = { ...CLOSE, "Content-Type": "application/json" };
  const answer = await fetch(`${url}/double`, { method: "POST", body: '{"value":21}', headers });
  expect(await answer.json()).toEqual({ value: 42 });
  expect((await fetch(`${url}/nothing`, { headers: CLOSE })).status).toBe(404);
});

test("ws on a node:http server is served", async () => {
  const node = createServer();
  const sockets = new WebSocketServer({ server: node });
  sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(`you said ${String(data)}`)));
  const { server, url } = await servingNode(node);
  const client = new WebSocket(url.replace("http:", "ws:"));
  await once(client, "open");
  client.send("hello");
  expect(String((await once(client, "message"))[0])).toBe("you said hello");
  client.close();
  await once(client, "close");
  await until(() => server.connections().length === 0, "the connection to end");
});

describe("a server that closes", () => {
  test("ends an idle connection", async () => {
    const { server, client: open } = await servingNode((_request, response) => response.end("hello"));
    const client = await open();
    client.write(getRequest());
    expect((await httpAnswerOf(client)).body).toBe("hello");
    const closed = server.close();
    expect(await restOf(client)).toBe("");
    await client.close();
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
  });

  test.for([
    ["request", "X-Expect: nothing", "before"],
    ["checkContinue", "Expect: 100-continue", "before"],
    ["checkContinue", "Expect: 100-continue", "behind"],
    ["checkExpectation", "Expect: something", "before"],
    ["checkExpectation", "Expect: something", "behind"],
  ] as const)("reads and answers an upload in progress: %s, %s, listener added %s", async ([event, line, when]) => {
    const node = createServer();
    const listen = (): void => {
      node.on(event, (request: IncomingMessage, response: ServerResponse) => {
        let bytes = 0;
        request.on("data", (piece: Buffer) => {
          bytes += piece.length;
        });
        request.on("end", () => response.end(String(bytes)));
      });
    };
    if (when === "before") listen();
    const { server, client: open } = await servingNode(node);
    if (when === "behind") listen();
    const client = await open();
    client.write(getRequest("/", [line, "Content-Length: 10"], "POST"));
    await until(() => server.connections().some(({ bytesRead }) => bytesRead > 0), "the head");
    const closed = server.close();
    for (const piece of ["12345", "67890"]) {
      client.write(piece);
      await client.flushed();
    }
    expect((await httpAnswerOf(client)).body).toBe("10");
    expect(await restOf(client)).toBe("");
    await client.close();
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
  });

  test("answers all requests pipelined before, even if the first answer takes long", async () => {
    const waiting: (() => void)[] = [];
    const { server, client: open } = await servingNode((request, response) => {
      waiting.push(() => response.end(request.url));
    });
    const client = await open();
    client.write(getRequest("/1") + getRequest("/2") + getRequest("/3"));
    await until(() => waiting.length === 3, "the requests");
    const closed = server.close();
    for (const answer of waiting.toReversed()) {
      await turn(3);
      answer();
    }
    for (const path of ["/1", "/2", "/3"]) expect((await httpAnswerOf(client)).body).toBe(path);
    expect(await restOf(client)).toBe("");
    await client.close();
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
  });
});

test("when the last listener of checkContinue is removed, node:http handles the event itself", async () => {
  const node = createServer((request, response) => request.resume().on("end", () => response.end("read")));
  const { client: open } = await servingNode(node);
  const refuse = (_request: IncomingMessage, response: ServerResponse): void => void response.writeHead(403).end();
  node.on("checkContinue", refuse);
  node.off("checkContinue", refuse);
  const client = await open();
  client.write(getRequest("/", ["Expect: 100-continue", "Content-Length: 1", "Connection: close"], "POST"));
  expect((await httpAnswerOf(client)).status).toBe(100);
  client.write("a");
  expect((await httpAnswerOf(client)).body).toBe("read");
  await client.close();
});

test("closing one of two servers leaves the program and the connections of the other alone", async () => {
  const node = createServer((_request, response) => response.end("hello"));
  const told: string[] = [];
  node.on("listening", () => told.push("begun"));
  const close = node.close.bind(node);
  node.close = (done) => {
    told.push("closed");
    return close(done);
  };
  const service = nodeHttp(node);
  const [one, other] = [
    await serving(service, {}, "http://127.0.0.1:0"),
    await serving(service, {}, "http://127.0.0.1:0"),
  ];
  const client = await connected(urlOf(other).replace("http:", "tcp:"));
  client.write(getRequest());
  expect((await httpAnswerOf(client)).body).toBe("hello");
  await one.close();
  expect(told).toEqual(["begun"]);
  client.write(getRequest());
  expect((await httpAnswerOf(client)).body).toBe("hello");
  await client.close();
  await other.close();
  expect(told).toEqual(["begun", "closed"]);
  await (await serving(service, {}, "http://127.0.0.1:0")).close();
  expect(told).toEqual(["begun", "closed", "begun", "closed"]);
});

test("a half-closed client is answered; one that then resets is noticed while the answer sends nothing", async () => {
  // Over node:net a reset is only noticed while reading.
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "native");
  const probes: unknown[] = [];
  let lose = (): void => undefined;
  const lost = new Promise<void>((resolve) => {
    lose = resolve;
  });
  const service = nodeHttp((request, response) => {
    response.write("begun");
    if (request.url === "/silent") response.once("close", lose);
    else request.socket.once("end", () => response.end("end"));
  });
  const server = await serving(watchExchanges(service, probes), {}, "http://127.0.0.1:0");
  const client = await connected(urlOf(server).replace("http:", "tcp:"));
  client.write(getRequest());
  await client.end();
  expect((await httpAnswerOf(client)).body).toBe("begunend");
  await client.close();

  const { port } = new URL(urlOf(server));
  const gone = connectSocket({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
  gone.end(getRequest("/silent"));
  await until(() => probes.length === 2, "the end of the second client");
  gone.resetAndDestroy();
  await lost;
  expect(probes).toEqual([
    [true, HALF_CLOSED_PROBE_MS],
    [true, HALF_CLOSED_PROBE_MS],
  ]);
});

test("a value that is not a listener is refused", () => {
  expect(() => nodeHttp({} as never)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  expect(() => nodeHttp(createServer(), {})).toThrow("must be left out");
});
