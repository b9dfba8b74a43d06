// @ts-check
import { withConnections } from "./held-connections.mjs";
import { COLLECTING, collectedMemory } from "./server-memory.mjs";
import { startServer } from "./server-process.mjs";

/**
 * What a server's memory grows by for each idle connection, in a fresh process.
 * @param {readonly string[]} command of Node
 * @param {import("./held-connections.mjs").Exchange} exchange
 * @param {{ connections: number, warming: number, idleSeconds: number }} options `warming`: so many come and go before
 * @returns {Promise<import("./server-memory.mjs").Memory>}
 */
export async function connectionMemory(command, exchange, { connections, warming, idleSeconds }) {
  const [node, ...args] = command;
  const server = await startServer([String(node), ...COLLECTING, ...args]);
  try {
    await withConnections(server, warming, exchange, async () => {});
    const before = await collectedMemory(server, idleSeconds);
    const after = await withConnections(server, connections, exchange, async (clients) => {
      const memory = await collectedMemory(server, idleSeconds);
      const { lost, wrong } = exchange === "none" ? { lost: 0, wrong: 0 } : await clients.all();
      if (lost + wrong > 0) throw new Error(`${lost} connections lost, ${wrong} with wrong bytes`);
      return memory;
    });
    return {
      resident: (after.resident - before.resident) / connections,
      heap: (after.heap - before.heap) / connections,
      young: (after.young - before.young) / connections,
    };
  } finally {
    await server.stop();
  }
}
