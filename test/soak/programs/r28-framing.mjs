// @ts-check
// R28. Frames cut at every point, too long, nested too deep, garbage, and a header that announces a gigabyte: a server
// receives the frames or an error, and allocates no memory for an announced length.
import { connect as connectSocket } from "node:net";
import {
  delimiter,
  FrameError,
  fixed,
  jsonLines,
  lengthPrefixed,
  lines,
  netstring,
  varintPrefixed,
} from "sockwright/codec";
import { serveHere, until } from "../loopback.mjs";
import { part } from "../options.mjs";
import { integer, randomOf, seed } from "../random.mjs";
import { Report } from "../report.mjs";

const garbages = part(10_000);
const GARBAGE_BYTES = 4_096;
const AT_ONCE = 50;
const MAX_FRAME_BYTES = 1_024;
const MIB = 1024 * 1024;
const MAX_GROWTH_MIB = 8;
const PROMISES = 200;
const GIGABYTE = 2 ** 30;
const limit = { maxFrameBytes: MAX_FRAME_BYTES };

/** A varint, base 128, least significant group first. @param {number} value */
function varint(value) {
  const bytes = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) + 128);
  }
}
/** @param {number} value */
function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** For each codec: three frames as bytes, and the beginning of one that is too long. */
/**
 * @type {Record<string, { codec: import("sockwright/codec").Codec<unknown, never>, good: Buffer, tooLong: Buffer }>}
 */
const subjects = {
  lines: {
    codec: lines(limit),
    good: Buffer.from("one\r\ntwo\nthree\n"),
    tooLong: Buffer.alloc(2 * MAX_FRAME_BYTES, "a"),
  },
  delimiter: {
    codec: delimiter("||", limit),
    good: Buffer.from("one||t|o||three||"),
    tooLong: Buffer.alloc(2 * MAX_FRAME_BYTES, "a"),
  },
  "length of 4 bytes": {
    codec: lengthPrefixed({ lengthBytes: 4, ...limit }),
    good: Buffer.concat([u32(3), Buffer.from("one"), u32(0), u32(5), Buffer.from("three")]),
    tooLong: u32(GIGABYTE),
  },
  "length of 8 bytes": {
    codec: lengthPrefixed({ lengthBytes: 8, ...limit }),
    good: Buffer.concat([u32(0), u32(3), Buffer.from("one"), u32(0), u32(0), u32(0), u32(1), Buffer.from("x")]),
    tooLong: Buffer.concat([u32(0), u32(GIGABYTE)]),
  },
  varint: {
    codec: varintPrefixed(limit),
    good: Buffer.concat([varint(3), Buffer.from("one"), varint(0), varint(300), Buffer.alloc(300, "x")]),
    tooLong: varint(GIGABYTE),
  },
  netstring: { codec: netstring(limit), good: Buffer.from("3:one,0:,5:three,"), tooLong: Buffer.from(`${GIGABYTE}:`) },
  "JSON lines": {
    codec: jsonLines(limit),
    good: Buffer.from('{"a":[1,{"b":2}]}\n[]\n3\n'),
    tooLong: Buffer.alloc(2 * MAX_FRAME_BYTES, "["),
  },
};
// With a fixed size no frame can be too long; instead, an incomplete frame at the end is an error.
subjects["fixed"] = { codec: fixed(4), good: Buffer.from("onextwox3333"), tooLong: Buffer.from("five5") };
const FRAMES = 3;

const random = randomOf(seed);
const report = new Report(`R28: frames cut at every point, too long, promised and garbled × ${garbages}`);
report.note("seed", seed);
let unhandled = 0;
process.on("uncaughtException", () => unhandled++);
const gc = globalThis.gc ?? (() => {});

/**
 * Sends each piece after the previous one was read, and ends.
 * @param {number} port
 * @param {readonly Uint8Array[]} pieces
 * @param {() => number} read
 */
async function send(port, pieces, read) {
  const client = connectSocket({ port, host: "127.0.0.1", noDelay: true }).on("error", () => {});
  const closed = new Promise((resolve) => client.once("close", resolve));
  client.resume();
  const before = read();
  let sent = 0;
  for (const piece of pieces) {
    client.write(piece);
    sent += piece.length;
    await until(() => client.destroyed || read() - before >= sent);
  }
  client.end();
  await closed;
}

for (const [name, { codec, good, tooLong }] of Object.entries(subjects)) {
  let frames = 0;
  let readBefore = 0;
  /** @type {import("sockwright/server").Connection | undefined} */
  let current;
  const bytesRead = () => readBefore + (current?.stats().bytesRead ?? 0);
  /** @type {Map<string, number>} */
  const wrong = new Map();
  let others = 0;
  const { server, port } = await serveHere(
    async (connection) => {
      current = connection;
      try {
        for await (const _ of connection.frames(codec)) frames++;
      } finally {
        readBefore += connection.stats().bytesRead;
        if (current === connection) current = undefined;
      }
    },
    {
      onError: (error) => {
        if (error instanceof FrameError) wrong.set(error.code, (wrong.get(error.code) ?? 0) + 1);
        else if (Reflect.get(Object(error), "code") !== "ECONNRESET") others++;
      },
    },
  );
  for (let cut = 1; cut < Math.min(good.length, 40); cut++) {
    await send(port, [good.subarray(0, cut), good.subarray(cut)], bytesRead);
  }
  report.exactly(`${name}: frames, cut at every point`, frames, FRAMES * (Math.min(good.length, 40) - 1));
  report.exactly(`${name}: errors of these`, wrong.size + others, 0);

  gc();
  const before = process.memoryUsage();
  const waiting = Array.from({ length: PROMISES }, () =>
    connectSocket({ port, host: "127.0.0.1" }).on("error", () => {}),
  );
  for (const client of waiting) client.end(tooLong);
  await until(() => [...wrong.values()].reduce((sum, count) => sum + count, 0) === PROMISES);
  const { external, heapUsed } = process.memoryUsage();
  report.exactly(
    `${name}: refused, of those too long`,
    [...wrong.values()].reduce((sum, count) => sum + count, 0),
    PROMISES,
  );
  const growth = (external + heapUsed - before.external - before.heapUsed) / MIB;
  report.atMost(`${name}: memory taken for ${PROMISES} of them`, growth, MAX_GROWTH_MIB, "MiB");
  for (const client of waiting) client.destroy();

  await until(() => server.connections().length === 0);
  for (let left = garbages; left > 0; left -= AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, left) }, async () => {
      const bytes = Buffer.alloc(integer(random, GARBAGE_BYTES));
      for (let at = 0; at < bytes.length; at++) bytes[at] = integer(random, 256);
      const client = connectSocket({ port, host: "127.0.0.1" }).on("error", () => {});
      client.resume().end(bytes);
      await new Promise((resolve) => client.once("close", resolve));
    });
    await Promise.all(batch);
  }
  await until(() => server.connections().length === 0);
  report.exactly(`${name}: errors that are none of framing`, others, 0);
  await server.close();
}
report.exactly("errors that nobody caught", unhandled, 0);
report.end();
