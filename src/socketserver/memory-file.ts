import {
  bytesOf,
  checkLines,
  type Data,
  EMSGSIZE,
  integer,
  rejectWith,
  SocketError,
  tryPromise,
} from "../socket/values.ts";

/** The most bytes that a file in memory holds; beyond it a write fails with EMSGSIZE. No datagram is that long. */
const MAX_MEMORY_FILE_BYTES = 1024 * 1024;

const EMPTY: Buffer = Buffer.alloc(0);

/**
 * A file in memory: the `rfile` and `wfile` of a {@link DatagramRequestHandler}. It has the interface of a connection's file, so
 * that one handler works with both. Writes append.
 *
 * @example See {@link DatagramRequestHandler}.
 */
export class MemoryFile implements AsyncIterable<Buffer>, AsyncDisposable {
  /** The contents, which the first read joins. */
  #pieces: Buffer[];
  #length: number;
  /** The position of the next read. */
  #position = 0;
  #closed = false;
  /** The error of a failed write, which the caller may not have awaited. */
  #failure: SocketError | undefined;

  /** @internal */
  constructor(bytes: Buffer = EMPTY) {
    this.#pieces = [bytes];
    this.#length = bytes.length;
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Returns the whole contents, read or not.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  getvalue(): Buffer {
    return this.#all();
  }

  /**
   * Reads `size` bytes, or the rest.
   *
   * @returns the bytes read, empty at the end.
   * @example See {@link DatagramRequestHandler}.
   */
  async read(size?: number | null): Promise<Buffer> {
    return this.#take(countOf("size", size));
  }

  /**
   * Reads a line with its line end, or the rest; empty at the end.
   *
   * @param limit - the most bytes to read.
   * @example See {@link DatagramRequestHandler}.
   */
  async readline(limit?: number | null): Promise<Buffer> {
    return this.#line(countOf("limit", limit));
  }

  /**
   * Reads the remaining lines.
   *
   * @param hint - reads no further line once the lines have this many bytes; 0 is no limit.
   * @example See {@link DatagramRequestHandler}.
   */
  async readlines(hint?: number | null): Promise<Buffer[]> {
    const maxBytes = countOf("hint", hint);
    const lines: Buffer[] = [];
    let length = 0;
    while (this.#hasUnread && (maxBytes === 0 || length < maxBytes)) {
      const line = this.#line(Number.POSITIVE_INFINITY);
      lines.push(line);
      length += line.length;
    }
    return lines;
  }

  /**
   * Appends text as UTF-8, or bytes. After a write that was too long, each `flush()` and the answer fail, too.
   *
   * @returns the number of bytes.
   * @throws SocketError `EMSGSIZE` beyond 1 MiB: no datagram is as long.
   * @example See {@link DatagramRequestHandler}.
   */
  write(data: Data): Promise<number> {
    return tryPromise(() => Promise.resolve(this.#add(data)));
  }

  /**
   * Appends all lines, with no other write between them, or none. It adds no line ends.
   *
   * @throws as {@link write}.
   * @example See {@link DatagramRequestHandler}.
   */
  writelines(lines: Iterable<Data>): Promise<void> {
    return tryPromise(() => {
      checkLines(lines);
      this.#add(Buffer.concat(Array.from(lines, (line) => bytesOf("data", line))));
      return Promise.resolve();
    });
  }

  /**
   * Sends nothing: the answer is sent at the end.
   *
   * @throws the error of a write that was too long.
   * @example See {@link DatagramRequestHandler}.
   */
  flush(): Promise<void> {
    return this.#failure === undefined ? Promise.resolve() : rejectWith(this.#failure);
  }

  /**
   * Marks the file as closed.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  async close(): Promise<void> {
    this.#closed = true;
  }

  /**
   * Iterates over the remaining lines.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, undefined> {
    while (this.#hasUnread) yield this.#line(Number.POSITIVE_INFINITY);
  }

  /**
   * Calls {@link close}.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #hasUnread(): boolean {
    return this.#position < this.#length;
  }

  #add(data: Data): number {
    const bytes = Buffer.from(bytesOf("data", data));
    if (this.#length + bytes.length > MAX_MEMORY_FILE_BYTES) {
      this.#failure ??= new SocketError("write", EMSGSIZE);
      throw this.#failure;
    }
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    return bytes.length;
  }

  #line(limit: number): Buffer {
    const end = this.#all().indexOf("\n", this.#position);
    const length = end < 0 ? Number.POSITIVE_INFINITY : end + 1 - this.#position;
    return this.#take(Math.min(limit, length));
  }

  #take(count: number): Buffer {
    const taken = this.#all().subarray(this.#position, this.#position + count);
    this.#position += taken.length;
    return taken;
  }

  #all(): Buffer {
    const [first = EMPTY, ...others] = this.#pieces;
    if (others.length === 0) return first;
    const joined = Buffer.concat(this.#pieces, this.#length);
    this.#pieces = [joined];
    return joined;
  }
}

/** Checks a count; as in Python, -1 and a missing count are no limit. */
function countOf(name: string, count: number | null | undefined): number {
  if (count === undefined || count === null) return Number.POSITIVE_INFINITY;
  const checked = integer(name, count, -1, Number.MAX_SAFE_INTEGER);
  return checked === -1 ? Number.POSITIVE_INFINITY : checked;
}
