// Starts a server when no descriptor is left for epoll; it answers once some are free. Prints the errors that onError
// received.
import { closeSync, openSync } from "node:fs";
import { mock } from "node:test";
import { setImmediate } from "node:timers/promises";
import { connect, serve } from "sockwright/server";

/** A listener without a descriptor tries again after each pause, which is at most 100 ms. */
const PAUSES = 10;

/** @type {number[]} */
const taken = [];
// Imported before the descriptors are used up: a server imports these modules when it opens.
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
// The test moves the clock, so a retry runs at once.
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
