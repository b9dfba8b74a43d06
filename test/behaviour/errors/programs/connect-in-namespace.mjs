// @ts-check
// Connects to each given address, through node:net and through Sockwright, and writes both errors as JSON.
// Usage: connect-in-namespace.mjs HOST...

import { once } from "node:events";
import { connect } from "node:net";
import { AF_INET, AF_INET6, socket } from "sockwright";
import { shown } from "./shown.mjs";

const PORT = 4321;

/** @param {string} host */
async function ourError(host) {
  const client = socket(host.includes(":") ? AF_INET6 : AF_INET);
  try {
    await client.connect({ host, port: PORT });
    return undefined;
  } catch (error) {
    return error;
  } finally {
    client.close();
  }
}

/** @param {string} host */
async function nodesError(host) {
  const [error] = await once(connect({ host, port: PORT }), "error");
  return error;
}

for (const host of process.argv.slice(2)) {
  const [ours, nodes] = await Promise.all([ourError(host), nodesError(host)]);
  console.log(JSON.stringify({ ours: shown(ours), nodes: shown(nodes) }));
}
