// A connection that continues with another protocol.
import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import type { HttpAnswer } from "../../../src/http.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import { connected } from "../../support/connected.ts";
import { echoingPages } from "../../support/echoing-pages.ts";
import { getRequest, httpAnswerOf, httpServing, restOf } from "../../support/http-talk.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

const UPGRADE = ["Connection: Upgrade", "Upgrade: shout"];

async function shout(connection: Connection): Promise<void> {
  for await (const piece of connection) connection.write(String(piece).toUpperCase());
}

const upgrade = (): HttpAnswer => ({ status: 101, headers: { Upgrade: "shout" }, upgrade: shout });

test.for(["at once", "later"])("after 101, all bytes belong to the other protocol: %s", async (when) => {
  const { server, exchanges } = await httpServing(async (request) => {
    if (request.path === "/") return {};
    if (when === "later") await turn();
    return upgrade();
  });
  const client = await connected(server);
  client.write(`${getRequest()}${getRequest("/shout", UPGRADE)}hello`);
  expect((await httpAnswerOf(client)).status).toBe(200);
  const { status, headers } = await httpAnswerOf(client);
  expect([status, headers["connection"], headers["upgrade"]]).toEqual([101, "Upgrade", "shout"]);
  expect(Object.keys(headers).sort()).toEqual(["connection", "upgrade"]);
  expect(String(await client.readExactly(5))).toBe("HELLO");
  client.write("again");
  expect(String(await client.readExactly(5))).toBe("AGAIN");
  await client.end();
  expect(await restOf(client)).toBe("");
  expect(exchanges.map((exchange) => exchange.status)).toEqual([200, 101]);
});

test("a connection is closed when its protocol returns, and reset and reported when it throws", async () => {
  const { server, errors } = await httpServing((request) => ({
    ...upgrade(),
    upgrade: (connection: Connection) => {
      if (request.path === "/fails") throw new Error("no shouting");
      connection.write("bye");
    },
  }));
  const client = await connected(server);
  client.write(getRequest("/", UPGRADE));
  expect((await httpAnswerOf(client)).status).toBe(101);
  expect(await restOf(client)).toBe("bye");
  const other = await connected(server);
  other.write(getRequest("/fails", UPGRADE));
  await expect(restOf(other)).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(errors.map(String)).toEqual(["Error: no shouting"]);
});

test("a server that closes ends the protocol's input", async () => {
  const { server } = await httpServing(upgrade);
  const client = await connected(server);
  client.write(getRequest("/", UPGRADE));
  await httpAnswerOf(client);
  const closed = server.close();
  expect(await restOf(client)).toBe("");
  expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
});

test.for([
  ["HTTP/1.0", "GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n"],
  ["Upgrade that Connection does not name", getRequest("/", ["Upgrade: shout"])],
  ["a body that was not read", getRequest("/", [...UPGRADE, "Content-Length: 2"], "POST")],
] as const)("%s is no upgrade: 500", async ([, request]) => {
  const { server, errors } = await httpServing(upgrade);
  const client = await connected(server);
  client.write(request);
  expect((await httpAnswerOf(client)).status).toBe(500);
  await client.end();
  expect(errors).toEqual([expect.objectContaining({ code: "ERR_SOCKWRIGHT_HTTP_UPGRADE" })]);
});

test("an upgrade that the handler ignores is answered as an ordinary request", async () => {
  const { server } = await httpServing((request) => ({ body: String(request.upgrade) }));
  const client = await connected(server);
  client.write(getRequest("/", UPGRADE) + getRequest());
  expect((await httpAnswerOf(client)).body).toBe("shout");
  expect((await httpAnswerOf(client)).body).toBe("undefined");
});

test("a connection that is taken over: the server writes nothing, and bytes after the head are not lost", async () => {
  const { server, exchanges } = await httpServing(() => ({
    takeOver: async (connection) => {
      connection.write(await connection.readExactly(5));
    },
  }));
  const client = await connected(server);
  client.write(`${getRequest()}hello`);
  expect(await restOf(client)).toBe("hello");
  expect(exchanges[0]).toMatchObject({ status: 0 });
});

test("ws takes a connection over", async () => {
  const server = await serving(echoingPages());
  const client = new WebSocket(urlOf(server).replace("tcp:", "ws:"));
  await once(client, "open");
  for (const message of ["hello", Buffer.alloc(200_000, "x")]) {
    client.send(message);
    const [data] = (await once(client, "message")) as [Buffer];
    expect(data.equals(Buffer.from(message))).toBe(true);
  }
  client.close(4_000, "enough");
  expect((await once(client, "close"))[0]).toBe(4_000);
  await until(() => server.connections().length === 0, "the connection to end");
});
