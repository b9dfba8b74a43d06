import { ConnectionError } from "../transport/connection-error.ts";
import type { ReadBuffer } from "./read-buffer.ts";

/** The maximum number of bytes of one read. */
export const MAX_READ_BYTES = 16 * 1024 * 1024;

/** A way to take bytes from the read buffer. It knows nothing of sockets, and its results do not depend on how the bytes are cut. */
export interface Read<T> {
  /** With fewer bytes than this, an attempt cannot succeed. */
  readonly wantedBytes: number;
  /** Returns the result; undefined when it needs more. Throws when more would not help; the buffered bytes can still be read. */
  take(buffer: ReadBuffer): T | undefined;
  /** As {@link take} with an empty read buffer, from bytes that are lent during the call: it keeps those it does not return. */
  takeLent?(bytes: Uint8Array): T | undefined;
  /** The result when {@link take} returned undefined and no more will come, because the peer ended or this side stopped. */
  atEnd(buffer: ReadBuffer, how: InputEnd): T;
}

/**
 * Why no more will come: `ended`, the peer has ended, and an incomplete item is an error; `stopped`, this side reads
 * no more, and an incomplete item is dropped.
 */
export type InputEnd = "ended" | "stopped";

/** The next piece, or a whole record. */
export const NEXT_PIECE: Read<Buffer | undefined> = {
  wantedBytes: 0,
  take: (buffer) => buffer.shift(),
  atEnd: () => undefined,
};

/** The buffered bytes of a stream, up to this many. */
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

/** Exactly this many bytes. */
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

/** The bytes up to and including a delimiter. */
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
    // The delimiter may have arrived in parts: its beginning is then in the searched bytes.
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
