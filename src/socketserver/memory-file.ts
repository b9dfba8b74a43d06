import {
  bytesOf,
  checkLines,
  type Data,
  EMSGSIZE,
  integer,
  promised,
  rejected,
  SocketError,
} from "../socket/values.ts";

/** What a file in memory holds at most: no datagram is as long. */
const MAX_MEMORY_FILE_BYTES = 1024 * 1024;

const EMPTY: Buffer = Buffer.alloc(0);

/**
 * A file in memory, as the `rfile` and `wfile` of a {@link DatagramRequestHandler}: it is read and written as a file of a
 * connection, so that one handler can do for both. What is written comes behind what there is.
 *
 * @example See {@link DatagramRequestHandler}.
 */
export class MemoryFile implements AsyncIterable<Buffer>, AsyncDisposable {
  /** What it holds, joined when it is read. */
  #pieces: Buffer[];
  #length: number;
  /** How much of it was read. */
  #position = 0;
  #closed = false;
  /** Of a write that nobody has awaited, perhaps. */
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
   * All that it holds, read or not.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  getvalue(): Buffer {
    return this.#all();
  }

  /**
   * So many bytes, or all that are left.
   *
   * @returns what was read, empty at the end.
   * @example See {@link DatagramRequestHandler}.
   */
  async read(size?: number | null): Promise<Buffer> {
    return this.#take(countOf("size", size));
  }

  /**
   * A line with its end, or what is left; empty at the end.
   *
   * @param limit - at most so many bytes.
   * @example See {@link DatagramRequestHandler}.
   */
  async readline(limit?: number | null): Promise<Buffer> {
    return this.#line(countOf("limit", limit));
  }

  /**
   * The lines that are left.
   *
   * @param hint - no further one once they have so many bytes; 0 is no hint.
   * @example See {@link DatagramRequestHandler}.
   */
  async readlines(hint?: number | null): Promise<Buffer[]> {
    const enough = countOf("hint", hint);
    const lines: Buffer[] = [];
    let length = 0;
    while (this.#isLeft && (enough === 0 || length < enough)) {
      const line = this.#line(Number.POSITIVE_INFINITY);
      lines.push(line);
      length += line.length;
    }
    return lines;
  }

  /**
   * Adds text as UTF-8, or bytes. What was too much is an error of each `flush()` behind it, too, and of the answer.
   *
   * @returns the number of bytes.
   * @throws SocketError `EMSGSIZE` beyond 1 MiB: no datagram is as long.
   * @example See {@link DatagramRequestHandler}.
   */
  write(data: Data): Promise<number> {
    return promised(() => Promise.resolve(this.#add(data)));
  }

  /**
   * Adds all of them, with no other write between, or none. No ends of lines are added.
   *
   * @throws as {@link write}.
   * @example See {@link DatagramRequestHandler}.
   */
  writelines(lines: Iterable<Data>): Promise<void> {
    return promised(() => {
      checkLines(lines);
      this.#add(Buffer.concat(Array.from(lines, (line) => bytesOf("data", line))));
      return Promise.resolve();
    });
  }

  /**
   * Sends nothing: there is nobody to send to before the end.
   *
   * @throws the error of a write that had too much.
   * @example See {@link DatagramRequestHandler}.
   */
  flush(): Promise<void> {
    return this.#failure === undefined ? Promise.resolve() : rejected(this.#failure);
  }

  /**
   * Notes that the file is closed.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  async close(): Promise<void> {
    this.#closed = true;
  }

  /**
   * The lines that are left.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, undefined> {
    while (this.#isLeft) yield this.#line(Number.POSITIVE_INFINITY);
  }

  /**
   * As {@link close}.
   *
   * @example See {@link DatagramRequestHandler}.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #isLeft(): boolean {
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

/** As in Python, -1 and none are no limit. */
function countOf(name: string, count: number | null | undefined): number {
  if (count === undefined || count === null) return Number.POSITIVE_INFINITY;
  const checked = integer(name, count, -1, Number.MAX_SAFE_INTEGER);
  return checked === -1 ? Number.POSITIVE_INFINITY : checked;
}
