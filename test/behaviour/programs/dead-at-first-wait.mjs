// Serves where no descriptor is left for epoll, and answers once there are some again. Prints what onError was told.
import { closeSync, openSync } from "node:fs";
import { connect, serve } from "sockwright/server";

/** @type {number[]} */
const taken = [];
// Loaded before, since a server loads them when it opens.
for (const module of ["transport/native-transport", "opening/bind-socket"]) {
  await import(new URL(`../../../dist/server/${module}.js`, import.meta.url).href);
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
const server = await serve(url, service, {
  onError: (error) => errors.push(error instanceof Error && "code" in error && error.code),
});
const live = server.urls.length;
await new Promise((resolve) => setTimeout(resolve, 250));
for (const descriptor of taken) closeSync(descriptor);
const client = await connect(server.urls[0] ?? "");
client.write("ping");
console.log(`live ${live}, errors ${errors.join(" ")}, answer ${await client.read()}`);
client.abort();
await server.close({ graceMs: 0 });
