// @ts-check
// Binds a path, and connects to one, in a folder of another user, through node:net and through Sockwright, and writes
// both errors of each as JSON. Usage: listen-without-permission.mjs FOLDER

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { AF_UNIX, socket } from "sockwright";
import { shown } from "./shown.mjs";

/** The user nobody of Debian; root has every permission. */
const NOBODY = 65534;

if (process.getuid?.() === 0) process.setuid?.(NOBODY);
const path = join(process.argv[2] ?? "", "socket");
const ours = socket(AF_UNIX);

let refused;
try {
  ours.bind({ path });
} catch (error) {
  refused = error;
}
const [nodesRefused] = await once(createServer().listen(path), "error");
console.log(JSON.stringify({ ours: shown(refused), nodes: shown(nodesRefused) }));

const unreached = await ours.connect({ path }).catch((/** @type {unknown} */ error) => error);
const [nodesUnreached] = await once(connect(path), "error");
console.log(JSON.stringify({ ours: shown(unreached), nodes: shown(nodesUnreached) }));
ours.close();
