// @ts-check
// R12. An error of one datagram affects only this datagram: no buffers, no permission, too long, no receiver. The
// socket stays open, and each answer is accounted for.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { constants } from "node:os";
import { AF_INET, SOCK_DGRAM, socket } from "sockwright";
import { replace } from "../kernel.mjs";
import { serveHere, until } from "../loopback.mjs";
import { part } from "../options.mjs";
import { Report } from "../report.mjs";

const rounds = part(1_000);
const MAX_DATAGRAM_BYTES = 65_507;
const FAULTS = /** @type {const} */ (["ENOBUFS", "EPERM", "ECONNREFUSED", "EMSGSIZE", "EINVAL", "EAGAIN"]);

/** The outcome of each reply: sent, dropped for lack of buffer space, or an error. */
/** @type {Map<string, number>} */
const outcomes = new Map();
/** @param {string} outcome */
const count = (outcome) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);

/** @type {unknown[]} */
const listenerErrors = [];
const { server, url } = await serveHere(
  {
    name: "replies",
    datagram: ({ data, reply }) => {
      const text = String(data);
      try {
        count(reply(text === "too long" ? Buffer.alloc(MAX_DATAGRAM_BYTES + 1) : text) ? "sent" : "dropped");
      } catch (error) {
        count(String(Reflect.get(Object(error), "code")));
      }
    },
  },
  { onError: (error) => listenerErrors.push(error) },
  "udp://127.0.0.1:0",
);
const port = Number(new URL(url).port);

const client = createSocket("udp4");
let heard = 0;
client.on("message", () => heard++);
client.bind(0, "127.0.0.1");
await once(client, "listening");
/** @param {string} text */
const say = (text) => {
  client.send(text, port, "127.0.0.1");
};
let said = 0;
/** @param {string} text */
async function answered(text) {
  say(text);
  said++;
  await until(() => server.stats().datagramsReceived === said);
}

const report = new Report(`R12: errors of a datagram's send × ${rounds}`);

/** @type {number | undefined} */
let fault;
const restore = replace("sendto", (sendto) => (...args) => {
  if (fault === undefined) return sendto(...args);
  const result = -fault;
  fault = undefined;
  return result;
});
const { errno } = constants;
let good = 0;
for (let round = 0; round < rounds; round++) {
  for (const code of FAULTS) {
    fault = errno[code];
    await answered("fails");
    await answered("good");
    good++;
  }
}
restore();
// ECONNREFUSED reports an earlier reply, so the server sends this one again. All others return false, and none throws.
good += rounds;
report.exactly("replies that returned false", outcomes.get("dropped") ?? 0, (FAULTS.length - 1) * rounds);
const told = listenerErrors.map((error) => String(Reflect.get(Object(error), "code")));
for (const code of ["EPERM", "EINVAL"]) {
  report.exactly(`${code}, told to onError`, told.filter((each) => each === code).length, rounds);
}

for (let round = 0; round < rounds; round++) {
  await answered("too long");
  await answered("good");
  good++;
}
report.exactly("and those that are too long", outcomes.get("dropped") ?? 0, FAULTS.length * rounds);

// A reply to a closed port: an ICMP error arrives later, and concerns another peer.
for (let round = 0; round < rounds; round++) {
  const gone = createSocket("udp4");
  gone.send("gone", port, "127.0.0.1");
  await once(gone, "listening");
  await new Promise((resolve) => setImmediate(resolve));
  const received = server.stats().datagramsReceived;
  gone.close();
  await until(() => server.stats().datagramsReceived > Math.max(said, received - 1) || received > said);
  said = server.stats().datagramsReceived;
  await answered("good");
  good++;
}
await until(() => heard >= good);
report.exactly("good ones answered", heard, good);
const accounted = [...outcomes.values()].reduce((sum, value) => sum + value, 0);
report.exactly("outcomes told, for datagrams received", accounted, server.stats().datagramsReceived);
report.exactly("errors told to onError, and no others", listenerErrors.length, 2 * rounds);

// A connected socket of layer 1 reports the ICMP error in one call, and continues.
const closed = createSocket("udp4");
closed.bind(0, "127.0.0.1");
await once(closed, "listening");
const nobody = closed.address().port;
closed.close();
const connected = socket(AF_INET, SOCK_DGRAM);
await connected.connect({ host: "127.0.0.1", port: nobody });
let refused = 0;
for (let round = 0; round < rounds; round++) {
  await connected.send("x");
  try {
    await connected.recv(16);
  } catch (error) {
    if (Reflect.get(Object(error), "code") === "ECONNREFUSED") refused++;
  }
}
report.exactly("refusals told by a connected socket", refused, rounds);
await connected.connect({ host: "127.0.0.1", port });
await connected.send("good");
report.exactly("and it serves another peer", String(await connected.recv(16)) === "good" ? 1 : 0, 1);
connected.close();
client.close();
await server.close();
report.end();
