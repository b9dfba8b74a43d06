// @ts-check
// Opens connections to a web server and holds them, in a process of its own; each has had one GET before it goes idle.
// Usage: hold-http.mjs --port PORT --connections N --from 127.0.0.2 --path PATH
// Prints `held`. Then, for each line of its input, every connection has one GET more; a line of JSON, an EchoResult, tells
// how many of them got no answer, or another one than the first. Ends when its input does.
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { readAnswer, shortRequest } from "./web-exchange.mjs";

/** As in hold.mjs: fewer than any server's backlog. */
const AT_ONCE = 100;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "" },
    connections: { type: "string", default: "1" },
    from: { type: "string", default: "127.0.0.2" },
    path: { type: "string", default: "/" },
  },
});
const request = shortRequest(values.path);

async function open() {
  const socket = connect({ host: "127.0.0.1", port: Number(values.port), localAddress: values.from });
  await once(socket, "connect");
  // Without a listener a reset would end this process; the next GET tells that the connection is lost.
  socket.on("error", () => {});
  return socket;
}

/** @param {import("node:net").Socket} socket */
async function get(socket) {
  socket.write(request);
  const answer = await readAnswer(socket);
  return answer.toString("latin1").replace(/^Date: .*$/m, "");
}

/**
 * @param {readonly import("node:net").Socket[]} sockets
 * @param {string} expected
 */
async function getOnEach(sockets, expected) {
  const result = { lost: 0, wrong: 0, milliseconds: [] };
  for (const answer of await Promise.allSettled(sockets.map(get))) {
    if (answer.status === "rejected") result.lost += 1;
    else if (answer.value !== expected) result.wrong += 1;
  }
  return result;
}

const probe = await open();
const first = await get(probe);
probe.destroy();
if (!first.startsWith("HTTP/1.1 200 ")) throw new Error(`no page: ${first}`);

/** @type {import("node:net").Socket[]} */
const held = [];
const connections = Number(values.connections);
while (held.length < connections) {
  const group = await Promise.all(Array.from({ length: Math.min(AT_ONCE, connections - held.length) }, open));
  const { lost, wrong } = await getOnEach(group, first);
  if (lost + wrong > 0) throw new Error(`${lost} connections lost, ${wrong} with another answer`);
  held.push(...group);
}
console.log("held");
for await (const _ of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await getOnEach(held, first)));
process.exit();
