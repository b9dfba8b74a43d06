import type { Connection } from "../../server/connection/connection.ts";
import type { RequestHead } from "../request-head.ts";

/** What is sent at once of a body in memory; then the client has to take it. */
export const SLICE_BYTES = 256 * 1024;

/** An answer on its way: what it is for, and how it leaves. */
export class AnswerTarget {
  readonly connection: Connection;
  /** `""` where the head was refused. */
  readonly method: string;
  readonly version: "1.0" | "1.1";
  /** No further request is answered: the answer says so, or is to say so. */
  isLast: boolean;
  status = 0;
  /** Something of it was written. */
  hasBegun = false;
  /** The connection takes more now. */
  hasRoom = true;
  /** What is done when the connection is lost meanwhile. */
  cancel: (() => void) | undefined;

  constructor(connection: Connection, head: Pick<RequestHead, "method" | "version">, isLast: boolean) {
    this.connection = connection;
    this.method = head.method;
    this.version = head.version;
    this.isLast = isLast;
  }

  /** What Connection has to say where the handler says nothing: RFC 9112, section 9.3. */
  get connectionOption(): "close" | "keep-alive" | undefined {
    if (this.isLast) return "close";
    return this.version === "1.0" ? "keep-alive" : undefined;
  }

  /** Copies the bytes. */
  write(bytes: Uint8Array): void {
    this.hasBegun = true;
    this.hasRoom = this.connection.write(bytes);
  }

  /** Does not copy them. */
  writeLent(bytes: Uint8Array): void {
    this.hasBegun = true;
    this.hasRoom = this.connection.writeLent(bytes);
  }

  /** However many they are: no faster than the client takes them. */
  async writeAll(bytes: Uint8Array, isLent: boolean): Promise<void> {
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      if (!this.hasRoom) await this.drained();
      const slice = bytes.subarray(at, at + SLICE_BYTES);
      if (isLent) this.writeLent(slice);
      else this.write(slice);
    }
  }

  /** Settles when there is room. */
  async drained(): Promise<void> {
    await this.connection.drained();
    this.hasRoom = true;
  }
}
