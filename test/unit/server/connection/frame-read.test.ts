// Iteration over frames with a receive buffer that all connections share: the link overwrites it right after each
// delivery, so neither a returned frame nor a pending one may point into it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Codec } from "../../../../src/codec.ts";
import { Connection } from "../../../../src/server/connection/connection.ts";
import type { Link, LinkInput } from "../../../../src/server/transport/link.ts";
import { owned, subjects } from "../../../behaviour/codec/subjects.ts";

const room = Buffer.alloc(4_096);

class LendingLink implements Link {
  readonly peer = { path: "" };
  readonly isRecords = false;
  readonly isDatagram = false;
  readonly endsAtClose = true;
  #input: LinkInput | undefined;

  open(input: LinkInput): void {
    this.#input = input;
  }

  deliver(bytes: Uint8Array): void {
    room.set(bytes);
    this.#input?.onReceived(room.subarray(0, bytes.length));
    room.fill(0xaa);
  }

  finish(): void {
    this.#input?.onEnd();
  }

  send(_bytes: Uint8Array, _offset: number, length: number): number {
    return length;
  }

  sendMany(): undefined {}
  resume(): void {}
  pause(): void {}
  awaitWritable(): void {}
  end(): void {}
  close(): void {}
  abort(): void {}
}

/** Returns the frames of the pieces; `isReaderQuick` lets the reader run between two pieces. */
async function readPieces(
  codec: Codec<unknown>,
  pieces: readonly Uint8Array[],
  isReaderQuick: boolean,
): Promise<unknown[]> {
  const link = new LendingLink();
  const frames = new Connection(link).frames(codec);
  const reading = (async () => {
    const came: unknown[] = [];
    for await (const frame of frames) came.push(owned(frame));
    return came;
  })();
  for (const piece of pieces) {
    link.deliver(piece);
    if (isReaderQuick) await new Promise(setImmediate);
  }
  link.finish();
  return reading;
}

describe.for(subjects.map((subject) => [subject.name, subject] as const))("%s", ([name, subject]) => {
  const codec: Codec<unknown> = { name, decoder: subject.decoder, encode: subject.encode };

  test.for([true, false])(
    "at every possible cut, with a reader that runs between the pieces: %s",
    async (isReaderQuick) => {
      await fc.assert(
        fc.asyncProperty(fc.array(subject.frames, { minLength: 1, maxLength: 3 }), async (sent) => {
          const input = Buffer.concat(sent.map((frame) => subject.encode(frame)));
          for (const place of input.keys()) {
            const pieces = [input.subarray(0, place), input.subarray(place)].filter((piece) => piece.length > 0);
            expect(await readPieces(codec, pieces, isReaderQuick)).toEqual(sent);
          }
        }),
        { numRuns: 5 },
      );
    },
  );
});
