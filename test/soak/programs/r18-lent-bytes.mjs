// @ts-check
// R18. Programs that keep the bytes they receive, a thousand pieces of a batch: owned bytes never change, and lent
// bytes belong to their client during the call. (After the call, a lent view may show anything: see onBytes.)
import { createHash } from "node:crypto";
import { connect as connectSocket } from "node:net";
import { lengthPrefixed } from "sockwright/codec";
import { serveHere, until } from "../loopback.mjs";
import { part } from "../options.mjs";
import { Report } from "../report.mjs";

const rounds = part(1_000);
const KEPT_PER_ROUND = 1_000;
const CLIENTS = 50;
const FRAME_BYTES = 64;

const framesPerClient = KEPT_PER_ROUND / CLIENTS;
/** What each client sends: its own byte, repeated. */
/** @param {number} who */
const speech = (who) => {
  const frame = Buffer.alloc(2 + FRAME_BYTES, who + FRAME_BYTES + 1);
  frame.writeUInt16BE(FRAME_BYTES);
  return Buffer.concat(Array.from({ length: framesPerClient }, () => frame));
};
/** @param {Uint8Array} bytes */
const digest = (bytes) => createHash("sha1").update(bytes).digest("hex");
/** Whether all bytes are from one client. @param {Uint8Array} bytes */
const isOfOne = (bytes) => bytes.every((byte) => byte === bytes[0]);

/** Pieces that were kept, with a digest of their content. */
/** @type {{ bytes: Uint8Array, was: string }[]} */
let kept = [];
let takenBytes = 0;
let foreign = 0;
/** @param {Uint8Array} bytes */
function keep(bytes) {
  kept.push({ bytes, was: digest(bytes) });
}

const codec = lengthPrefixed({ lengthBytes: 2 });
const borrowing = lengthPrefixed({ lengthBytes: 2, borrow: true });
/** How the bytes arrive, and whether they are lent. */
/**
 * @type {Record<string, { session: (connection: import("sockwright/server").Connection) => Promise<void>, isLent: boolean }>}
 */
const ways = {
  "pieces of an iteration": {
    isLent: false,
    session: async (connection) => {
      for await (const piece of connection) {
        keep(piece);
        takenBytes += piece.length;
      }
    },
  },
  "bytes of readExactly": {
    isLent: false,
    session: async (connection) => {
      for (let left = framesPerClient; left > 0; left--) {
        keep(await connection.readExactly(2 + FRAME_BYTES));
        takenBytes += 2 + FRAME_BYTES;
      }
    },
  },
  "frames that are pushed": {
    isLent: false,
    session: (connection) =>
      connection.frames(codec).onFrame((frame) => {
        if (!isOfOne(frame)) foreign++;
        keep(frame);
        takenBytes += 2 + FRAME_BYTES;
      }),
  },
  "bytes that are lent": {
    isLent: true,
    session: (connection) => {
      /** @type {number | undefined} */
      let who;
      return connection.onBytes((bytes) => {
        takenBytes += bytes.length;
        // The length prefix has the bytes 0 and 64; all others are the client's own byte.
        for (const byte of bytes) {
          if (byte === 0 || byte === FRAME_BYTES) continue;
          who ??= byte;
          if (byte !== who) foreign++;
        }
        keep(bytes);
      });
    },
  },
  "frames that are lent": {
    isLent: true,
    session: (connection) =>
      connection.frames(borrowing).onFrame((frame) => {
        if (!isOfOne(frame)) foreign++;
        keep(frame);
        takenBytes += 2 + FRAME_BYTES;
      }),
  },
};

const report = new Report(`R18: ${KEPT_PER_ROUND} pieces kept of each batch, ${rounds} times`);
for (const [name, { session, isLent }] of Object.entries(ways)) {
  const { server, port } = await serveHere(session);
  let changed = 0;
  let total = 0;
  foreign = 0;
  for (let round = 0; round < rounds; round++) {
    kept = [];
    takenBytes = 0;
    const clients = Array.from({ length: CLIENTS }, (_, who) => {
      const socket = connectSocket({ port, host: "127.0.0.1" });
      return socket.on("error", () => {}).end(speech(who));
    });
    await until(() => takenBytes >= KEPT_PER_ROUND * (2 + FRAME_BYTES) && server.connections().length === 0);
    for (const client of clients) client.destroy();
    changed += kept.filter(({ bytes, was }) => digest(bytes) !== was).length;
    total += kept.length;
  }
  if (isLent) report.note(`${name}: kept, and changed after the call, of ${total}`, changed);
  else report.exactly(`${name}: changed, of ${total}`, changed, 0);
  report.exactly(`${name}: with bytes of another client, in the call`, foreign, 0);
  await server.close();
}
report.end();
