// The framing of a connection changes in mid-stream: no byte is lost or read twice.
import { describe, expect, test } from "vitest";
import {
  type Codec,
  defineCodec,
  delimiter,
  fixed,
  jsonLines,
  layered,
  lengthPrefixed,
  lines,
  mapFrames,
  netstring,
  varintPrefixed,
} from "../../../src/codec.ts";
import type { Connection } from "../../../src/server.ts";
import { memoryPair } from "../../../src/testing.ts";

/** Sends `sent` in pieces of `pieceBytes`, ends, and returns what `read` makes of it at the other end. */
async function got(sent: string | Buffer, pieceBytes: number, read: (connection: Connection) => Promise<unknown>) {
  const { client, server } = memoryPair({ pieceBytes });
  client.write(sent);
  const ended = client.end();
  const result = await read(server);
  await Promise.all([server.close(), client.close(), ended]);
  return result;
}

async function allOf(connection: Connection): Promise<string> {
  let all = "";
  for await (const piece of connection) all += String(piece);
  return all;
}

describe.each([1, 3, 64 * 1024])("in pieces of %i bytes", (pieceBytes) => {
  test("read() after a frame begins behind that frame", async () => {
    const all = await got("one\ntwo\nthr", pieceBytes, async (connection) => {
      const { value } = await connection.frames(lines()).next();
      return [value, await allOf(connection)];
    });
    expect(all).toEqual(["one", "two\nthr"]);
  });

  test("readExactly() after release(), then lines again", async () => {
    const all = await got("5\nhellorest\nlast\n", pieceBytes, async (connection) => {
      const frames = connection.frames(lines());
      const { value } = await frames.next();
      frames.release();
      const body = String(await connection.readExactly(Number(value)));
      return [body, (await frames.next()).value, (await frames.next()).value, (await frames.next()).done];
    });
    expect(all).toEqual(["hello", "rest", "last", true]);
  });

  test("frames of another codec, then frames of the first one again", async () => {
    const all = await got("one\nXXYYtwo\nZZ", pieceBytes, async (connection) => {
      const [text, binary] = [connection.frames(lines()), connection.frames(fixed(2))];
      const frames: unknown[] = [];
      for (const next of [text, binary, binary, text, binary]) frames.push(String((await next.next()).value));
      return frames;
    });
    expect(all).toEqual(["one", "XX", "YY", "two", "ZZ"]);
  });

  test("next() works after a loop that was left, and read() after an unfinished frame", async () => {
    const all = await got("one\ntwo\nunfinished", pieceBytes, async (connection) => {
      const frames = connection.frames(lines());
      for await (const _ of frames) break;
      const rest = frames.next();
      const second = (await rest).value;
      const error: unknown = await frames.next().catch((reason: unknown) => reason);
      return [second, error instanceof Error && "code" in error && error.code, String(await connection.read())];
    });
    expect(all).toEqual(["two", "ERR_SOCKWRIGHT_UNEXPECTED_END", "unfinished"]);
  });

  test("onFrame() after next() delivers the buffered frames at once", async () => {
    const all = await got("one\ntwo\nthree\n", pieceBytes, async (connection) => {
      const frames = connection.frames(lines());
      const given = [(await frames.next()).value];
      await frames.onFrame((line) => given.push(line));
      return given;
    });
    expect(all).toEqual(["one", "two", "three"]);
  });

  test("onBytes() after next() and a malformed frame begins at the malformed frame", async () => {
    const all = await got("5:hello,oops", pieceBytes, async (connection) => {
      const frames = connection.frames(netstring());
      const given = [String((await frames.next()).value)];
      await expect(frames.next()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_FRAME_MALFORMED" });
      let rest = "";
      await connection.onBytes((bytes) => {
        rest += String(Buffer.from(bytes));
      });
      return [...given, rest];
    });
    expect(all).toEqual(["hello", "oops"]);
  });

  test("layered codecs return the bytes behind a frame of the outer codec, and refuse release() and read() within one", async () => {
    const outer = lengthPrefixed({ lengthBytes: 1 });
    const sent = Buffer.concat([outer.encode("one\ntwo\n"), Buffer.from("plain")]);
    const all = await got(sent, pieceBytes, async (connection) => {
      const frames = connection.frames(layered(outer, lines()));
      const given: unknown[] = [(await frames.next()).value];
      expect(() => frames.release()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_UNFINISHED" }));
      await expect(connection.read()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_FRAME_UNFINISHED" });
      given.push((await frames.next()).value);
      frames.release();
      return [...given, await allOf(connection)];
    });
    expect(all).toEqual(["one", "two", "plain"]);
  });
});

test("release() is refused while a frame is awaited, and has no effect before the first frame", async () => {
  const { client, server } = memoryPair();
  const frames = server.frames(lines());
  frames.release();
  const next = frames.next();
  expect(() => frames.release()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_READING" }));
  client.write("one\n");
  expect((await next).value).toBe("one");
  await Promise.all([client.close(), server.close()]);
});

const CODECS: readonly (readonly [string, Codec<unknown, never>, Buffer])[] = [
  ["lines", lines(), Buffer.from("a line\n")],
  ["json-lines", jsonLines(), Buffer.from("[1]\n")],
  ["delimiter", delimiter("--"), Buffer.from("part--")],
  ["fixed", fixed(4), Buffer.from("four")],
  ["netstring", netstring(), Buffer.from("3:abc,")],
  ["length-prefixed", lengthPrefixed({ lengthBytes: 1 }), Buffer.from("\x03abc")],
  ["varint-prefixed", varintPrefixed(), Buffer.from("\x03abc")],
  [
    "map-frames",
    mapFrames(fixed(3), { decode: String, encode: (text: string) => Buffer.from(text) }),
    Buffer.from("abc"),
  ],
  [
    "define-codec",
    defineCodec({ name: "two", measure: () => 2, decode: String, encode: (text: string) => Buffer.from(text) }),
    Buffer.from("ab"),
  ],
  ["layered", layered(fixed(2), fixed(2)), Buffer.from("ab")],
];

test.each(CODECS)(
  "Decoder.rest() of %s returns all bytes that are not in a delivered frame, wherever the stream was cut",
  (_, codec, frame) => {
    const stream = Buffer.concat([frame, frame, frame]);
    const expected = codec.decoder();
    expected.push(frame);
    const value = expected.next();
    for (let cut = 0; cut <= stream.length; cut++) {
      const decoder = codec.decoder();
      decoder.push(stream.subarray(0, cut));
      const first = decoder.next();
      expect(first).toEqual(cut < frame.length ? undefined : value);
      decoder.keep();
      decoder.push(stream.subarray(cut));
      const rest = decoder.rest();
      expect(rest).toEqual(stream.subarray(cut < frame.length ? 0 : frame.length));
      expect([decoder.bufferedBytes, decoder.next(), decoder.rest().length]).toEqual([0, undefined, 0]);
      // The decoder starts again.
      decoder.push(rest);
      expect(decoder.next()).toEqual(value);
    }
  },
);
