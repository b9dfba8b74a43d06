// Serves where no descriptor is left for epoll, and answers once there are some again. Prints what onError was told.
import { closeSync, openSync } from "node:fs";
import { mock } from "node:test";
import { setImmediate } from "node:timers/promises";
import { connect, serve } from "sockwright/server";

/** Pauses of a listener that has no descriptor: it tries again after each, of 100 ms at most. */
const PAUSES = 10;

/** @type {number[]} */
const taken = [];
// Loaded before, since a server loads them when it opens.
for (const module of ["transport/native-transport", "opening/bind-socket"]) {
  await import(new URL(`../../../../dist/server/${module}.js`, import.meta.url).href);
}
const [url = "", first] = process.argv.slice(2);
/** @type {import("sockwright/server").Service} */
const service = {
  name: "echo",
  stream: async (connection) => {
    for await (const piece of connection) connection.write(piece);
  },
  datagram: ({ data, reply }) => void reply(data),
};
/** @type {unknown[]} */
const errors = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  for (let left = 0; left < Number(first); left++) closeSync(taken.pop() ?? 0);
}
// The clock is the test's: what is tried again is tried at once.
mock.timers.enable({ apis: ["setTimeout"] });
const server = await serve(url, service, {
  onError: (error) => errors.push(error instanceof Error && "code" in error && error.code),
});
const live = server.urls.length;
await pass(PAUSES);
for (const descriptor of taken) closeSync(descriptor);
await pass(1);
mock.timers.reset();
const client = await connect(server.urls[0] ?? "");
client.write("ping");
console.log(`live ${live}, errors ${errors.join(" ")}, answer ${await client.read()}`);
client.abort();
await server.close({ graceMs: 0 });

/** @param {number} pauses */
async function pass(pauses) {
  for (let each = 0; each < pauses; each++) {
    mock.timers.tick(100);
    await setImmediate();
  }
}
