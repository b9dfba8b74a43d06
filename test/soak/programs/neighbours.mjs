// @ts-check
// Handlers that throw, promises that reject after their socket has closed, and peers that flood: other connections do
// not notice.
import { channel } from "node:diagnostics_channel";
import { scaleFromArguments } from "../options.mjs";
import { echo, reportQuiet, serveOnLoopback, talkQuietly } from "../quiet.mjs";
import { Report } from "../report.mjs";
import { startTool } from "../tool.mjs";

const scale = scaleFromArguments();
const quiet = { connections: 50, messages: Math.ceil(100 * scale), periodMs: 50 };
const expected = quiet.connections * quiet.messages;
const visits = Math.ceil(5_000 * scale);

/** @type {Map<string, number>} */
const published = new Map();
channel("sockwright:serve:error").subscribe((message) => {
  const { error } = /** @type {{ error: Error }} */ (message);
  published.set(error.message, (published.get(error.message) ?? 0) + 1);
});
let unhandled = 0;
process.on("uncaughtException", () => unhandled++);

const THROWN = "thrown by the handler";
const LATE = "rejected after the socket had closed";

/** @type {Record<string, { how: string, session: (peer: import("sockwright").Socket) => Promise<void> }>} */
const disturbances = {
  "handlers that throw": {
    how: "visit",
    session: async (peer) => {
      await peer.recv(16);
      throw new Error(THROWN);
    },
  },
  "handlers that reject after their socket has closed": {
    how: "visit",
    session: async (peer) => {
      await peer.recv(16);
      peer.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new Error(LATE);
    },
  },
  "calls that nobody awaits": {
    how: "visit",
    session: async (peer) => {
      await peer.recv(16);
      void peer.recv(16);
    },
  },
  "a peer that floods": {
    how: "flood",
    session: async (peer) => {
      while ((await peer.recv(64 * 1024)).length > 0);
    },
  },
  "a peer that floods with requests and reads no answer": { how: "glut", session: echo },
};

const report = new Report("Neighbours that fail or flood, beside 50 quiet connections");
const server = serveOnLoopback(echo);
reportQuiet(report, "nothing", await talkQuietly(server.port, quiet), expected);
for (const [name, { how, session }] of Object.entries(disturbances)) {
  const disturbed = serveOnLoopback(session);
  const peer = startTool("disturb", [how, visits, disturbed.port]);
  if (how !== "visit") await peer.line();
  const result = await talkQuietly(server.port, quiet);
  if (how !== "visit") peer.kill();
  await peer.ended;
  reportQuiet(report, name, result, expected);
  await disturbed.close();
}
// By then, the late promises have rejected.
await new Promise((resolve) => setTimeout(resolve, 50));
report.exactly(`published: ${THROWN}`, published.get(THROWN) ?? 0, visits);
report.exactly(`published: ${LATE}`, published.get(LATE) ?? 0, visits);
report.exactly("errors that nobody caught", unhandled, 0);
await server.close();
report.end();
