// @ts-check
// The members of a chat: `chat-members.mjs PORT MEMBERS MESSAGES_PER_SECOND`. For each line of its input, a number of seconds, it measures so
// long, and writes the latencies and the number of messages as one line of JSON. Messages carry the time at which they were sent.
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

const [port = 0, count = 0, perSecond = 0] = process.argv.slice(2).map(Number);
/** Joined at one time: each that joins is told to all who are there. */
const JOINING = 50;
const LF = 10;

/** One of so many members looks at what it gets; the others take it, in memory that they share. */
const LISTENING = 20;

/** @type {number[]} */
let latencies = [];
let isMeasuring = false;
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** @param {Buffer} line */
function took(line) {
  const sentMs = Number(line.subarray(line.indexOf(" ") + 1).toString("latin1"));
  if (isMeasuring) latencies.push(performance.now() - sentMs);
}

/** @param {number} number */
async function join(number) {
  const isListening = number % LISTENING === 0;
  let rest = Buffer.alloc(0);
  /** @type {() => void} */
  let joined = () => undefined;
  const welcome = new Promise((resolve) => {
    joined = () => resolve(undefined);
  });
  let isJoined = false;
  /** @param {Uint8Array} bytes */
  const take = (bytes) => {
    if (isJoined && !isListening) return;
    let all = Buffer.concat([rest, bytes]);
    for (let end = all.indexOf(LF); end >= 0; end = all.indexOf(LF)) {
      if (all[0] === 0x3c) took(all.subarray(0, end));
      else if (all.subarray(0, 11).equals(Buffer.from("-- You are "))) {
        isJoined = true;
        joined();
      }
      all = all.subarray(end + 1);
    }
    rest = all;
  };
  /** @param {number} count */
  const callback = (count) => {
    take(shared.subarray(0, count));
    return true;
  };
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread: { buffer: shared, callback } });
  await once(socket, "connect");
  socket.on("close", () => {
    console.error(`member ${number} was cut off`);
    process.exit(1);
  });
  socket.write(`m${number}\n`);
  await welcome;
  return socket;
}

/** @type {import("node:net").Socket[]} */
const members = [];
while (members.length < count) {
  const from = members.length;
  const next = Array.from({ length: Math.min(JOINING, count - from) }, (_, index) => join(from + index));
  members.push(...(await Promise.all(next)));
}
console.log("joined");

let sent = 0;
const startMs = performance.now();
setInterval(() => {
  for (; sent < ((performance.now() - startMs) / 1_000) * perSecond; sent++) {
    members[sent % count]?.write(`${performance.now()}\n`);
  }
}, 5);

for await (const line of createInterface({ input: process.stdin })) {
  latencies = [];
  const from = sent;
  isMeasuring = true;
  await new Promise((resolve) => setTimeout(resolve, Number(line) * 1_000));
  isMeasuring = false;
  latencies.sort((one, other) => one - other);
  /** @param {number} part */
  const quantile = (part) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? Number.NaN;
  const heard = latencies.length / Math.ceil(count / LISTENING);
  const result = { p50Ms: quantile(0.5), p99Ms: quantile(0.99), heard, sent: sent - from };
  console.log(JSON.stringify(result));
}
process.exit(0);
