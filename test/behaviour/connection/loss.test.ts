// The signal of a connection reports a loss, even if nobody reads from the connection.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Connection } from "../../../src/server.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

async function idle(options = {}) {
  const opened: Connection[] = [];
  const server = await serving(async (each) => {
    opened.push(each);
    await new Promise((resolve) => each.signal.addEventListener("abort", resolve));
  }, options);
  const socket = connectSocket({ port: Number(new URL(urlOf(server)).port), host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  await until(() => opened.length === 1, "the connection");
  const [connection] = opened;
  if (connection === undefined) throw new Error("no connection");
  return { connection, socket, server };
}

test.each([{}, { idleTimeoutMs: 60_000 }])("a reset before the first read aborts the signal: %j", async (options) => {
  const { connection, socket } = await idle(options);
  socket.resetAndDestroy();
  await until(() => connection.signal.aborted, "the signal");
  expect(connection.signal.reason).toMatchObject({ code: "ECONNRESET" });
});

test("bytes that arrived before the reset can still be read", async () => {
  const { connection, socket } = await idle();
  await new Promise((resolve) => socket.write("last words", resolve));
  await turn(20);
  socket.resetAndDestroy();
  await until(() => connection.signal.aborted, "the signal");
  expect(String(await connection.read())).toBe("last words");
  await expect(connection.read()).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("a half-close is not a loss, and neither is the end of both directions", async () => {
  const { connection, socket } = await idle();
  socket.end("bye");
  await turn(50);
  expect(connection.signal.aborted).toBe(false);
  await connection.end();
  await once(socket.resume(), "end");
  await turn(50);
  expect(connection.signal.aborted).toBe(false);
  expect(String(await connection.read())).toBe("bye");
  expect(await connection.read()).toBeUndefined();
  connection.abort();
});

test("a Unix peer that closes with bytes unread aborts the signal", async () => {
  const url = `unix:@sockwright-${randomUUID()}`;
  const opened: Connection[] = [];
  const server = await serving(
    async (each) => {
      each.write("unread");
      opened.push(each);
      await new Promise((resolve) => each.signal.addEventListener("abort", resolve));
    },
    {},
    url,
  );
  const { connect } = await import("../../../src/server.ts");
  const client = await connect(urlOf(server));
  await until(() => (opened[0]?.stats().bytesWritten ?? 0) === 6, "the write");
  client.abort();
  await until(() => opened[0]?.signal.aborted === true, "the signal");
  expect(opened[0]?.signal.reason).toMatchObject({ code: "ECONNRESET" });
});
