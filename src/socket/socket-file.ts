import { kernel } from "../native/load.ts";
import { checkLines, type Data, intact, viewOf } from "./argument.ts";
import { mapPromise, tolerate, tryPromise } from "./call.ts";
import type { Endpoint } from "./endpoint.ts";
import { DEFAULT_FILE_BUFFER_BYTES, type FileSettings, sizeOf } from "./file-options.ts";
import { FileReader, type Reading } from "./file-reader.ts";
import { FileWriter } from "./file-writer.ts";
import { addFile, removeFile } from "./open-files.ts";
import { SockwrightError } from "./sockwright-error.ts";

/** The form of a file: how it reads and encodes bytes or text. */
export interface FileForm<T> {
  /** How the file reads; undefined if it only writes. */
  readonly reading: Reading<T> | undefined;
  /** Returns the bytes to send for `data`, the count that `write` returns for it, and whether to send it at once. */
  encode(data: unknown): { readonly bytes: Uint8Array; readonly count: number; readonly isFlushed: boolean };
}

/** The data that a file accepts: text for a text file, else bytes, or text as UTF-8. */
export type FileData<T> = T extends string ? string : Data;

const DONE: Promise<void> = Promise.resolve();

/**
 * A socket as a file, as {@link Socket.makefile} returns it. `T` is string for text, Buffer for bytes.
 *
 * Reads run one after another, and so do writes. Data that the file has read ahead is not seen by `socket.recv`. A read that fails,
 * also by a timeout, takes nothing: the next read gets all received data. Written data is sent by `flush()`, by `close()`, or when
 * the buffer is full; data that a failed send has not sent stays for the next one. On a socket that does not wait
 * (`settimeout(0)`), a read or write that would wait rejects with `EAGAIN`.
 *
 * @example
 * ```ts
 * import { socketpair } from "sockwright";
 *
 * const [left, right] = socketpair();
 * const writer = left.makefile("w");
 * await writer.write("first\nsecond\n");
 * await writer.close();
 * left.close();
 * const reader = right.makefile("r");
 * right.close(); // the file keeps it open
 * console.log(await reader.readlines()); // => [ 'first\n', 'second\n' ]
 * await reader.close();
 * ```
 */
export class SocketFile<T extends string | Buffer = string | Buffer> implements AsyncIterable<T>, AsyncDisposable {
  readonly #endpoint: Endpoint;
  readonly #settings: FileSettings;
  readonly #reader: FileReader<T> | undefined;
  readonly #writer: FileWriter | undefined;
  readonly #form: FileForm<T>;
  #closed = false;
  #ending: Promise<void> | undefined;

