// One round of the fuzz test of codecs: an input that is random or nearly right, cut at random, with a reader that stops at random,
// against the reference. One seed determines all of it.
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { Reading } from "../behaviour/codec/references.ts";
import { codeOf, MAX, owned, type Subject } from "../behaviour/codec/subjects.ts";

const FRAMES_IN_POOL = 100;
const MAX_INPUT_BYTES = 400;
/** Bytes that have a meaning in one codec or another. */
const MEANINGFUL = [0, 1, 2, 3, 10, 13, 34, 39, 40, 41, 44, 48, 49, 52, 57, 58, 91, 97, 98, 0x7f, 0x80, 0xc3, 0xff];

/** A whole number from 0 to below `below`. */
type Random = (below: number) => number;

/** Mulberry32: a seed of 32 bits is enough to repeat a run. */
function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export class Fuzzer {
  readonly #subject: Subject;
  readonly #random: Random;
  readonly #pool: readonly Buffer[];

  constructor(subject: Subject, seed: number) {
    this.#subject = subject;
    this.#random = randomFrom(seed);
    this.#pool = fc.sample(subject.frames, { seed, numRuns: FRAMES_IN_POOL }).map((frame) => subject.encode(frame));
  }

  /** Undefined when the decoder agrees with the reference; otherwise the input and the result. */
  round(): string | undefined {
    const input = this.#input();
    const expected = this.#subject.reference(input);
    const pieces = this.#cut(input);
    const found = this.#read(pieces);
    if (typeof found !== "string" && isDeepStrictEqual(plain(found), plain(expected))) return undefined;
    const came = pieces.map((piece) => piece.toString("hex")).join(" ");
    return `${this.#subject.name}: ${came}\n  gives ${told(found)}\n  not   ${told(expected)}`;
  }

  #input(): Buffer {
    if (this.#random(8) === 0) return this.#noise(this.#random(80));
    const frames = Array.from(
      { length: this.#random(8) },
      () => this.#pool[this.#random(this.#pool.length)] ?? Buffer.of(),
    );
    let input: Buffer = Buffer.concat(frames);
    for (let count = this.#random(4); count > 0; count--) input = this.#mutated(input);
    return input.subarray(0, MAX_INPUT_BYTES);
  }

  #noise(length: number): Buffer {
    const isMeaningful = this.#random(2) === 0;
    return Buffer.from(Array.from({ length }, () => (isMeaningful ? this.#meaningful() : this.#random(256))));
  }

  #meaningful(): number {
    return MEANINGFUL[this.#random(MEANINGFUL.length)] ?? 0;
  }

  #mutated(input: Buffer): Buffer {
    const at = this.#random(input.length + 1);
    const [before, after] = [input.subarray(0, at), input.subarray(at)];
    const some = this.#random(12);
    switch (this.#random(5)) {
      case 0:
        return before;
      case 1:
        return Buffer.concat([before, after.subarray(some)]);
      case 2:
        return Buffer.concat([before, this.#noise(some), after]);
      case 3:
        return Buffer.concat([before, after.subarray(0, some), after]);
      default:
        return Buffer.concat([before, Buffer.of(this.#meaningful()), after.subarray(1)]);
    }
  }

  #cut(input: Buffer): Buffer[] {
    const longest = [1, 2, 5, 20, 100, MAX_INPUT_BYTES][this.#random(6)] ?? 1;
    const pieces: Buffer[] = [];
    for (let at = 0; at < input.length; ) {
      const length = this.#random(longest + 1);
      pieces.push(input.subarray(at, at + length));
      at += length;
    }
    return pieces;
  }

  /** The results of the decoder, or the rule that it broke. */
  #read(pieces: readonly Buffer[]): Reading | string {
    const { extraBytes } = this.#subject;
    const frames: unknown[] = [];
    try {
      const decoder = this.#subject.decoder();
      let unread = 0;
      for (const piece of pieces) {
        const lent = Buffer.from(piece);
        decoder.push(lent);
        // Mostly all frames are taken, and sometimes a few.
        let isDrained = false;
        for (let want = this.#random(4) === 0 ? this.#random(3) : Number.POSITIVE_INFINITY; want > 0; want--) {
          const frame = decoder.next();
          isDrained = frame === undefined;
          if (isDrained) break;
          frames.push(owned(frame));
        }
        if (!isDrained) decoder.keep();
        lent.fill(0xaa);
        unread = isDrained ? 0 : unread + piece.length;
        const allowed = MAX + extraBytes + unread;
        if (decoder.bufferedBytes > allowed)
          return `${decoder.bufferedBytes} bytes buffered, and ${allowed} are allowed`;
      }
      decoder.end();
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(owned(frame));
      return { frames, code: undefined };
    } catch (error) {
      return failed(error, frames);
    }
  }
}

function failed(error: unknown, frames: unknown[]): Reading | string {
  try {
    return { frames, code: codeOf(error) };
  } catch {
    return `a crash: ${String(error)}`;
  }
}

/** Buffers as text: it makes no difference whether a frame is a Buffer of a pool or of its own. */
function plain({ frames, code }: Reading): unknown {
  return [frames.map((frame) => (frame instanceof Buffer ? `hex ${frame.toString("hex")}` : frame)), code];
}

function told(reading: Reading | string): string {
  return typeof reading === "string" ? reading : JSON.stringify(plain(reading));
}
