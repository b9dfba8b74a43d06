// R17: within one turn a handler closes other connections, and new sockets take their places at once. Events of the old
// sockets reach none of the new. This tests servers; test/behaviour/poller/stale-record.test.ts tests the poller.
import { expect, test } from "vitest";
import { type Socket, socketpair } from "../../src/index.ts";
import { type Connection, connect, serve } from "../../src/server.ts";
import { inPlace } from "./storms.ts";

const EVENTS = 2_000;
const SOCKETS = 64;

test("no event of a closed connection reaches the socket in its place", async () => {
  const fake = inPlace(undefined);
  let events = 0;
  let misdelivered = 0;
  let reused = 0;
  const fresh: Socket[] = [];
  const open = new Set<Connection>();
  await using server = await serve("unix:@stale", (connection) => {
    open.add(connection);
    return connection.onBytes(() => {
      events++;
      if (!open.has(connection)) misdelivered++;
      // The next connection has an event in this turn: a socket with nothing to read takes its place.
      open.delete(connection);
      const [victim] = open;
      if (victim === undefined) return;
      open.delete(victim);
      victim.abort();
      const pair = socketpair();
      fresh.push(...pair);
      reused++;
      for (const each of pair) {
        void each.readable().then(
          () => misdelivered++,
          () => undefined,
        );
      }
    });
  });
  while (events < EVENTS) {
    const clients = await Promise.all(Array.from({ length: SOCKETS }, () => connect(server.urls[0] ?? "")));
    while (open.size < SOCKETS) await new Promise(setImmediate);
    for (const client of clients) client.write("x");
    while (open.size > 0) await new Promise(setImmediate);
    for (const each of fresh.splice(0)) each.close();
    for (const client of clients) client.abort();
    while (server.connections().length > 0) await new Promise(setImmediate);
    open.clear();
  }
  expect(misdelivered).toBe(0);
  expect(reused).toBeGreaterThan(EVENTS / 4);
  // The listener, and the server's spare descriptor.
  expect(fake.openSockets).toBe(2);
});
