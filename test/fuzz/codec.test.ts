// The fuzz test of codecs. `SOCKWRIGHT_FUZZ_SECONDS=60` sets its time, `SOCKWRIGHT_FUZZ_SEED` repeats a run. Decoders with
// planted faults prove that it finds them.
import { describe, expect, test } from "vitest";
import { FrameDecoder } from "../../src/codec/frame-decoder.ts";
import { type Decoder, delimiter, fixed, lengthPrefixed, lines, netstring } from "../../src/codec.ts";
import { Skipping, skippingSubjects } from "../behaviour/codec/skipping.ts";
import { MAX, subjects as plainSubjects, type Subject } from "../behaviour/codec/subjects.ts";
import { Fuzzer } from "./codec-round.ts";

const seconds = Number(process.env["SOCKWRIGHT_FUZZ_SECONDS"] ?? 2);
const seed = Number(process.env["SOCKWRIGHT_FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const subjects: readonly Subject[] = [...plainSubjects, ...skippingSubjects];
const MIN_ROUNDS = 100;
/** The seed is fixed, so that a planted fault is found in every run, or in none. */
const PLANTED_SEED = 1;
const PLANTED_ROUNDS = 5_000;

console.info(`codec fuzz: SOCKWRIGHT_FUZZ_SEED=${seed} SOCKWRIGHT_FUZZ_SECONDS=${seconds}`);

/** The result after the time, or after this many rounds. */
function search(subject: Subject, from: number, rounds: number, ms = 0): string | undefined {
  const fuzzer = new Fuzzer(subject, from);
  const end = performance.now() + ms;
  for (let count = 0; count < rounds || performance.now() < end; count++) {
    const found = fuzzer.round();
    if (found !== undefined) return `seed ${from}, round ${count}: ${found}`;
  }
  return undefined;
}

describe("no input makes a difference between decoder and reference", () => {
  const ms = (seconds * 1_000) / subjects.length;
  test.for(subjects.map((subject, index) => [subject.name, subject, index] as const))(
    "%s",
    { timeout: 60_000 + ms },
    ([, subject, index]) => {
      expect(search(subject, seed + index, MIN_ROUNDS, ms)).toBeUndefined();
    },
  );
});

test("the same seed gives the same rounds", () => {
  const planted = faulty("delimiter, several bytes, borrowed", () =>
    delimiter("aab", { maxFrameBytes: MAX - 1 }).decoder(),
  );
  expect(search(planted, PLANTED_SEED, PLANTED_ROUNDS)).toBe(search(planted, PLANTED_SEED, PLANTED_ROUNDS));
});

/** A subject with another decoder. */
function faulty(name: string, decoder: () => Decoder<unknown>): Subject {
  const subject = subjects.find((each) => each.name === name);
  if (subject === undefined) throw new Error(`there is no subject ${name}`);
  return { ...subject, decoder };
}

/** Searches only the last chunk for its delimiter, and so misses one that is cut. */
class Forgetful extends FrameDecoder<Buffer> {
  readonly #ending = Buffer.from("aab");
  #looked = 0;

  protected measure(bytes: Buffer, start: number): number | undefined {
    const at = bytes.indexOf(this.#ending, start + this.#looked);
    this.#looked = at < 0 ? bytes.length - start : 0;
    if ((at < 0 ? this.#looked - 2 : at - start) > MAX) throw this.tooLargeError(MAX);
    return at < 0 ? undefined : at - start + this.#ending.length;
  }

  protected open(_bytes: Buffer, start: number, length: number): Buffer {
    return this.cut(start, start + length - this.#ending.length);
  }
}

/** Keeps a lent chunk without copying it. */
class Trusting implements Decoder<Buffer> {
  #pieces: Buffer[] = [];
  #isEnded = false;
  readonly offset = 0;

  get bufferedBytes(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  push(bytes: NodeJS.ArrayBufferView): void {
    this.#pieces.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  next(): Buffer | undefined {
    if (this.bufferedBytes >= 7) {
      const all = Buffer.concat(this.#pieces);
      this.#pieces = [all.subarray(7)];
      return all.subarray(0, 7);
    }
    if (!this.#isEnded || this.bufferedBytes === 0) return undefined;
    const rest = fixed(7).decoder();
    rest.push(Buffer.concat(this.#pieces));
    rest.end();
    return rest.next();
  }

  end(): void {
    this.#isEnded = true;
  }

  keep(): void {}

  rest(): Buffer {
    return Buffer.concat(this.#pieces.splice(0));
  }
}

/** Has no limit, and so buffers more than it may. */
class Hoarding extends FrameDecoder<string> {
  protected measure(bytes: Buffer, start: number): number | undefined {
    const at = bytes.indexOf(10, start);
    return at < 0 ? undefined : at - start + 1;
  }

  protected open(bytes: Buffer, start: number, length: number): string {
    if (length > MAX) throw this.tooLargeError(MAX);
    return bytes.toString("latin1", start, start + length - 1);
  }
}

/** Throws an error of another class. */
function crashing(): Decoder<unknown> {
  const decoder = lines({ maxFrameBytes: MAX }).decoder();
  const next = decoder.next.bind(decoder);
  decoder.next = () => {
    try {
      return next();
    } catch (error) {
      throw new TypeError("cannot read properties of undefined", { cause: error });
    }
  };
  return decoder;
}

/** Leaves out the frame after the one that it skips. */
function skippingTwo(): Decoder<unknown> {
  const decoder = delimiter("\0", { maxFrameBytes: MAX }).decoder();
  const skip = decoder.skip?.bind(decoder);
  decoder.skip = () => {
    const bytes = skip?.();
    if (bytes !== undefined) decoder.next();
    return bytes;
  };
  return new Skipping(decoder);
}

/** Skips its last byte in the longest frame. */
function shortening(): Decoder<unknown> {
  const decoder = lengthPrefixed({ lengthBytes: 1, maxFrameBytes: MAX }).decoder();
  const next = decoder.next.bind(decoder);
  decoder.next = () => {
    const frame = next();
    return frame?.length === MAX ? frame.subarray(0, MAX - 1) : frame;
  };
  return decoder;
}

describe("a fault is found", () => {
  test.for<[string, Subject, RegExp]>([
    [
      "a delimiter that is missed at a cut",
      faulty("delimiter, several bytes, borrowed", () => new Forgetful("x")),
      /gives \[\[/,
    ],
    ["memory that was only lent", faulty("fixed", () => new Trusting()), /aa/],
    ["a limit that is none", faulty("lines", () => new Hoarding("x")), /gives/],
    ["a limit that is one less", faulty("netstring", () => netstring({ maxFrameBytes: MAX - 1 }).decoder()), /gives/],
    ["a byte that is lost in the longest frame", faulty("length-prefixed, 1 byte", shortening), /gives/],
    [
      "a frame that is skipped with the one behind it",
      faulty("delimiter, one byte, read past what is wrong", skippingTwo),
      /gives/,
    ],
    ["an error that is no FrameError", faulty("lines", crashing), /a crash: TypeError/],
  ])("%s", ([, subject, said]) => {
    expect(search(subject, PLANTED_SEED, PLANTED_ROUNDS)).toMatch(said);
  });

  test("more bytes buffered than allowed", () => {
    const subject = faulty("lines", () => new Hoarding("x"));
    const endless: Subject = { ...subject, reference: () => ({ frames: [], code: undefined }) };
    const found = Array.from({ length: 200 }, (_, index) => search(endless, PLANTED_SEED + index, 50));
    expect(found.some((each) => each?.includes("bytes buffered"))).toBe(true);
  });
});
