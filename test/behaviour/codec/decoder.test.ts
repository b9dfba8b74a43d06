// What a decoder promises to whoever feeds it: when bytes are lent, who owns a frame, what the end does.
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
  ["one of mapped frames", upper, Buffer.from("one\n")],
  ["one over another's frames", nested, Buffer.from("\x04one\n")],
])("%s", ([, codec, frame]) => {
  test("says that it has nothing: at first, after all was taken, and after the end, any number of times", () => {
    const decoder = codec.decoder();
    expect(decoder.next()).toBeUndefined();
    decoder.push(frame);
    expect(decoder.next()).toBeTypeOf("string");
    expect([decoder.next(), decoder.next()]).toEqual([undefined, undefined]);
    decoder.end();
    decoder.end();
    expect([decoder.next(), decoder.next()]).toEqual([undefined, undefined]);
  });

  test("gives what came before the end also after it", () => {
    const decoder = codec.decoder();
    decoder.push(Buffer.concat([frame, frame]));
    decoder.end();
    expect([decoder.next(), decoder.next(), decoder.next()]).toEqual([
      expect.any(String),
      expect.any(String),
      undefined,
    ]);
  });

  test("takes no bytes after the end", () => {
    const decoder = codec.decoder();
    decoder.end();
    expect(() => decoder.push(frame)).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_DECODER_ENDED" }));
    expect(decoder.next()).toBeUndefined();
  });

  test("counts what it has", () => {
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

  test("takes any view, and nothing else", () => {
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

  test("knows nothing of another of the same codec", () => {
    const [left, right] = [codec.decoder(), codec.decoder()];
    left.push(frame.subarray(0, 3));
    right.push(frame);
    expect([left.next(), right.next()]).toEqual([undefined, expect.any(String)]);
  });
});

test("the offset is that of the frame that was given last", () => {
  const decoder = lines().decoder();
  const offsets = [decoder.offset];
  decoder.push(Buffer.from("one\ntwo\r\nthr"));
  for (let line = decoder.next(); line !== undefined; line = decoder.next()) offsets.push(decoder.offset);
  decoder.push(Buffer.from("ee\n"));
  decoder.next();
  expect([...offsets, decoder.offset]).toEqual([0, 0, 4, 9]);
});

test("keep() reaches through the layers: what the inner one was lent is a view of what the outer one was", () => {
  const lent = Buffer.from("\x08one\ntwo\n\x06three\n");
  const decoder = layered(lengthPrefixed({ lengthBytes: 1, borrow: true }), lines()).decoder();
  decoder.push(lent);
  expect(decoder.next()).toBe("one");
  decoder.keep();
  lent.fill("!");
  expect([decoder.next(), decoder.next(), decoder.next()]).toEqual(["two", "three", undefined]);
});

test("a mapping leaves a frame out by giving undefined for it, and no other value", () => {
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
  test("is the caller's own, whether it came in one piece or in many", () => {
    for (const size of [1, 3, 5, input.length]) {
      const decoder = make(false).decoder();
      const taken: Buffer[] = [];
      for (let at = 0; at < input.length; at += size) {
        const lent = Buffer.from(input.slice(at, at + size));
        decoder.push(lent);
        for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) taken.push(frame);
        lent.fill("!");
      }
      // Writing into one does not reach the others, nor what is still to come.
      const [first, second] = taken;
      const before = second?.toString();
      expect(first?.toString()).toBe("abcdefgh");
      first?.fill("?");
      expect(second?.toString()).toBe(before);
      expect(before).toMatch(/^ij/);
    }
  });

  test("is a view of what was pushed, when it is borrowed and came in one piece", () => {
    const lent = Buffer.from(input);
    const decoder = make(true).decoder();
    decoder.push(lent);
    const frame = decoder.next();
    expect([frame?.buffer, frame?.toString()]).toEqual([lent.buffer, "abcdefgh"]);
    lent.fill("!");
    expect(frame?.toString()).toBe("!!!!!!!!");
  });
});

test("an error has a code, a codec and an offset, and is an Error of its own name", () => {
  const decoder = netstring().decoder();
  decoder.push(Buffer.from("0:,x"));
  decoder.next();
  const error = expect.objectContaining({ name: "FrameError", codec: "netstring", offset: 3 });
  expect(() => decoder.next()).toThrow(error);
  expect(() => decoder.next()).toThrow(FrameError);
});
