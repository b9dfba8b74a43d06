// @ts-check
// Loses the only reference to a client's connection, and runs the collector until the loss is reported.
import { setImmediate } from "node:timers/promises";
import { connect, serve } from "sockwright/server";

const noticed = new AbortController();
process.on("warning", ({ name, message, ...rest }) => {
  console.log(name, Reflect.get(rest, "code"), message);
  noticed.abort();
});

async function lose() {
  const server = await serve("tcp://127.0.0.1:0", async (connection) => {
    await connection.read();
  });
  await connect(server.urls[0] ?? "");
  return server;
}

const server = await lose();
while (!noticed.signal.aborted) {
  globalThis.gc?.();
  await setImmediate();
}
await server.close({ graceMs: 0 });
