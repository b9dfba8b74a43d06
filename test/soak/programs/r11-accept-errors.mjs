// @ts-check
// R10 and R11. Every transient error of accept(2), from a replaced kernel function: after most of them, the next
// connection is served; after an error of memory, the server pauses; after one of descriptors, it sheds clients and
// counts them.
import { constants } from "node:os";
import { Visitor } from "../crowd.mjs";
import { replace } from "../kernel.mjs";
import { echoBytes, serveHere, until } from "../loopback.mjs";
import { part } from "../options.mjs";
import { Report } from "../report.mjs";

const timesOfEach = part(1_000);
const timesOfNone = part(2_500);
const AT_ONCE = 50;

// Node's constants lack two of them.
const errno = { ...constants.errno, ENONET: 64, EHOSTDOWN: 112 };
const TRANSIENT = /** @type {const} */ ([
  "ENETDOWN",
  "EPROTO",
  "ENOPROTOOPT",
  "EHOSTDOWN",
  "ENONET",
  "EHOSTUNREACH",
  "EOPNOTSUPP",
  "ENETUNREACH",
  "ETIMEDOUT",
  "ECONNABORTED",
  "EPERM",
  "EAGAIN",
]);
const OUT_OF_MEMORY = /** @type {const} */ (["ENOBUFS", "ENOMEM"]);
const OUT_OF_DESCRIPTORS = /** @type {const} */ (["EMFILE", "ENFILE"]);

/** By the slot of the listener: the next error of accept(2), used once. */
/** @type {Map<number, number>} */
const next = new Map();
/** @type {Set<number>} */
const listeners = new Set();
const restoreListen = replace("listen", (listen) => (slot, ...rest) => {
  listeners.add(slot);
  return listen(slot, ...rest);
});
const restore = replace("accept", (accept) => (slot, ...rest) => {
  const fault = next.get(slot);
  if (fault === undefined) return accept(slot, ...rest);
  next.delete(slot);
  return -fault;
});

const servers = await Promise.all(Array.from({ length: AT_ONCE }, () => serveHere(echoBytes)));
restoreListen();
const slots = [...listeners];

/**
 * Makes accept(2) of each server fail once; returns how many of the clients that connected then were served.
 * @param {keyof typeof errno} code
 * @param {number} times
 */
async function fail(code, times) {
  let served = 0;
  for (let left = times; left > 0; left -= AT_ONCE) {
    const round = servers.slice(0, left);
    // The slots are in the order of the servers' binds, but any order would do: each listener gets one error.
    for (const slot of slots.slice(0, AT_ONCE)) next.set(slot, errno[code]);
    const visitors = round.map(({ port }) => new Visitor(port));
    const echoes = await Promise.all(visitors.map((visitor) => visitor.echo("hello")));
    served += echoes.filter(Boolean).length;
    await Promise.all(visitors.map((visitor) => visitor.leave()));
    next.clear();
  }
  return served;
}

/** @param {string} code */
const told = (code) => servers.reduce((sum, { server }) => sum + (server.stats().acceptErrors[code] ?? 0), 0);

const report = new Report(
  `R10 and R11: each transient error of accept(2) × ${timesOfEach}, those of no room × ${timesOfNone * 4}`,
);
for (const code of TRANSIENT) {
  report.exactly(`served in spite of ${code}`, await fail(code, timesOfEach), timesOfEach);
  const name = code === "EOPNOTSUPP" ? "ENOTSUP" : code;
  report.exactly(`${code} told`, told(name), code === "EAGAIN" ? 0 : timesOfEach);
}
for (const code of OUT_OF_MEMORY) {
  report.exactly(`served in spite of ${code}`, await fail(code, timesOfNone), timesOfNone);
  report.exactly(`${code} told`, told(code), timesOfNone);
}
for (const code of OUT_OF_DESCRIPTORS) {
  report.exactly(`served at ${code}, by means of the spare descriptor`, await fail(code, timesOfNone), 0);
  report.exactly(`${code} told`, told(code), timesOfNone);
}
const refused = servers.reduce((sum, { server }) => sum + server.stats().connectionsRefused["out-of-descriptors"], 0);
report.exactly("clients shed with a reset", refused, timesOfNone * 2);
restore();
report.exactly("servers that serve", await fail("EAGAIN", AT_ONCE), AT_ONCE);
await until(() => servers.every(({ server }) => server.connections().length === 0));
await Promise.all(servers.map(({ server }) => server.close()));
report.end();
