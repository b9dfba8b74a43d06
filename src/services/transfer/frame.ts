import { TransferError } from "./transfer-error.ts";

/** The bytes before the content of a frame: its type, an ASCII letter, and the length of its content, an unsigned integer, big-endian. */
export const FRAME_HEADER_SIZE = 5;
/** Limits the bytes of a message, which is kept in memory; a frame with more ends the connection. */
export const MAX_MESSAGE_BYTES = 256 * 1024;
/** Limits the bytes of a frame of data, which pass through: 1 GiB. */
export const MAX_DATA_BYTES = 1024 * 1024 * 1024;

/** The letter of a frame with bytes of a file. Frames of other letters are messages in JSON. */
export const DATA = "D";

const NOTHING = Buffer.alloc(0);

/** The header of a frame. */
export function frameHeader(type: string, length: number): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_SIZE);
  header.write(type, 0, 1, "latin1");
  header.writeUInt32BE(length, 1);
  return header;
}

/** A frame with a message. */
export function messageFrame(type: string, value: unknown): Buffer {
  const content = Buffer.from(JSON.stringify(value));
  return Buffer.concat([frameHeader(type, content.length), content]);
}

/** A part of what a decoder has read: a message that is complete, or the next bytes of a file. */
export type FramePart =
  | { readonly type: "message"; readonly letter: string; readonly value: unknown }
  /** They are a view of the bytes that were pushed. */
  | { readonly type: "data"; readonly bytes: Buffer };

/** Decodes the frames of one direction of a connection. Bytes of files pass through and are not copied. */
export class FrameDecoder {
  /** Limits the bytes of a message. A receiver lets a stranger send less than a sender whom it knows. */
  maxMessageBytes = MAX_MESSAGE_BYTES;
  readonly #header = Buffer.alloc(FRAME_HEADER_SIZE);
  #headerLength = 0;
  #message = NOTHING;
  /** The bytes of the current frame that are still to come. */
  #missing = 0;

  /** Whether the bytes so far end between two frames. */
  get isBetweenFrames(): boolean {
    return this.#headerLength === 0;
  }

  /**
   * Decodes the next bytes.
   *
   * @throws TransferError `PROTOCOL`: the type is no capital letter, the length is above its limit, a message is not JSON. The decoder is
   *   of no more use.
   */
  *push(bytes: Buffer): Generator<FramePart> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#headerLength < FRAME_HEADER_SIZE) {
        const copied = bytes.copy(this.#header, this.#headerLength, at);
        this.#headerLength += copied;
        at += copied;
        if (this.#headerLength < FRAME_HEADER_SIZE) return;
        this.#begin();
      }
      const piece = bytes.subarray(at, at + this.#missing);
      at += piece.length;
      const letter = this.#letter();
      if (letter !== DATA) piece.copy(this.#message, this.#message.length - this.#missing);
      this.#missing -= piece.length;
      if (this.#missing === 0) this.#headerLength = 0;
      if (letter === DATA && piece.length > 0) yield { type: "data", bytes: piece };
      else if (letter !== DATA && this.#missing === 0) yield { type: "message", letter, value: this.#value() };
    }
  }

  #begin(): void {
    const letter = this.#letter();
    this.#missing = this.#header.readUInt32BE(1);
    if (!/^[A-Z]$/.test(letter)) throw new TransferError("PROTOCOL", "The peer sent a frame of no known type");
    const max = letter === DATA ? MAX_DATA_BYTES : this.maxMessageBytes;
    if (this.#missing > max)
      throw new TransferError("PROTOCOL", `The peer sent a frame of ${this.#missing} bytes; the limit is ${max}`);
    if (letter !== DATA) this.#message = Buffer.allocUnsafe(this.#missing);
  }

  #letter(): string {
    return this.#header.toString("latin1", 0, 1);
  }

  #value(): unknown {
    const text = this.#message.toString();
    this.#message = NOTHING;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new TransferError("PROTOCOL", "The peer sent a message that is not JSON", { cause: error });
    }
  }
}
