import { ConnectionError } from "../transport/connection-error.ts";
import type { ReadBuffer } from "./read-buffer.ts";

/** The most that one read can ask for. */
export const MAX_READ_BYTES = 16 * 1024 * 1024;

/** One way of taking from what came. It knows nothing of sockets, and gives the same however the bytes are cut. */
export interface Read<T> {
  /** Before so many bytes are there, it is not worth a try. */
  readonly wantedBytes: number;
  /** What it gives; undefined when it needs more. Throws when no more would help; what is there can still be read. */
  take(buffer: ReadBuffer): T | undefined;
  /** As {@link take} with an empty read buffer, from bytes that are lent for the time of the call: it keeps what it does not give. */
  takeLent?(bytes: Uint8Array): T | undefined;
  /** What it gives when {@link take} gave nothing and no more will come, by the peer's end or by a stop at this side. */
  atEnd(buffer: ReadBuffer, how: InputEnd): T;
}

/**
 * Why no more will come: `ended`, the peer has ended, and what it has not finished is an error; `stopped`, this side reads
 * no more, and what was cut by that is just left out.
 */
export type InputEnd = "ended" | "stopped";

/** The next piece, or a record, whole. */
export const NEXT_PIECE: Read<Buffer | undefined> = {
  wantedBytes: 0,
  take: (buffer) => buffer.shift(),
  atEnd: () => undefined,
};

/** What is there of a stream, up to so many bytes. */
export class ReadAtMost implements Read<Buffer | undefined> {
  readonly wantedBytes = 1;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  take(buffer: ReadBuffer): Buffer | undefined {
    return buffer.bytes === 0 ? undefined : buffer.take(Math.min(this.#maxBytes, buffer.bytes));
  }

  atEnd(): undefined {
    return undefined;
  }
}

/** So many bytes, no more and no less. */
export class ReadExactly implements Read<Buffer> {
  readonly wantedBytes: number;

  constructor(count: number) {
    this.wantedBytes = count;
  }

  take(buffer: ReadBuffer): Buffer | undefined {
    return buffer.bytes < this.wantedBytes ? undefined : buffer.take(this.wantedBytes);
  }

  atEnd(): never {
    throw new ConnectionError("ERR_SOCKWRIGHT_UNEXPECTED_END");
  }
}

/** Up to a delimiter, and with it. */
export class ReadUntil implements Read<Buffer | undefined> {
  readonly #delimiter: Uint8Array;
  readonly #maxBytes: number;
  #searched = 0;

  constructor(delimiter: Uint8Array, maxBytes: number) {
    this.#delimiter = delimiter;
    this.#maxBytes = maxBytes;
  }

  get wantedBytes(): number {
    return this.#searched + 1;
  }

  take(buffer: ReadBuffer): Buffer | undefined {
    const { length } = this.#delimiter;
    // The delimiter may have come in parts: its beginning is then among what was searched already.
    const at = buffer.indexOf(this.#delimiter, Math.max(0, this.#searched - length + 1));
    if (at >= 0 && at + length <= this.#maxBytes) return buffer.take(at + length);
    this.#searched = buffer.bytes;
    if (buffer.bytes >= this.#maxBytes) throw new ConnectionError("ERR_SOCKWRIGHT_TOO_LONG");
    return undefined;
  }

  atEnd(buffer: ReadBuffer, how: InputEnd): undefined {
    if (buffer.bytes > 0 && how === "ended") throw new ConnectionError("ERR_SOCKWRIGHT_UNEXPECTED_END");
    return undefined;
  }
}
