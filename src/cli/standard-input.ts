import { closeSync, fstatSync, openSync, read } from "node:fs";
import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { codeOf, messageOf } from "../socket/values.ts";
import { isNonBlocking, makeBlocking } from "./blocking.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import type { FileInput } from "./file-input.ts";
import { WakeUp } from "./wake-up.ts";

/** The size of the read buffer for a file or a pipe; more data is read in several pieces. */
const INPUT_BYTES = 256 * 1024;

const readDescriptor = promisify(read);

/** Standard input, read on demand. */
export class StandardInput {
  #isClosed = false;
  #close: () => void = () => undefined;

  /** Yields the input until its end or {@link close}. Each piece is valid until the next one is requested. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* this.#pieces();
    } catch (error) {
      if (this.#isClosed) return;
      if (error instanceof CommandError) throw error;
      throw unreadable(messageOf(error), error);
    }
  }

  /** A regular file, for whoever sends from a descriptor; what is left then is to be had by {@link chunks}. Undefined for all others. */
  async file(): Promise<FileInput | undefined> {
    if (this.#isClosed || !hasBytes()) return undefined;
    const { FileInput } = await import("./file-input.ts");
    return FileInput.of(0);
  }

  /** Stops reading: the writer of a pipe then receives SIGPIPE. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#close();
  }

  #pieces(): AsyncGenerator<Uint8Array, void> {
    if (isatty(0)) return this.#typed();
    const stat = fstatSync(0);
    // Node would take it for an empty file.
    if (stat.isDirectory()) throw unreadable("it is a folder");
    return stat.isFIFO() || stat.isSocket() ? this.#piped() : this.#filed();
  }

  async *#typed(): AsyncGenerator<Uint8Array, void> {
    const { stdin } = process;
    this.#close = () => {
      stdin.on("error", () => undefined);
      stdin.destroy();
    };
    if (this.#isClosed) return;
    for await (const chunk of stdin) yield chunk;
  }

  /** A file or a device. Its reads go to the thread pool: a disk may be slow, and signals are to be heard meanwhile. */
  async *#filed(): AsyncGenerator<Uint8Array, void> {
    const memory = Buffer.allocUnsafeSlow(INPUT_BYTES);
    while (!this.#isClosed) {
      const piece = await this.#readInto(memory);
      if (piece === undefined) return;
      yield piece;
    }
  }

  /** Undefined at the end, and when it was closed meanwhile. */
  async #readInto(memory: Buffer): Promise<Uint8Array | undefined> {
    const { bytesRead } = await readDescriptor(0, memory, 0, memory.length, null);
    return bytesRead === 0 || this.#isClosed ? undefined : memory.subarray(0, bytesRead);
  }

  async *#piped(): AsyncGenerator<Uint8Array, void> {
    const pipe = await pipeOrSocket();
    this.#close = () => pipe.close();
    if (this.#isClosed) pipe.close();
    yield* pipe.pieces();
  }
}

/** Whether it is a regular file that says that it has bytes: one of proc(5) says that it has none, and may have some. */
function hasBytes(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFile() && stat.size > 0;
  } catch {
    // It is closed: reading says so.
    return false;
  }
}

/** Node reads pipes and streams. Only for what it does not is the addon needed, which help does without. */
async function pipeOrSocket(): Promise<Pick<Pipe, "pieces" | "close">> {
  try {
    return new Pipe();
  } catch (error) {
    if (codeOf(error) !== "ERR_INVALID_FD_TYPE") throw error;
    const { SocketInput } = await import("./socket-input.ts");
    return new SocketInput();
  }
}

/** A pipe or socket, read by libuv without blocking, always into the same memory. */
class Pipe {
  readonly #stream: Socket;
  readonly #changed = new WakeUp();
  /** The received piece that is not taken yet; the stream is paused until then. */
  #piece: Uint8Array | undefined;
  #end: { readonly error: Error | undefined } | undefined;

  constructor() {
    const onread = {
      buffer: Buffer.allocUnsafeSlow(INPUT_BYTES),
      callback: (count: number, memory: Uint8Array): boolean => {
        this.#piece = memory.subarray(0, count);
        this.#changed.notify();
        return false;
      },
    };
    // @types/node know of it for connections alone; net.Socket has it for every descriptor.
    const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
      // Not opened anew by /proc: a pipe whose writer has gone by then tells nobody who opens it of its end (fifo(7)).
      fd: 0,
      readable: true,
      writable: false,
      onread,
    };
    this.#stream = new SharedSocket(options);
    const ended = (error?: Error): void => {
      this.#end ??= { error };
      this.#changed.notify();
    };
    this.#stream.on("error", ended);
    this.#stream.once("end", ended);
    this.#stream.once("close", () => {
      ended();
      // libuv never closes descriptor 0.
      replaceByNull();
    });
  }

  async *pieces(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const piece = this.#piece;
      if (piece !== undefined) {
        yield piece;
        this.#piece = undefined;
        this.#stream.resume();
      } else if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      } else {
        this.#stream.resume();
        await this.#changed.next();
      }
    }
  }

  close(): void {
    this.#stream.destroy();
  }
}

/**
 * O_NONBLOCK belongs to the open pipe or socket, and so would hold for every program that shares it, after our end. Node
 * restores the descriptors 0 to 2 when the process ends, but 0 is another one by then: {@link replaceByNull}.
 */
class SharedSocket extends Socket {
  readonly #wasNonBlocking: boolean;

  constructor(options: SocketConstructorOpts) {
    const wasNonBlocking = isNonBlocking(0);
    super(options);
    this.#wasNonBlocking = wasNonBlocking;
  }

  /** Node calls this however the socket ends, while its handle is still open. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#wasNonBlocking) makeBlocking(this);
    super._destroy(error, callback);
  }
}

/** Reuses the descriptor number at once, so that no socket gets it. */
function replaceByNull(): void {
  closeSync(0);
  openSync("/dev/null", "r");
}

function unreadable(reason: string, error?: unknown): CommandError {
  return new CommandError(`standard input cannot be read: ${reason}`, exitCodes.usage, error);
}
