import { tryPromise } from "./call.ts";
import type { Endpoint } from "./endpoint.ts";
import { FileRead, type FileReadForm, type FileSource, readsOf } from "./file-read.ts";
import { Pieces, type Units } from "./pieces.ts";
import { receive } from "./receive.ts";
import { SockwrightError } from "./sockwright-error.ts";

/** The most bytes of one receive when more is wanted than the buffer holds; the rest needs further receives. */
export const RECEIVED_FILE_BYTES = 64 * 1024;

/** How a file reads. */
export interface Reading<T> {
  readonly units: Units<T>;
  /** Decodes received bytes; at the end, without an argument, returns what was still held back. */
  of(bytes: Buffer): T;
  /** Why nothing comes after what {@link of} gave last. */
  error(): SockwrightError | undefined;
  /** 0 reads nothing ahead. */
  readonly bufferBytes: number;
  readonly maxLineBytes: number;
  readonly maxReadBytes: number;
}

/**
 * The reading half of a file: received data that was not taken, and reads that receive more. Reads are served one after
 * another. A read that fails takes nothing, so the next one gets everything that came.
 */
export class FileReader<T extends string | Buffer> implements FileSource {
  readonly endpoint: Endpoint;
  readonly #reading: Reading<T>;
  readonly #pieces: Pieces<T>;
  readonly #line: FileReadForm<T>;
  #closed: SockwrightError | undefined;
  /** Told by every read once what came before it was read. */
  #error: SockwrightError | undefined;

  constructor(endpoint: Endpoint, reading: Reading<T>) {
    this.endpoint = endpoint;
    this.#reading = reading;
    this.#pieces = new Pieces(reading.units);
    this.#line = { take: (isEnd) => this.#takeLine(isEnd), isUnbufferedLine: this.#isUnbuffered };
  }

  /** Bytes or characters until there are so many, or the end; unbuffered, what one receive gives. */
  read(count: number): Promise<T> {
    if (this.#isUnbuffered) return this.readOnce(count);
    const pieces = this.#pieces;
    return this.#read({
      take: (isEnd) => (isEnd || pieces.count >= count ? pieces.take(count) : this.#roomFor(count - pieces.count)),
    });
  }