  /** @internal */
  constructor(endpoint: Endpoint, settings: FileSettings, form: FileForm<T>) {
    this.#endpoint = endpoint;
    this.#settings = settings;
    this.#form = form;
    if (form.reading !== undefined) this.#reader = new FileReader(endpoint, form.reading);
    if (settings.isWriter) this.#writer = new FileWriter(endpoint, settings.bufferBytes);
    addFile(endpoint, this);
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The mode of the file as given; for bytes it is `"rb"`, `"wb"` or `"rwb"`. */
  get mode(): string {
    return this.#settings.mode;
  }

  /** The descriptor's number, as in Python; -1 when the file is closed. */
  get name(): number {
    return this.#closed ? -1 : this.#number();
  }

  /**
   * The descriptor's number; it still belongs to the socket.
   *
   * @example See {@link SocketFile}.
   */
  fileno(): number {
    this.#check();
    this.#endpoint.check();
    this.#endpoint.share();
    return this.#number();
  }

  /**
   * Returns whether the file can be read.
   *
   * @example See {@link SocketFile}.
   */
  readable(): boolean {
    this.#check();
    return this.#settings.isReader;
  }

  /**
   * Returns whether the file can be written.
   *
   * @example See {@link SocketFile}.
   */
  writable(): boolean {
    this.#check();
    return this.#settings.isWriter;
  }

  /**
   * Reads `size` bytes or characters, or fewer at the end. A file without a buffer receives once, which may return fewer.
   *
   * @param size - in bytes, or for text in characters: code points, as in Python. Without a size, or with -1, it reads to the end,
   * at most `maxReadBytes`.
   * @returns the bytes or the text, empty at the end.
   * @throws SockwrightError `ERR_SOCKWRIGHT_READ_TOO_LONG`, `ERR_SOCKWRIGHT_TIMEOUT`, `ERR_SOCKWRIGHT_FILE_CLOSED`,
   * `ERR_SOCKWRIGHT_FILE_MODE`, `ERR_SOCKWRIGHT_ENCODING` · SocketError as {@link Socket.recv}.
   * @example See {@link SocketFile}.
   */
  read(size?: number | null): Promise<T> {
    return this.#reading((reader) => {
      const count = sizeOf("size", size);
      return count === undefined ? reader.readAll() : reader.read(count);
    });
  }

  /**
   * Reads a line with its line end. At the end of the stream it returns the rest without a line end, then an empty result.
   *
   * @param limit - the most bytes or characters to read. Without a limit, a line longer than `maxLineBytes` is an error.
   * @throws SockwrightError `ERR_SOCKWRIGHT_LINE_TOO_LONG`; the received data stays for a read with a size. Others as {@link read}.
   * @example See {@link SocketFile}.
   */
  readline(limit?: number | null): Promise<T> {
    return this.#reading((reader) => reader.readLine(sizeOf("limit", limit)));
  }

  /**
   * Reads lines until the end.
   *
   * @param hint - reads no further line when the lines have this many bytes or characters; 0 is no hint. `maxReadBytes` limits
   * them in both cases.
   * @throws as {@link read} and {@link readline}; the lines read before the error stay for the next read.
   * @example See {@link SocketFile}.
   */
  readlines(hint?: number | null): Promise<T[]> {
    return this.#reading((reader) => {
      const count = sizeOf("hint", hint);
      return reader.readLines(count === undefined || count === 0 ? Number.POSITIVE_INFINITY : count);
    });
  }

  /**
   * Reads into the caller's memory until it is full, or until the end. A file without a buffer receives once. For files of bytes.
   *
   * @param buffer - the memory to fill; the caller must not use it until the promise settles.
   * @returns the number of bytes; 0 at the end.
   * @example See {@link SocketFile}.
   */
  readinto(buffer: NodeJS.ArrayBufferView): Promise<number> {
    return this.#readingBytes((reader) => {
      const memory = viewOf("buffer", buffer);
      const { length } = memory;
      return mapPromise(reader.read(length), (bytes) => {
        intact("buffer", memory, length).set(Buffer.from(bytes));
        return bytes.length;
      });
    });
  }

  /**
   * Reads the buffered bytes, or those of one receive if there are none: at most `size` bytes, by default the size of the buffer.
   * For files of bytes.
   *
   * @example See {@link SocketFile}.
   */
  read1(size?: number | null): Promise<T> {
    return this.#readingBytes((reader) => {
      return reader.readOnce(sizeOf("size", size) ?? (this.#settings.bufferBytes || DEFAULT_FILE_BUFFER_BYTES));
    });
  }

  /**
   * Returns the buffered bytes, or those of one receive if there are none, and leaves them in the buffer. For files of bytes with
   * a buffer.
   *
   * @example See {@link SocketFile}.
   */
  peek(): Promise<T> {
    return this.#readingBytes((reader) => {
      if (this.#settings.bufferBytes === 0) throw new SockwrightError("ERR_SOCKWRIGHT_FILE_MODE", "peek");
      return reader.peek();
    });
  }

  /**
   * Writes data to the buffer; if the buffer is full, or the file has none, it sends the data.
   *
   * @param data - text for a file of text; else bytes, or text as UTF-8. The caller must not change it until the promise settles.
   * @returns the number of characters or bytes of `data`.
   * @throws as {@link Socket.sendall}; and SockwrightError `ERR_SOCKWRIGHT_FILE_CLOSED`, `ERR_SOCKWRIGHT_FILE_MODE`.
   * @example See {@link SocketFile}.
   */
  write(data: FileData<T>): Promise<number> {
    return tryPromise(() => {
      const writer = this.#writing("write");
      const { bytes, count, isFlushed } = this.#form.encode(data);
      return writer.write(bytes, count, isFlushed);
    });
  }

  /**
   * Writes the lines one after the other, with no other write between them. It adds no line ends.
   *
   * @example See {@link SocketFile}.
   */
  writelines(lines: Iterable<FileData<T>>): Promise<void> {
    return tryPromise(() => {
      const writer = this.#writing("writelines");
      checkLines(lines);
      const parts = Array.from(lines, (line) => this.#form.encode(line));
      return writer.writeAll(
        parts.map(({ bytes }) => bytes),
        parts.some(({ isFlushed }) => isFlushed),
      );
    });
  }

  /**
   * Sends the written data; on a file that only reads it does nothing. Errors as {@link write}.
   *
   * @example See {@link SocketFile}.
   */
  flush(): Promise<void> {
    return tryPromise(() => {
      this.#check();
      return this.#writer === undefined ? DONE : this.#writer.flush();
    });
  }

  /**
   * Sends the written data and closes the file, also when sending fails. The last file of a closed socket closes the descriptor.
   * Waiting reads reject with `ERR_SOCKWRIGHT_FILE_CLOSED`; data read ahead is lost. A second close does nothing.
   *
   * @throws as {@link write}, after the file is closed.
   * @example See {@link SocketFile}.
   */
  close(): Promise<void> {
    if (this.#closed) return this.#ending?.catch(() => undefined) ?? DONE;
    this.#closed = true;
    this.#reader?.close(new SockwrightError("ERR_SOCKWRIGHT_FILE_CLOSED", "read"));
    if (this.#writer === undefined || this.#writer.isIdle) {
      removeFile(this.#endpoint, this);
      return DONE;
    }
    const ending = this.#end(this.#writer);
    ending.catch((error: unknown) => tolerate(ending, error));
    this.#ending = ending;
    return ending;
  }

  /**
   * Yields the lines until the end. Closing the file ends a loop without an error; leaving the loop does not close the file.
   *
   * @example See {@link SocketFile}.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    const lines: AsyncIterableIterator<T, undefined> = {
      next: () => {
        if (isOver || this.#closed) return Promise.resolve({ done: true, value: undefined });
        return this.#reading((reader) => reader.nextLine(end));
      },
      return: () => {
        end();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]: () => lines,
    };
    return lines;
  }

  /**
   * Closes the file, like {@link close}.
   *
   * @example See {@link SocketFile}.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(writer: FileWriter): Promise<void> {
    try {
      await writer.flush();
    } finally {
      removeFile(this.#endpoint, this);
    }
  }

  #number(): number {
    const { slot, generation, closed } = this.#endpoint;
    return closed ? -1 : kernel.fileno(slot, generation);
  }

  #check(call?: string): void {
    if (this.#closed) throw new SockwrightError("ERR_SOCKWRIGHT_FILE_CLOSED", call);
  }

  #writing(call: string): FileWriter {
    this.#check(call);
    if (this.#writer === undefined) throw new SockwrightError("ERR_SOCKWRIGHT_FILE_MODE", call);
    return this.#writer;
  }

  #reading<Result>(read: (reader: FileReader<T>) => Promise<Result>): Promise<Result> {
    return tryPromise(() => {
      this.#check("read");
      if (this.#reader === undefined) throw new SockwrightError("ERR_SOCKWRIGHT_FILE_MODE", "read");
      return read(this.#reader);
    });
  }

  #readingBytes<Result>(read: (reader: FileReader<T>) => Promise<Result>): Promise<Result> {
    return this.#reading((reader) => {
      if (!this.#settings.isBinary) throw new SockwrightError("ERR_SOCKWRIGHT_FILE_MODE", "read");
      return read(reader);
    });
  }
}
