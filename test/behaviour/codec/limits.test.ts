// A decoder applies its limits before it allocates, and no input makes it scan the same bytes over and over. The tests
// count the work and do not time it.
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { MAX_UNREAD_BYTES } from "../../../src/codec/frame-decoder.ts";
import { MAX_FRAME_BYTES } from "../../../src/codec/frame-limit.ts";
import {
  type Codec,
  DEFAULT_MAX_FRAME_BYTES,
  defineCodec,
  delimiter,
  FrameError,
  fixed,
  jsonLines,
  lengthPrefixed,
  lines,
  netstring,
  varintPrefixed,
} from "../../../src/codec.ts";

const KIB = 1024;

interface Work {
  copied: number;
  examined: number;
  allocated: number;
}

/** Counts the bytes copied, scanned and allocated from now on. For all but headers, decoders use these functions. */
function countWork(): Work {
  const work: Work = { copied: 0, examined: 0, allocated: 0 };
  const { copy, indexOf, toString: textOf } = Buffer.prototype;
  const { allocUnsafe } = Buffer;
  vi.spyOn(Buffer.prototype, "copy").mockImplementation(function (this: Buffer, ...args) {
    const count = copy.apply(this, args);
    work.copied += count;
    return count;
  });
  vi.spyOn(Buffer.prototype, "indexOf").mockImplementation(function (this: Buffer, value, from, encoding) {
    const at = indexOf.call(this, value, from as number, encoding);
    work.examined += (at < 0 ? this.length : at + 1) - Number(from);
    return at;
  });
  vi.spyOn(Buffer.prototype, "toString").mockImplementation(function (
    this: Buffer,
    encoding?: unknown,
    from: unknown = 0,
    to: unknown = this.length,
  ) {
    work.copied += Number(to) - Number(from);
    return textOf.call(this, encoding as BufferEncoding, Number(from), Number(to));
  });
  vi.spyOn(Buffer, "allocUnsafe").mockImplementation((size) => {
    work.allocated += size;
    return allocUnsafe(size);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  return work;
}

const tagged = defineCodec<Buffer>({
  name: "tagged",
  maxFrameBytes: MAX_FRAME_BYTES,
  measure: (header) => (header.length < 4 ? undefined : header.readUInt32BE()),
  decode: (frame) => frame,
  encode: (frame) => frame,
});

const large = { maxFrameBytes: MAX_FRAME_BYTES };

describe("a frame of 40 000 bytes that arrives byte by byte", () => {
  const LENGTH = 40_000;
  const text = "x".repeat(LENGTH);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(LENGTH + 4);

  test.for<[string, Codec<unknown, never>, Buffer]>([
    ["lines", lines(), lines().encode(text)],
    ["json-lines", jsonLines(), jsonLines().encode(text)],
    ["delimiter", delimiter("ab"), delimiter("ab").encode(text)],
    ["fixed", fixed(LENGTH), Buffer.from(text)],
    ["netstring", netstring(), netstring().encode(text)],
    ["length-prefixed", lengthPrefixed(), lengthPrefixed().encode(text)],
    ["varint-prefixed", varintPrefixed(), varintPrefixed().encode(text)],
    ["a codec of one's own", tagged, Buffer.concat([header, Buffer.from(text)])],
  ])("%s: each byte is copied and scanned a few times at most", ([, codec, input]) => {
    const decoder = codec.decoder();
    const work = countWork();
    let frame: unknown;
    for (const byte of input) {
      decoder.push(Buffer.of(byte));
      frame = decoder.next();
    }
    expect(frame).toHaveLength(text.length + (codec === tagged ? 4 : 0));
    expect(work.copied).toBeLessThanOrEqual(5 * input.length);
    expect(work.examined).toBeLessThanOrEqual(3 * input.length);
    expect(work.allocated).toBeLessThanOrEqual(6 * input.length);
  });
});

test("single bytes that are kept, without a next() between, are copied a few times at most", () => {
  const decoder = fixed(10).decoder();
  decoder.push(Buffer.of(1));
  decoder.next();
  const work = countWork();
  const count = 40_000;
  for (let pushed = 0; pushed < count; pushed++) {
    decoder.push(Buffer.of(1));
    decoder.keep();
  }
  expect(decoder.bufferedBytes).toBe(count + 1);
  expect(work.copied).toBeLessThanOrEqual(5 * count);
});

test("a stream of partial matches of the delimiter is scanned a few times at most", () => {
  const decoder = delimiter("aaaaaaab").decoder();
  const work = countWork();
  const input = Buffer.alloc(40_000, "a");
  for (const byte of input) {
    decoder.push(Buffer.of(byte));
    decoder.next();
  }
  expect(work.examined).toBeLessThanOrEqual(9 * input.length);
});

describe("a chunk of many lines after the start of a line", () => {
  test("is copied only as far as the first line needs", () => {
    const decoder = delimiter("\n", { borrow: true }).decoder();
    decoder.push(Buffer.from("x"));
    decoder.next();
    const work = countWork();
    decoder.push(Buffer.from(`${"x".repeat(62)}\n`.repeat(1_000)));
    let count = 0;
    while (decoder.next() !== undefined) count++;
    expect(count).toBe(1_000);
    // The kept byte, and 64 bytes of the chunk.
    expect(work.copied).toBe(65);
  });

  test("is copied up to the end of the first line if that line is long", () => {
    const decoder = delimiter("\n", { borrow: true }).decoder();
    decoder.push(Buffer.from("x"));
    decoder.next();
    const work = countWork();
    decoder.push(Buffer.from(`${"x".repeat(10_000)}\n${"y\n".repeat(20_000)}`));
    let count = 0;
    while (decoder.next() !== undefined) count++;
    expect(count).toBe(20_001);
    expect(work.copied).toBeLessThan(4 * 10_000);
  });
});

test("a chunk after complete frames that were kept is not copied", () => {
  const decoder = delimiter(";", { borrow: true }).decoder();
  decoder.push(Buffer.from("ab;cd;"));
  decoder.next();
  decoder.keep();
  const work = countWork();
  decoder.push(Buffer.from("ef;".repeat(100)));
  let count = 0;
  while (decoder.next() !== undefined) count++;
  expect(count).toBe(101);
  expect(work.copied).toBe(0);
});

describe("the decoder's own memory", () => {
  test("becomes the memory of the frame that fills it, without another copy", () => {
    const decoder = lengthPrefixed().decoder();
    const input = lengthPrefixed().encode(Buffer.alloc(40_000, "x"));
    for (let at = 0; at < input.length - 1; at += 1_000) {
      decoder.push(input.subarray(at, Math.min(at + 1_000, input.length - 1)));
      decoder.next();
    }
    const work = countWork();
    decoder.push(input.subarray(-1));
    expect(decoder.next()).toHaveLength(40_000);
    expect(work).toMatchObject({ copied: 1, allocated: 0 });
  });

  test("is not retained by a small frame", () => {
    const decoder = fixed(10).decoder();
    decoder.push(Buffer.alloc(500_000));
    decoder.keep();
    // The frame is in Node's pool, whose size differs by version.
    expect(decoder.next()?.buffer.byteLength).toBeLessThan(100_000);
  });
});

describe("a length within the limit, with a frame that does not arrive", () => {
  const claim = 200 * KIB * KIB;
  const fourBytes = Buffer.alloc(4);
  fourBytes.writeUInt32BE(claim);
  test.for<[string, Codec<unknown, never>, Buffer]>([
    ["length-prefixed", lengthPrefixed(large), fourBytes],
    ["varint-prefixed", varintPrefixed(large), Buffer.of(0x80, 0x80, 0x80, 0x64)],
    ["netstring", netstring(large), Buffer.from(`${claim}:`)],
    ["fixed", fixed(claim), Buffer.alloc(0)],
    ["a codec of one's own", tagged, fourBytes],
  ])("%s: memory is allocated only for the bytes that have arrived", ([, codec, header]) => {
    const decoder = codec.decoder();
    const work = countWork();
    for (const piece of [header, Buffer.alloc(10), Buffer.alloc(100)]) {
      decoder.push(piece);
      expect(decoder.next()).toBeUndefined();
    }
    expect(decoder.bufferedBytes).toBe(header.length + 110);
    expect(work.allocated).toBeLessThan(4 * decoder.bufferedBytes);
  });
});

describe("a length over the limit", () => {
  test.for<[string, Codec<unknown, never>, Buffer]>([
    ["length-prefixed", lengthPrefixed(), Buffer.of(0xff, 0xff, 0xff, 0xff)],
    ["length-prefixed, 8 bytes", lengthPrefixed({ lengthBytes: 8 }), Buffer.alloc(8, 0xff)],
    ["varint-prefixed", varintPrefixed(), Buffer.of(0xff, 0xff, 0xff, 0x7f)],
    ["netstring", netstring(), Buffer.from("99999999")],
    ["a codec of one's own", tagged, Buffer.of(0xff, 0xff, 0xff, 0xff)],
  ])("%s: is refused as soon as it arrives, without an allocation", ([, codec, header]) => {
    const decoder = codec.decoder();
    const work = countWork();
    decoder.push(header);
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_TOO_LARGE" }));
    expect(work).toMatchObject({ allocated: 0, copied: 0 });
  });
});

describe("a frame that does not end", () => {
  test.for<[string, Codec<unknown, never>]>([
    ["lines", lines()],
    ["json-lines", jsonLines()],
    ["delimiter", delimiter("\r\n\r\n")],
  ])("%s: is refused at the limit, and no more is buffered", ([, codec]) => {
    const decoder = codec.decoder();
    const work = countWork();
    const piece = Buffer.alloc(KIB, "x");
    let pushed = 0;
    const feed = (): void => {
      for (;;) {
        decoder.push(piece);
        pushed += piece.length;
        decoder.next();
        expect(decoder.bufferedBytes).toBe(pushed);
      }
    };
    expect(feed).toThrow(FrameError);
    expect(pushed).toBe(DEFAULT_MAX_FRAME_BYTES + KIB);
    expect(work.allocated).toBeLessThan(4 * DEFAULT_MAX_FRAME_BYTES);
  });

  test("in one chunk: is refused without an allocation", () => {
    const decoder = lines().decoder();
    const work = countWork();
    decoder.push(Buffer.alloc(4 * KIB * KIB, "x"));
    expect(() => decoder.next()).toThrow(FrameError);
    expect(work).toMatchObject({ allocated: 0, copied: 0 });
  });
});

describe("the default limit", () => {
  test.for<[string, Codec<unknown, string>]>([
    ["lines", lines()],
    ["delimiter", delimiter(";")],
    ["netstring", netstring()],
    ["length-prefixed", lengthPrefixed()],
    ["varint-prefixed", varintPrefixed()],
  ])("%s: 64 KiB and not a byte more, in both directions", ([, codec]) => {
    const longest = "x".repeat(64 * KIB);
    const decoder = codec.decoder();
    decoder.push(codec.encode(longest));
    expect(decoder.next()).toHaveLength(64 * KIB);
    expect(() => codec.encode(`${longest}x`)).toThrow(
      expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_TOO_LARGE", offset: undefined }),
    );
  });
});

describe("unread bytes", () => {
  test("push() throws above 1 MiB of them and loses none", () => {
    const decoder = fixed(1_000).decoder();
    const chunk = Buffer.alloc(100_000);
    let pushed = 0;
    const feed = (): void => {
      for (;;) {
        decoder.push(chunk);
        pushed += chunk.length;
      }
    };
    expect(feed).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_UNREAD" }));
    expect(pushed).toBeGreaterThan(MAX_UNREAD_BYTES);
    expect(pushed).toBeLessThanOrEqual(MAX_UNREAD_BYTES + chunk.length);
    let taken = 0;
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) taken += frame.length;
    expect(taken).toBe(pushed);
    decoder.push(chunk);
    expect(decoder.next()).toHaveLength(1_000);
  });

  test("push() accepts a frame of more than 1 MiB if next() is called after each chunk", () => {
    const decoder = lengthPrefixed(large).decoder();
    const input = lengthPrefixed(large).encode(Buffer.alloc(3 * KIB * KIB));
    let frame: Buffer | undefined;
    for (let at = 0; at < input.length; at += 64 * KIB) {
      decoder.push(input.subarray(at, at + 64 * KIB));
      frame = decoder.next();
    }
    expect(frame).toHaveLength(3 * KIB * KIB);
  });
});

test("JSON with 30 000 levels of nesting is decoded or refused and does not end the process", () => {
  const depth = 30_000;
  const decoder = jsonLines().decoder();
  decoder.push(Buffer.from(`${"[".repeat(depth)}${"]".repeat(depth)}\n${"[".repeat(depth)}\n`));
  expect(decoder.next()).toHaveLength(1);
  expect(() => decoder.next()).toThrow(FrameError);
});
