import type { Connection } from "../../server/connection/connection.ts";
import type { RequestHead } from "../request-head.ts";

/** Bytes of a body in memory that are written at once; the next slice waits until the connection is writable again. */
export const SLICE_BYTES = 256 * 1024;

/** The target of an answer: the request's method and version, the connection, and the state of the sending. */
export class AnswerTarget {
  readonly connection: Connection;
  /** The method of the request; `""` when the head was refused. */
  readonly method: string;
  readonly version: "1.0" | "1.1";
  /** Whether this is the last answer of the connection, which has `Connection: close`. */
  isLast: boolean;
  status = 0;
  /** Whether a part of the answer was written. */
  hasBegun = false;
  /** Whether the connection is writable: its write buffer has capacity. */
  isWritable = true;
  /** Stops the sending; called when the connection is lost meanwhile. */
  cancel: (() => void) | undefined;

  constructor(connection: Connection, head: Pick<RequestHead, "method" | "version">, isLast: boolean) {
    this.connection = connection;
    this.method = head.method;
    this.version = head.version;
    this.isLast = isLast;
  }

  /** The value of Connection when the handler gives none: RFC 9112, section 9.3. */
  get connectionOption(): "close" | "keep-alive" | undefined {
    if (this.isLast) return "close";
    return this.version === "1.0" ? "keep-alive" : undefined;
  }

  /** Writes bytes, which the connection copies. */
  write(bytes: Uint8Array): void {
    this.hasBegun = true;
    this.isWritable = this.connection.write(bytes);
  }

  /** Writes bytes without a copy; they must not change until they are sent. */
  writeLent(bytes: Uint8Array): void {
    this.hasBegun = true;
    this.isWritable = this.connection.writeLent(bytes);
  }

  /** Writes any number of bytes in slices, no faster than the client receives them. */
  async writeAll(bytes: Uint8Array, isLent: boolean): Promise<void> {
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      if (!this.isWritable) await this.awaitWritable();
      const slice = bytes.subarray(at, at + SLICE_BYTES);
      if (isLent) this.writeLent(slice);
      else this.write(slice);
    }
  }

  /** Waits until the connection is writable. */
  async awaitWritable(): Promise<void> {
    await this.connection.drained();
    this.isWritable = true;
  }
}
