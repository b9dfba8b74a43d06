// Programs of node:http as a service: functions, Express, ws.
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import express from "express";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { nodeHttp } from "../../../src/http.ts";
import { connected } from "../../support/connected.ts";
import { answerOf, get, restOf } from "../../support/http-talk.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { until } from "../../support/until.ts";

const CLOSE = { Connection: "close" };

async function servingNode(listener: Parameters<typeof nodeHttp>[0], options?: Parameters<typeof nodeHttp>[1]) {
  const server = await serving(nodeHttp(listener, options), {}, "http://127.0.0.1:0");
  const url = urlOf(server);
  return { server, url, client: () => connected(url.replace("http:", "tcp:")) };
}

test("a function for requests, with options of createServer", async () => {
  const { url } = await servingNode((request, response) => response.end(request.url), { maxHeaderSize: 1_000 });
  expect(await (await fetch(`${url}/path`, { headers: CLOSE })).text()).toBe("/path");
  expect((await fetch(url, { headers: { ...CLOSE, "X-A": "x".repeat(2_000) } })).status).toBe(431);
});

test("an app of Express", async () => {
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

test("ws on a server of node:http", async () => {
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
    client.write(get());
    expect((await answerOf(client)).body).toBe("hello");
    const closed = server.close();
    expect(await restOf(client)).toBe("");
    await client.close();
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
  });

  test("has an upload in progress read, and answered", async () => {
    const { server, client: open } = await servingNode(async (request, response) => {
      let bytes = 0;
      for await (const piece of request) bytes += (piece as Buffer).length;
      response.end(String(bytes));
    });
    const client = await open();
    client.write(get("/", ["Content-Length: 10"], "POST"));
    await until(() => server.connections().some(({ bytesRead }) => bytesRead > 0), "the head");
    const closed = server.close();
    for (const piece of ["12345", "67890"]) {
      client.write(piece);
      await client.flushed();
    }
    expect((await answerOf(client)).body).toBe("10");
    expect(await restOf(client)).toBe("");
    await client.close();
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
  });
});

test("what is no listener is refused", () => {
  expect(() => nodeHttp({} as never)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  expect(() => nodeHttp(createServer(), {})).toThrow("must be left out");
});
