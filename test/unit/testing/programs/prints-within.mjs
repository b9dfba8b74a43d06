// @ts-check
// Makes a leak tracker, then prints and opens a stream for the first time in this process, and writes the leaks that it
// reports.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { leakTracker } from "sockwright/testing";

const [report = ""] = process.argv.slice(2);
const tracker = leakTracker({ patienceMs: 20_000 });
console.log("printed");
console.error("printed");
const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
server.close();
await once(server, "close");
await tracker.assertNone().catch(() => undefined);
writeFileSync(report, JSON.stringify(tracker.leaks()));
