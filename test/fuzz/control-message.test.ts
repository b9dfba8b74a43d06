// The fuzz test of control messages: bytes with wrong lengths, cut anywhere, against a second cmsg(3) in big integers.
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { type ControlMessage, decodeControl, encodeControl } from "../../src/socket/control-message.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";

interface Subject {
  decode(bytes: Uint8Array): ControlMessage[];
  encode(messages: readonly ControlMessage[]): Uint8Array;
}

const ours: Subject = { decode: decodeControl, encode: encodeControl };

const HEADER = 16n;
/** cmsg_len is a size_t: it can exceed the memory of any machine. */
const NEAR = [0n, 16n, 64n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 20n] as const;

function aligned(bytes: bigint): bigint {
  return (bytes + 7n) / 8n;
}

/** CMSG_FIRSTHDR, CMSG_NXTHDR; a truncated message extends to the last byte. */
function reference(bytes: Uint8Array): ControlMessage[] {
  const all = Buffer.from(bytes);
  const end = BigInt(all.length);
  const messages: ControlMessage[] = [];
  let at = 0n;
  while (at + HEADER <= end) {
    const start = Number(at);
    const length = all.readBigUInt64LE(start);
    if (length < HEADER) return messages;
    const data = all.subarray(start + 16, Number(at + length < end ? at + length : end));
    messages.push({ level: all.readInt32LE(start + 8), type: all.readInt32LE(start + 12), data: Buffer.from(data) });
    at += aligned(length) * 8n;
  }
  return messages;
}

function message(draw: Draw): ControlMessage {
  return { level: draw.uint32() | 0, type: draw.uint32() | 0, data: Buffer.from(draw.bytes(draw.below(20))) };
}

/** Messages as they are sent, with changed length bytes and a piece cut off. */
function control(draw: Draw): Uint8Array {
  if (draw.once(10)) return draw.bytes(draw.below(60));
  const messages = Array.from({ length: draw.below(4) }, () => message(draw));
  const pieces = messages.map(({ level, type, data }) => {
    const piece = Buffer.alloc(16 + Number(aligned(BigInt(data.length))) * 8, draw.below(256));
    const lie = BigInt.asUintN(64, draw.one(NEAR) + BigInt(draw.below(40)) - 20n);
    piece.writeBigUInt64LE(draw.once(4) ? lie : BigInt(16 + data.length));
    piece.writeInt32LE(level, 8);
    piece.writeInt32LE(type, 12);
    piece.set(data, 16);
    return piece;
  });
  const bytes = Buffer.concat(pieces);
  return bytes.subarray(0, draw.once(2) ? bytes.length : draw.below(bytes.length + 1));
}

function roundOf({ decode, encode }: Subject): Round {
  return (draw) => {
    const bytes = control(draw);
    const before = draw.below(20);
    const memory = draw.bytes(before + bytes.length + 40);
    memory.set(bytes, before);
    const found = decode(memory.subarray(before, before + bytes.length));
    const hex = Buffer.from(bytes).toString("hex");
    if (!isDeepStrictEqual(found, reference(bytes))) {
      return `${hex} is read as ${JSON.stringify(found)} not ${JSON.stringify(reference(bytes))}`;
    }
    const messages = Array.from({ length: draw.below(5) }, () => message(draw));
    const written = encode(messages);
    const isRight = isDeepStrictEqual(reference(written), messages) && written.length % 8 === 0;
    return isRight ? undefined : `${JSON.stringify(messages)} is written as ${Buffer.from(written).toString("hex")}`;
  };
}

test("any bytes are read, and messages are written, as cmsg(3) says", { timeout }, () => {
  expect(fuzz("control message", roundOf(ours))).toBeUndefined();
});

/** The bytes with each length that is read changed. */
function decoding(change: (length: bigint) => bigint): Subject {
  const decode = (bytes: Uint8Array): ControlMessage[] => {
    const changed = Buffer.from(bytes);
    for (let at = 0; at + 16 <= changed.length; ) {
      const length = changed.readBigUInt64LE(at);
      const read = change(length);
      changed.writeBigUInt64LE(read, at);
      if (read < HEADER || read > changed.length) break;
      at += Number(aligned(read)) * 8;
    }
    return decodeControl(changed);
  };
  return { ...ours, decode };
}

test.each<[string, Subject, RegExp]>([
  ["a length of 32 bits", decoding((length) => BigInt.asUintN(32, length)), /is read as/],
  ["a length that is signed", decoding((length) => (length >= 2n ** 63n ? 0n : length)), /is read as/],
  ["a header that has no length", decoding((length) => (length === HEADER ? 0n : length)), /is read as/],
  ["memory beyond the end", { ...ours, decode: beyond }, /is read as/],
  ["memory that was only lent", { ...ours, decode: lent }, /is read as/],
  [
    "a message that is not aligned",
    { ...ours, encode: (messages) => encodeControl(messages).subarray(0, -1) },
    /is written as/,
  ],
  ["a message that is lost", { ...ours, encode: (messages) => encodeControl(messages.slice(0, 3)) }, /is written as/],
])("a fault is found: %s", (_name, planted, said) => {
  expect(findPlanted(roundOf(planted))).toMatch(said);
});

function beyond(bytes: Uint8Array): ControlMessage[] {
  return decodeControl(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length + 8));
}

/** The lender overwrites the memory. */
function lent(bytes: Uint8Array): ControlMessage[] {
  const messages = decodeControl(bytes);
  return messages.map((each) => ({ ...each, data: Buffer.from(each.data).fill(0xaa) }));
}
