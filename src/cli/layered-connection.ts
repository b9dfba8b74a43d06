import type { Connection } from "../server/connection/connection.ts";
import { TlsLink } from "../server/tls/tls-link.ts";
import { SockwrightError } from "../socket/values.ts";
import type { SocketConnection } from "./socket-connection.ts";

/** The size of one read. */
const READ_SIZE = 64 * 1024;

/** A connection that begins with a handshake, such as TLS, and carries its data in that protocol. */
export class LayeredConnection implements SocketConnection {
  readonly hasEnd = true;
  readonly #connection: Connection;
  readonly #ready: Promise<void>;
  #isClosed = false;
  #isSending = false;

  constructor(connection: Connection, ready: Promise<void>) {
    this.#connection = connection;
    this.#ready = ready;
    // The first call tells it.
    ready.catch(() => undefined);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  async receive(): Promise<Uint8Array | undefined> {
    await this.#ready;
    this.#checkOpen();
    try {
      return await this.#connection.read({ maxBytes: READ_SIZE });
    } finally {
      this.#checkOpen();
    }
  }

  async send(bytes: Uint8Array): Promise<number> {
    await this.#ready;
    this.#checkOpen();
    this.#isSending = true;
    try {
      this.#connection.write(bytes);
      await this.#connection.flushed();
      await this.#sent();
      return bytes.length;
    } finally {
      this.#isSending = false;
    }
  }

  async end(): Promise<void> {
    await this.#ready;
    await this.#connection.end();
    await this.#sent();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A peer that takes nothing must not hold the command up.
    if (this.#isSending) this.#connection.abort();
    else void this.#connection.close({ lingerMs: 0 });
  }

  async #sent(): Promise<void> {
    const { link } = this.#connection;
    if (link instanceof TlsLink) await link.sent();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new SockwrightError("ERR_SOCKWRIGHT_CLOSED");
  }
}