  /** All until the end. */
  readAll(): Promise<T> {
    const pieces = this.#pieces;
    return this.#read({
      take: (isEnd) => {
        limit("ERR_SOCKWRIGHT_READ_TOO_LONG", pieces.bytes, this.#reading.maxReadBytes);
        return isEnd ? pieces.take(pieces.count) : RECEIVED_FILE_BYTES;
      },
    });
  }

  /** What is there, or else what one receive gives: at most so many. */
  readOnce(count: number): Promise<T> {
    const pieces = this.#pieces;
    const wanted = this.#isUnbuffered ? count : this.#reading.bufferBytes;
    return this.#read({
      take: (isEnd) => (isEnd || count === 0 || !pieces.isEmpty ? pieces.take(count) : wanted),
    });
  }

  /** What is there, or else what one receive gives; it stays. */
  peek(): Promise<T> {
    const pieces = this.#pieces;
    return this.#read({
      take: (isEnd) => (isEnd || !pieces.isEmpty ? pieces.peek() : this.#reading.bufferBytes),
    });
  }

  /** A line with its end, or as much of it as the limit allows, or what stands before the end. */
  readLine(most: number | undefined): Promise<T> {
    if (most === undefined) return this.#read(this.#line);
    return this.#read({
      take: (isEnd) => this.#takeLimitedLine(most, isEnd),
      isUnbufferedLine: this.#isUnbuffered,
    });
  }

  /** A line for an iteration, which ends quietly where the file is closed meanwhile. `onEnd` is called at the end. */
  nextLine(onEnd: () => void): Promise<IteratorResult<T, undefined>> {
    return this.#read({
      take: (isEnd) => {
        const line = this.#takeLine(isEnd);
        if (typeof line === "number") return line;
        if (line.length > 0) return { done: false, value: line };
        onEnd();
        return ENDED;
      },
      isUnbufferedLine: this.#isUnbuffered,
      whenClosed: ENDED,
    });
  }

  /** Lines until they have so many bytes or characters, or the end. */
  readLines(hint: number): Promise<T[]> {
    const { units, maxReadBytes } = this.#reading;
    let lines: T[] = [];
    let count = 0;
    let bytes = 0;
    return this.#read({
      take: (isEnd) => {
        while (count < hint) {
          const line = this.#takeLine(isEnd);
          if (typeof line === "number") return line;
          if (line.length === 0) break;
          lines.push(line);
          count += units.countOf(line);
          bytes += units.bytesOf(line);
          limit("ERR_SOCKWRIGHT_READ_TOO_LONG", bytes, maxReadBytes);
        }
        return lines;
      },
      isUnbufferedLine: this.#isUnbuffered,
      giveBack: () => {
        this.#pieces.unread(units.join(lines));
        lines = [];
        count = 0;
        bytes = 0;
      },
    });
  }

  /** Every read that waits ends with the error, and every further one. */
  close(error: SockwrightError): void {
    this.#closed = error;
    for (const read of [...readsOf(this)]) {
      const { whenClosed } = read.form;
      if (whenClosed === undefined) this.endpoint.receiving.cancel(read, error);
      else this.endpoint.receiving.conclude(read, whenClosed);
    }
  }

  check(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }

  checkInput(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  push(bytes: Buffer): boolean {
    const rest = this.#reading.of(bytes);
    this.#pieces.push(rest);
    this.#error = this.#reading.error();
    if (rest.length > 0) return false;
    this.checkInput();
    return bytes.length === 0;
  }

  get #isUnbuffered(): boolean {
    return this.#reading.bufferBytes === 0;
  }

  /** At once where nobody waits before it and all is there; else it has its place in the queue of the socket. */
  #read<R>(form: FileReadForm<R>): Promise<R> {
    return tryPromise(() => {
      this.check();
      const wanted = this.#hasWaiting ? 1 : this.#taken(form);
      if (typeof wanted !== "number") return Promise.resolve(wanted);
      return receive(new FileRead(this, form, wanted), undefined);
    });
  }

  #taken<R>(form: FileReadForm<R>): R | number {
    try {
      const result = form.take(false);
      if (typeof result !== "number") return result;
      this.checkInput();
      // It takes anew when its turn has come: what keeps it from that leaves all that came.
      form.giveBack?.();
      return result;
    } catch (error) {
      form.giveBack?.();
      throw error;
    }
  }

  get #hasWaiting(): boolean {
    return !this.endpoint.receiving.isIdle && readsOf(this).next().done !== true;
  }

  #takeLine(isEnd: boolean): T | number {
    const pieces = this.#pieces;
    const { maxLineBytes } = this.#reading;
    const end = pieces.lineEnd();
    if (pieces.bytes > maxLineBytes) {
      limit("ERR_SOCKWRIGHT_LINE_TOO_LONG", end < 0 ? pieces.bytes : pieces.bytesOf(end), maxLineBytes);
    }
    if (end >= 0) return pieces.takeUnits(end);
    return isEnd ? pieces.take(pieces.count) : this.#roomForLine(RECEIVED_FILE_BYTES);
  }

  #takeLimitedLine(most: number, isEnd: boolean): T | number {
    const pieces = this.#pieces;
    const end = pieces.lineEnd();
    const units = pieces.unitsOf(most);
    if (units >= 0 && (end < 0 || units < end)) return pieces.takeUnits(units);
    if (end >= 0) return pieces.takeUnits(end);
    return isEnd ? pieces.take(pieces.count) : this.#roomForLine(most - pieces.count);
  }

  #roomForLine(most: number): number {
    return this.#isUnbuffered ? Math.min(RECEIVED_FILE_BYTES, most) : this.#reading.bufferBytes;
  }

  /** A character has one byte or more: never more is asked for than is wanted, or fits into the buffer. */
  #roomFor(count: number): number {
    const { bufferBytes } = this.#reading;
    return count <= bufferBytes ? bufferBytes : Math.min(count, Math.max(bufferBytes, RECEIVED_FILE_BYTES));
  }
}

const ENDED: IteratorReturnResult<undefined> = { done: true, value: undefined };

function limit(
  code: "ERR_SOCKWRIGHT_LINE_TOO_LONG" | "ERR_SOCKWRIGHT_READ_TOO_LONG",
  bytes: number,
  most: number,
): void {
  if (bytes > most) throw new SockwrightError(code);
}
