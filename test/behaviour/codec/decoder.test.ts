// What a decoder guarantees: how long it borrows pushed bytes, who owns a frame, what end() does.
import { describe, expect, test } from "vitest";
import {
  type Codec,
  delimiter,
  FrameError,
  fixed,
  jsonLines,
  layered,
  lengthPrefixed,
  lines,
  mapFrames,
  netstring,
  varintPrefixed,
} from "../../../src/codec.ts";

const upper = mapFrames(lines(), { decode: (line) => line.toUpperCase(), encode: (line: string) => line });
const nested = layered(lengthPrefixed({ lengthBytes: 1 }), lines());

describe.for<[string, Codec<unknown, never>, Buffer]>([
  ["a decoder", lines(), Buffer.from("one\n")],
  ["a decoder of mapped frames", upper, Buffer.from("one\n")],
  ["a layered decoder", nested, Buffer.from("\x04one\n")],
])("%s", ([, codec, frame]) => {
  test("next() returns undefined before the first frame, after the last one and after end(), however often it is called", () => {
    const decoder = codec.decoder();
    expect(decoder.next()).toBeUndefined();
    decoder.push(frame);
    expect(decoder.next()).toBeTypeOf("string");
    expect([decoder.next(), decoder.next()]).toEqual([undefined, undefined]);
    decoder.end();
    decoder.end();
    expect([decoder.next(), decoder.next()]).toEqual([undefined, undefined]);
  });

  test("after end(), next() still returns the frames pushed before", () => {
    const decoder = codec.decoder();
    decoder.push(Buffer.concat([frame, frame]));
    decoder.end();
    expect([decoder.next(), decoder.next(), decoder.next()]).toEqual([
      expect.any(String),
      expect.any(String),
      undefined,
    ]);
  });

  test("push() throws after end()", () => {
    const decoder = codec.decoder();
    decoder.end();
    expect(() => decoder.push(frame)).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_DECODER_ENDED" }));
    expect(decoder.next()).toBeUndefined();
  });

  test("bufferedBytes counts the bytes that no frame has taken", () => {
    const decoder = codec.decoder();
    expect(decoder.bufferedBytes).toBe(0);
    decoder.push(Buffer.concat([frame, frame.subarray(0, 2)]));
    expect(decoder.bufferedBytes).toBe(frame.length + 2);
    decoder.keep();
    expect(decoder.bufferedBytes).toBe(frame.length + 2);
    decoder.next();
    expect([decoder.next(), decoder.bufferedBytes]).toEqual([undefined, 2]);
    decoder.push(frame.subarray(2));
    decoder.next();
    expect(decoder.bufferedBytes).toBe(0);
  });

  test("push() accepts any ArrayBufferView and nothing else", () => {
    const decoder = codec.decoder();
    const memory = new ArrayBuffer(frame.length);
    new Uint8Array(memory).set(frame);
    decoder.push(new DataView(memory));
    expect(decoder.next()).toBeTypeOf("string");
    decoder.push(new Uint8Array(0));
    expect(() => decoder.push("one\n" as never)).toThrow(TypeError);
    expect(() => decoder.push(memory as never)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
    expect(decoder.next()).toBeUndefined();
  });

  test("two decoders of one codec share no state", () => {
    const [left, right] = [codec.decoder(), codec.decoder()];
    left.push(frame.subarray(0, 3));
    right.push(frame);
    expect([left.next(), right.next()]).toEqual([undefined, expect.any(String)]);
  });
});

test("offset is that of the frame that next() returned last", () => {
  const decoder = lines().decoder();
  const offsets = [decoder.offset];
  decoder.push(Buffer.from("one\ntwo\r\nthr"));
  for (let line = decoder.next(); line !== undefined; line = decoder.next()) offsets.push(decoder.offset);
  decoder.push(Buffer.from("ee\n"));
  decoder.next();
  expect([...offsets, decoder.offset]).toEqual([0, 0, 4, 9]);
});

test("keep() of a layered decoder also copies the bytes that its inner decoder has borrowed", () => {
  const lent = Buffer.from("\x08one\ntwo\n\x06three\n");
  const decoder = layered(lengthPrefixed({ lengthBytes: 1, borrow: true }), lines()).decoder();
  decoder.push(lent);
  expect(decoder.next()).toBe("one");
  decoder.keep();
  lent.fill("!");
  expect([decoder.next(), decoder.next(), decoder.next()]).toEqual(["two", "three", undefined]);
});

test("a mapping drops a frame if it returns undefined, and for no other value", () => {
  const codec = mapFrames(lines(), {
    decode: (line) => (line === "ping" ? undefined : line === "" ? null : line.length),
    encode: (line: string) => line,
  });
  const decoder = codec.decoder();
  decoder.push(Buffer.from("ping\nab\nping\n\nping\n"));
  expect([decoder.next(), decoder.next(), decoder.next()]).toEqual([2, null, undefined]);
  expect([
    jsonLines().encode(null).toString(),
    mapFrames(lines(), { decode: (line) => line, encode: String }).name,
  ]).toEqual(["null\n", "lines"]);
});

const frames: readonly [string, (borrow: boolean) => Codec<Buffer, never>, string][] = [
  ["delimiter", (borrow) => delimiter(";", { borrow }), "abcdefgh;ij;"],
  ["fixed", (borrow) => fixed(8, { borrow }), "abcdefghijklmnop"],
  ["netstring", (borrow) => netstring({ borrow }), "8:abcdefgh,2:ij,"],
  ["length-prefixed", (borrow) => lengthPrefixed({ lengthBytes: 1, borrow }), "\x08abcdefgh\x02ij"],
  ["varint-prefixed", (borrow) => varintPrefixed({ borrow }), "\x08abcdefgh\x02ij"],
];

describe.for(frames)("a frame of %s", ([, make, input]) => {
  test("belongs to the caller, whether it arrived in one chunk or in several", () => {
    for (const size of [1, 3, 5, input.length]) {
      const decoder = make(false).decoder();
      const taken: Buffer[] = [];
      for (let at = 0; at < input.length; at += size) {
        const lent = Buffer.from(input.slice(at, at + size));
        decoder.push(lent);
        for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) taken.push(frame);
        lent.fill("!");
      }
      // A write to one frame changes neither the other frames nor the bytes still to be decoded.
      const [first, second] = taken;
      const before = second?.toString();
      expect(first?.toString()).toBe("abcdefgh");
      first?.fill("?");
      expect(second?.toString()).toBe(before);
      expect(before).toMatch(/^ij/);
    }
  });

  test("is a view of the pushed bytes if `borrow` is set and it arrived in one chunk", () => {
    const lent = Buffer.from(input);
    const decoder = make(true).decoder();
    decoder.push(lent);
    const frame = decoder.next();
    expect([frame?.buffer, frame?.toString()]).toEqual([lent.buffer, "abcdefgh"]);
    lent.fill("!");
    expect(frame?.toString()).toBe("!!!!!!!!");
  });
});

test("a FrameError has its own name, a codec and an offset", () => {
  const decoder = netstring().decoder();
  decoder.push(Buffer.from("0:,x"));
  decoder.next();
  const error = expect.objectContaining({ name: "FrameError", codec: "netstring", offset: 3 });
  expect(() => decoder.next()).toThrow(error);
  expect(() => decoder.next()).toThrow(FrameError);
});
