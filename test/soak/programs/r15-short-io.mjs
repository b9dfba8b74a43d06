// @ts-check
// R15. A kernel that sends and receives one byte or a few at a time, and returns a spurious EAGAIN in one of ten calls:
// the received bytes are the same as without it. Each seed is a conversation of its own.
import { constants } from "node:os";
import { AF_UNIX, SOCK_STREAM, socketpair } from "sockwright";
import { lengthPrefixed } from "sockwright/codec";
import { connect } from "sockwright/server";
import { replace } from "../kernel.mjs";
import { serveHere, until } from "../loopback.mjs";
import { part } from "../options.mjs";
import { integer, randomOf, seed } from "../random.mjs";
import { Report } from "../report.mjs";

const seeds = part(10_000);
const FRAMES = 20;
const MAX_FRAME_BYTES = 4_096;
const SPURIOUS = 0.1;
const { EAGAIN } = constants.errno;

let random = randomOf(seed);
let shortened = 0;
let refused = 0;
/** @param {number} length */
function shortOf(length) {
  const short = length <= 1 ? length : 1 + integer(random, Math.min(length, 1 + 2 ** integer(random, 12)));
  if (short < length) shortened++;
  return Math.min(short, length);
}
function isSpurious() {
  const is = random() < SPURIOUS;
  if (is) refused++;
  return is;
}
const restore = [
  replace("recv", (recv) => (slot, generation, buffer, offset, length, flags) => {
    return isSpurious() ? -EAGAIN : recv(slot, generation, buffer, offset, shortOf(length), flags);
  }),
  replace("send", (send) => (slot, generation, data, offset, length, flags) => {
    return isSpurious() ? -EAGAIN : send(slot, generation, data, offset, shortOf(length), flags);
  }),
  replace("sendmsg", (sendmsg) => (slot, generation, [first, ...rest], flags, ...others) => {
    if (isSpurious()) return -EAGAIN;
    if (first === undefined || rest.length === 0)
      return sendmsg(slot, generation, first ? [first] : [], flags, ...others);
    const taken = rest.slice(0, integer(random, rest.length));
    const last = taken.length === 0 ? first.subarray(0, shortOf(first.length)) : first;
    return sendmsg(slot, generation, [last, ...taken], flags, ...others);
  }),
];

const codec = lengthPrefixed({ lengthBytes: 2 });
const { server, url } = await serveHere(async (connection) => {
  const frames = connection.frames(codec);
  for await (const frame of frames) {
    frames.write(frame);
    await connection.drained();
  }
});

/** The frames of a seed: the model expects them back. */
function script() {
  return Array.from({ length: FRAMES }, () => {
    const bytes = Buffer.alloc(Math.floor(MAX_FRAME_BYTES ** random()));
    for (let at = 0; at < bytes.length; at++) bytes[at] = integer(random, 256);
    return bytes;
  });
}

/** @param {readonly Buffer[]} said @param {readonly Uint8Array[]} heard */
const isSame = (said, heard) =>
  said.length === heard.length && said.every((frame, at) => frame.equals(heard[at] ?? frame.subarray(1)));

/** Layer 2: a server, and a client that exchanges frames. */
async function converse() {
  const said = script();
  const client = await connect(url);
  const frames = client.frames(codec);
  const hearing = (async () => {
    const heard = [];
    for await (const frame of frames) heard.push(frame);
    return heard;
  })();
  for (const frame of said) frames.write(frame);
  await client.end();
  const heard = await hearing;
  await client.close();
  return isSame(said, heard);
}

/** Layer 1: all bytes through sendall, and received with recv. */
async function pass() {
  const said = Buffer.concat(script());
  const [left, right] = socketpair(AF_UNIX, SOCK_STREAM);
  const hearing = (async () => {
    const heard = [];
    for await (const piece of right) heard.push(piece);
    return Buffer.concat(heard);
  })();
  await left.sendall(said);
  left.close();
  const heard = await hearing;
  right.close();
  return said.equals(heard);
}

const report = new Report(
  `R15: ${seeds.toLocaleString("en-US")} conversations with short reads and writes, and spurious EAGAIN`,
);
let same = 0;
let passed = 0;
/** @type {number | undefined} */
let firstBad;
for (let run = 0; run < seeds; run++) {
  const its = (seed + run) % 2 ** 32;
  random = randomOf(its);
  if (await converse()) same++;
  else firstBad ??= its;
  if (await pass()) passed++;
  else firstBad ??= its;
}
for (const each of restore) each();
report.note("first seed", seed);
if (firstBad !== undefined) report.note("first seed that failed", firstBad);
report.note("calls cut short", shortened);
report.note("calls refused for no reason", refused);
report.exactly("conversations of layer 2 as the model has them", same, seeds);
report.exactly("streams of layer 1 as they were sent", passed, seeds);
await until(() => server.connections().length === 0);
await server.close();
report.end();
