import { expect, test } from "vitest";
import {
  DATA,
  FRAME_HEADER_SIZE,
  FrameDecoder,
  type FramePart,
  frameHeader,
  MAX_DATA_BYTES,
  MAX_MESSAGE_BYTES,
  messageFrame,
} from "../../../../src/services/transfer/frame.ts";

/** The parts of the pieces, with neighbouring data joined. */
function partsOfPieces(decoder: FrameDecoder, pieces: readonly Buffer[]): unknown[] {
  const found: { data?: string; letter?: string; value?: unknown }[] = [];
  for (const piece of pieces) {
    for (const part of decoder.push(piece)) {
      const last = found.at(-1);
      if (part.type === "message") found.push({ letter: part.letter, value: part.value });
      else if (last?.data === undefined) found.push({ data: String(part.bytes) });
      else last.data += String(part.bytes);
    }
  }
  return found;
}

const STREAM = Buffer.concat([
  messageFrame("H", { v: 1 }),
  frameHeader(DATA, 5),
  Buffer.from("hello"),
  frameHeader(DATA, 0),
  messageFrame("E", "ü"),
]);
const PARTS = [{ letter: "H", value: { v: 1 } }, { data: "hello" }, { letter: "E", value: "ü" }];

test("frames, cut at every two places", () => {
  for (let first = 0; first <= STREAM.length; first++) {
    for (let second = first; second <= STREAM.length; second++) {
      const decoder = new FrameDecoder();
      const pieces = [STREAM.subarray(0, first), STREAM.subarray(first, second), STREAM.subarray(second)];
      expect(partsOfPieces(decoder, pieces)).toEqual(PARTS);
      expect(decoder.isBetweenFrames).toBe(true);
    }
  }
});

test("an end in every place within a frame is noticed", () => {
  const frame = messageFrame("H", {});
  for (let length = 1; length < frame.length; length++) {
    const decoder = new FrameDecoder();
    expect([...decoder.push(frame.subarray(0, length))]).toEqual([]);
    expect(decoder.isBetweenFrames).toBe(false);
  }
});

test("an empty frame of data at the end is complete", () => {
  const decoder = new FrameDecoder();
  expect([...decoder.push(frameHeader(DATA, 0))]).toEqual([]);
  expect(decoder.isBetweenFrames).toBe(true);
});

test("bytes of data are not copied", () => {
  const bytes = Buffer.concat([frameHeader(DATA, 3), Buffer.from("abc")]);
  const [part] = [...new FrameDecoder().push(bytes)] as [FramePart & { type: "data" }];
  expect(part.bytes.buffer).toBe(bytes.buffer);
  expect(part.bytes.byteOffset).toBe(bytes.byteOffset + FRAME_HEADER_SIZE);
});

const refused = (bytes: Buffer, decoder = new FrameDecoder()): unknown => {
  try {
    return [...decoder.push(bytes)];
  } catch (error) {
    return error;
  }
};

test("a frame above its limit is refused by its header alone", () => {
  expect(refused(frameHeader("H", MAX_MESSAGE_BYTES))).toEqual([]);
  expect(refused(frameHeader("H", MAX_MESSAGE_BYTES + 1))).toMatchObject({ code: "PROTOCOL" });
  expect(refused(frameHeader(DATA, MAX_DATA_BYTES))).toEqual([]);
  expect(refused(frameHeader(DATA, MAX_DATA_BYTES + 1))).toMatchObject({ code: "PROTOCOL" });
  const strict = new FrameDecoder();
  strict.maxMessageBytes = 10;
  expect(refused(frameHeader("H", 11), strict)).toMatchObject({ code: "PROTOCOL" });
});

test("what is no frame is refused", () => {
  for (const letter of ["d", "\0", "0", "\u00ff"]) {
    expect(refused(frameHeader(letter, 0))).toMatchObject({ code: "PROTOCOL" });
  }
  for (const text of ["", "{", "nonsense"]) {
    expect(refused(Buffer.concat([frameHeader("H", text.length), Buffer.from(text)]))).toMatchObject({
      code: "PROTOCOL",
    });
  }
});
