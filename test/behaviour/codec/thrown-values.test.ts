// A function of the program may throw a value that is not an error or has no text. The codec still throws a FrameError.
import { expect, test } from "vitest";
import { type Codec, defineCodec, FrameError, fixed, mapFrames } from "../../../src/codec.ts";

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const messageThrows = Object.defineProperty(new Error(), "message", {
  get() {
    throw new Error("no message");
  },
});

const VALUES: readonly [what: string, value: unknown, message: RegExp][] = [
  ["an object without a prototype", Object.create(null), /not an error and has no text/],
  ["a revoked proxy", revoked.proxy, /not an error and has no text/],
  ["an error whose message throws", messageThrows, /not an error and has no text/],
  ["a symbol", Symbol("odd"), /Symbol\(odd\)/],
  ["undefined", undefined, /undefined/],
];

function thrower(value: unknown): () => never {
  return () => {
    throw value;
  };
}

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

for (const [what, value, message] of VALUES) {
  const throwing = thrower(value);
  const codecs: readonly [string, Codec<unknown, unknown>][] = [
    ["mapFrames", mapFrames(fixed(1), { decode: throwing, encode: throwing })],
    ["defineCodec", defineCodec({ name: "odd", measure: () => 1, decode: throwing, encode: throwing })],
    ["measure", defineCodec({ name: "odd", measure: throwing, decode: throwing, encode: throwing })],
  ];
  test.for(codecs)(`${what}, thrown by %s`, ([, codec]) => {
    const decoder = codec.decoder();
    decoder.push(Buffer.from("x"));
    const error = caught(() => decoder.next());
    expect(error).toBeInstanceOf(FrameError);
    expect(error).toMatchObject({ code: "ERR_SOCKWRIGHT_FRAME_MALFORMED", message: expect.stringMatching(message) });
    expect(caught(() => decoder.next())).toBe(error);
    const unencoded = caught(() => codec.encode(0));
    expect(unencoded).toBeInstanceOf(FrameError);
    expect(unencoded).toMatchObject({ code: "ERR_SOCKWRIGHT_FRAME_UNENCODABLE" });
  });
}
