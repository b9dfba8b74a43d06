import { readdirSync } from "node:fs";

/** The tests of behaviour, but for those of whole programs and of the heap: those reach the addon by what the others call. */
const behaviour = readdirSync("test/behaviour")
  .filter((file) => file.endsWith(".test.ts") && !file.startsWith("command-") && file !== "churn-heap.test.ts")
  .map((file) => `test/behaviour/${file}`);

/**
 * What is run again under the sanitizers: all that reaches the addon. Whole programs make the same calls as the tests of
 * the layers, and pure TypeScript has no memory to lose.
 */
export const sanitized = [
  "test/native",
  "test/poller",
  "test/socket",
  "test/limits",
  "test/input/buffers",
  "test/input/arguments",
  "test/errors",
  "test/fuzz/control-message",
  "test/model",
  "test/server/native-link",
  "test/server/inherited",
  "test/server/serve-descriptors",
  "test/server/connection-file",
  "test/server/peer-credentials",
  ...behaviour,
  "test/unit/native",
  "test/unit/socket",
];

/**
 * What is run again on each later version of Node: the addon, the poller and the transports, which are what a version can
 * break, and the examples.
 */
export const onEachNode = [
  "test/native",
  "test/poller",
  "test/server/native-link",
  "test/server/node-link",
  "test/server/connection.test",
  "test/server/listeners",
  "test/server/inherited",
  "test/server/datagram-close",
  "test/socket/serve.test",
  "test/socket/few-descriptors",
  "test/unit/native",
  "test/unit/server/transport",
  "test/docs/examples",
  "test/examples/conversations",
];
