// @ts-check
// What a server's heap grows to while connections come and go, without a forced collection but the first: the largest
// `heapTotal`. A `Set` of connections kept nearly every closed one, since V8's old tables point to the newer ones.
//   node --expose-gc bench/churn-heap.mjs --connections 1000000
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { parseArgs } from "node:util";
import { serve } from "../dist/server.js";

/** Connections that a client has open at one time. */
const AT_ONCE = 50;
/** Loopback addresses that it comes from: the ports of one are used up by those that wait for their time to pass. */
const ADDRESSES = 250;
const MESSAGE = Buffer.alloc(64, "x");

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1000000" },
    "max-mb": { type: "string" },
    client: { type: "string" },
  },
});

if (values.client === undefined) await serveAll();
else await visit(Number(values.client), Number(values.connections));

async function serveAll() {
  const server = await serve("tcp://127.0.0.1:0", {
    name: "churn",
    stream: (connection) => connection.onBytes((bytes) => void connection.write(bytes)),
  });
  const client = fork(new URL(import.meta.url), [
    ...["--client", new URL(server.urls[0] ?? "").port, "--connections", values.connections],
  ]);
  const ended = once(client, "exit");
  let mostBytes = 0;
  let collections = 0;
  const watch = setInterval(() => {
    const { connectionsAccepted } = server.stats();
    // What has lived through one full collection is in the old space from then on.
    if (collections === 0 && connectionsAccepted > 500) {
      globalThis.gc?.();
      collections++;
    }
    mostBytes = Math.max(mostBytes, process.memoryUsage().heapTotal);
  }, 20);
  const [code] = await ended;
  clearInterval(watch);
  const { connectionsAccepted } = server.stats();
  await server.close({ graceMs: 0 });
  const mb = mostBytes / 1_000_000;
  console.log(`churn-heap: ${connectionsAccepted} connections, heapTotal at most ${mb.toFixed(1)} MB`);
  const isTooMuch = values["max-mb"] !== undefined && mb > Number(values["max-mb"]);
  process.exitCode = code !== 0 || collections === 0 || isTooMuch ? 1 : 0;
}

/**
 * @param {number} port
 * @param {number} connections
 */
async function visit(port, connections) {
  let begun = 0;
  async function next() {
    while (begun < connections) {
      const localAddress = `127.0.0.${1 + (begun++ % ADDRESSES)}`;
      const socket = connect({ port, host: "127.0.0.1", localAddress });
      socket.once("data", () => socket.end());
      socket.write(MESSAGE);
      await once(socket, "close");
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, connections) }, next));
  process.disconnect();
}
