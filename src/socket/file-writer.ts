import type { Endpoint } from "./endpoint.ts";
import { InOrder } from "./in-order.ts";
import { SendAll, transmit } from "./send.ts";

const DONE: Promise<void> = Promise.resolve();

/**
 * The writing half of a file: written data that was not sent. Writes are sent in the order of their calls. Data that a failed
 * send has not sent stays for the next one.
 */
export class FileWriter {
  readonly #endpoint: Endpoint;
  readonly #bufferBytes: number;
  readonly #writes = new InOrder();
  /** Made when something is to be kept. */
  #buffer: Buffer | undefined;
  #length = 0;

  /** @param bufferBytes - 0 keeps nothing. */
  constructor(endpoint: Endpoint, bufferBytes: number) {
    this.#endpoint = endpoint;
    this.#bufferBytes = bufferBytes;
  }

  /** Nothing is to be sent, and nothing is being sent. */
  get isIdle(): boolean {
    return this.#writes.isIdle && this.#length === 0;
  }

  /**
   * Keeps the bytes, or sends them where they are as many as the buffer has: then they are lent until all is sent. Resolves to
   * `count`.
   */
  write(bytes: Uint8Array, count: number, isFlushed = false): Promise<number> {
    if (!isFlushed && this.#writes.isIdle && this.#fits(bytes)) {
      this.#keep(bytes);
      return Promise.resolve(count);
    }
    if (this.isIdle && bytes.length > 0 && !this.#fits(bytes)) return this.#sendAtOnce(bytes, count);
    return this.#writes.run(async () => {
      await this.#write(bytes);
      if (isFlushed) await this.#flush();
      return count;
    });
  }

  /** One after the other, with no other write between. */
  writeAll(parts: readonly Uint8Array[], isFlushed = false): Promise<void> {
    return this.#writes.run(async () => {
      for (const part of parts) await this.#write(part);
      if (isFlushed) await this.#flush();
    });
  }

  /** Sends what was written before. */
  flush(): Promise<void> {
    return this.isIdle ? DONE : this.#writes.run(() => this.#flush());
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#fits(bytes)) {
      this.#keep(bytes);
      return;
    }
    if (this.#length > 0) await this.#flush();
    if (this.#fits(bytes)) this.#keep(bytes);
    else if (bytes.length > 0) await this.#send(bytes);
  }

  #fits({ length }: Uint8Array): boolean {
    return length < this.#bufferBytes && this.#length + length <= this.#bufferBytes;
  }

  #keep(bytes: Uint8Array): void {
    this.#buffer ??= Buffer.allocUnsafe(this.#bufferBytes);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  async #flush(): Promise<void> {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#length === 0) return;
    try {
      await this.#send(buffer.subarray(0, this.#length));
      this.#length = 0;
    } catch (error) {
      const sent = sentOf(error);
      buffer.copyWithin(0, sent, this.#length);
      this.#length -= sent;
      throw error;
    }
  }

  /** Nothing is before it: where the kernel takes all of it now, one promise is enough. */
  #sendAtOnce(bytes: Uint8Array, count: number): Promise<number> {
    const sending = transmit(new SendAll(this.#endpoint, bytes, 0, count), undefined);
    return this.#endpoint.sending.isIdle ? sending : this.#writes.run(() => sending);
  }

  #send(bytes: Uint8Array): Promise<void> {
    return transmit(new SendAll(this.#endpoint, bytes, 0, undefined), undefined);
  }
}

/** How much of a sendall had gone before it failed. */
function sentOf(error: unknown): number {
  if (!(error instanceof Error) || !("bytesSent" in error)) return 0;
  return typeof error.bytesSent === "number" ? error.bytesSent : 0;
}
