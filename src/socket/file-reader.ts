import type { Endpoint } from "./endpoint.ts";
import { InOrder } from "./in-order.ts";
import { Pieces, type Units } from "./pieces.ts";
import { type ReceiveCall, receive, recvCall } from "./receive.ts";
import { ReceiveLine } from "./receive-line.ts";
import { SockwrightError } from "./sockwright-error.ts";

/** What is received at once where more is wanted than the buffer holds. */
export const RECEIVED_FILE_BYTES = 64 * 1024;

/** How a file reads. */
export interface Reading<T> {
  readonly units: Units<T>;
  /** What received bytes are to the file; of none, at the end, what was still held back. */
  of(bytes: Buffer): T;
  /** Why nothing comes after what {@link of} gave last. */
  error(): SockwrightError | undefined;
  /** 0 reads nothing ahead. */
  readonly bufferBytes: number;
  readonly maxLineBytes: number;
  readonly maxReadBytes: number;
}

/**
 * The half of a file that reads: what came and was not taken, and calls for more. Reads are served one after another. One that
 * fails takes nothing, so the next one has all that came.
 */
export class FileReader<T extends string | Buffer> {
  readonly #endpoint: Endpoint;
  readonly #reading: Reading<T>;
  readonly #pieces: Pieces<T>;
  readonly #reads = new InOrder();
  #call: ReceiveCall<Buffer> | undefined;
  #closed: SockwrightError | undefined;
  /** Told by every read once what came before it was read. */
  #error: SockwrightError | undefined;

  constructor(endpoint: Endpoint, reading: Reading<T>) {
    this.#endpoint = endpoint;
    this.#reading = reading;
    this.#pieces = new Pieces(reading.units);
  }

  /** Bytes or characters until there are so many, or the end; unbuffered, what one receive gives. */
  read(count: number): Promise<T> {
    const pieces = this.#pieces;
    return this.#inOrder(async () => {
      if (this.#reading.bufferBytes === 0) {
        if (pieces.isEmpty && count > 0) await this.#fill(count);
        return pieces.take(count);
      }
      while (pieces.count < count && (await this.#fill(this.#roomFor(count - pieces.count))));
      return pieces.take(count);
    });
  }

  /** All until the end. */
  readAll(): Promise<T> {
    return this.#inOrder(async () => {
      do this.#limit("ERR_SOCKWRIGHT_READ_TOO_LONG", this.#pieces.bytes, this.#reading.maxReadBytes);
      while (await this.#fill(RECEIVED_FILE_BYTES));
      return this.#pieces.take(this.#pieces.count);
    });
  }

  /** What is there, or else what one receive gives: at most so many. */
  readOnce(count: number): Promise<T> {
    return this.#inOrder(async () => {
      const { bufferBytes } = this.#reading;
      if (this.#pieces.isEmpty && count > 0) await this.#fill(bufferBytes === 0 ? count : bufferBytes);
      return this.#pieces.take(count);
    });
  }

  /** What is there, or else what one receive gives; it stays. */
  peek(): Promise<T> {
    return this.#inOrder(async () => {
      if (this.#pieces.isEmpty) await this.#fill(this.#reading.bufferBytes);
      return this.#pieces.peek();
    });
  }

  /** A line with its end, or as much of it as the limit allows, or what stands before the end. */
  readLine(limit: number | undefined): Promise<T> {
    const line = limit === undefined && this.#reads.isIdle ? this.#lineAtHand() : undefined;
    return line === undefined ? this.#inOrder(() => this.#line(limit)) : Promise.resolve(line);
  }

  /** Lines until they have so many bytes or characters, or the end. */
  readLines(hint: number): Promise<T[]> {
    return this.#inOrder(async () => {
      const lines: T[] = [];
      let count = 0;
      let bytes = 0;
      try {
        while (count < hint) {
          const line = await this.#line(undefined);
          if (line.length === 0) break;
          lines.push(line);
          count += this.#reading.units.countOf(line);
          bytes += this.#reading.units.bytesOf(line);
          this.#limit("ERR_SOCKWRIGHT_READ_TOO_LONG", bytes, this.#reading.maxReadBytes);
        }
        return lines;
      } catch (error) {
        this.#pieces.unread(this.#reading.units.join(lines));
        throw error;
      }
    });
  }

  /** Every read that waits ends with the error, and every further one. */
  close(error: SockwrightError): void {
    this.#closed = error;
    if (this.#call !== undefined) this.#endpoint.receiving.cancel(this.#call, error);
  }

  #inOrder<Result>(read: () => Promise<Result>): Promise<Result> {
    return this.#reads.run(async () => {
      if (this.#closed !== undefined) throw this.#closed;
      return read();
    });
  }

  /** Most lines came with others: a promise that is settled is all that they need. */
  #lineAtHand(): T | undefined {
    if (this.#closed !== undefined || this.#pieces.bytes > this.#reading.maxLineBytes) return undefined;
    const end = this.#pieces.lineEnd();
    return end < 0 ? undefined : this.#pieces.takeUnits(end);
  }

  async #line(limit: number | undefined): Promise<T> {
    const pieces = this.#pieces;
    for (;;) {
      const end = pieces.lineEnd();
      const most = limit === undefined ? -1 : pieces.unitsOf(limit);
      if (most >= 0 && (end < 0 || most < end)) return pieces.takeUnits(most);
      if (limit === undefined) {
        const { maxLineBytes } = this.#reading;
        if (pieces.bytes > maxLineBytes) {
          this.#limit("ERR_SOCKWRIGHT_LINE_TOO_LONG", end < 0 ? pieces.bytes : pieces.bytesOf(end), maxLineBytes);
        }
      }
      if (end >= 0) return pieces.takeUnits(end);
      if (!(await this.#fillLine(limit))) return pieces.take(pieces.count);
    }
  }

  #limit(code: "ERR_SOCKWRIGHT_LINE_TOO_LONG" | "ERR_SOCKWRIGHT_READ_TOO_LONG", bytes: number, most: number): void {
    if (bytes > most) throw new SockwrightError(code);
  }

  #fillLine(limit: number | undefined): Promise<boolean> {
    const { bufferBytes } = this.#reading;
    if (bufferBytes > 0) return this.#fill(bufferBytes);
    const most = limit === undefined ? RECEIVED_FILE_BYTES : Math.min(RECEIVED_FILE_BYTES, limit - this.#pieces.count);
    return this.#receive(new ReceiveLine(this.#endpoint, most));
  }

  /** A character has one byte or more: never more is asked for than is wanted, or fits into the buffer. */
  #roomFor(count: number): number {
    const { bufferBytes } = this.#reading;
    return count <= bufferBytes ? bufferBytes : Math.min(count, Math.max(bufferBytes, RECEIVED_FILE_BYTES));
  }

  #fill(bytes: number): Promise<boolean> {
    return this.#receive(recvCall(this.#endpoint, bytes, undefined));
  }

  /** Waits for more. False at the end. */
  async #receive(call: ReceiveCall<Buffer>): Promise<boolean> {
    const error = this.#closed ?? this.#error;
    if (error !== undefined) throw error;
    this.#call = call;
    try {
      const bytes = await receive(call, undefined);
      const rest = this.#reading.of(bytes);
      this.#pieces.push(rest);
      this.#error = this.#reading.error();
      if (this.#error !== undefined && rest.length === 0) throw this.#error;
      return bytes.length > 0 || rest.length > 0;
    } finally {
      this.#call = undefined;
    }
  }
}
