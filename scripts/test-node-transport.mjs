// Runs the tests of HTTP and of the web server over node:net and node:dgram in place of the kernel's sockets.
// `npm run test:node-transport -- test/behaviour/socketserver` runs other tests that way.
import { succeeds, vitest } from "./run.mjs";
import { overNode } from "./test-selections.mjs";

const named = process.argv.slice(2);
const passed = succeeds(process.execPath, [vitest, "run", ...(named.length > 0 ? named : overNode)], {
  SOCKWRIGHT_TRANSPORT: "node",
});
if (!passed) process.exitCode = 1;
