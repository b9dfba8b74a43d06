import { once } from "node:events";
import { closeSync, constants, fstatSync, openSync, write } from "node:fs";
import { Socket } from "node:net";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { makeBlocking } from "./blocking.ts";

const writeDescriptor = promisify(write);

/**
 * Standard output or standard error, written without blocking the process and without a queue of its own: a write is
 * done when the kernel has taken it.
 *
 * A pipe sees its end at {@link end}, and not when the process ends. Node and libuv never close the descriptors 0 to 2,
 * so that takes care (libuv, uv__stream_close).
 */
export class StandardOutput {
  readonly #descriptor: 1 | 2;
  readonly #stream: Socket | NodeJS.WriteStream | undefined;
  #isEnded = false;

  constructor(descriptor: 1 | 2) {
    this.#descriptor = descriptor;
    this.#stream = open(descriptor);
    // Each write tells its own failure; a stream without a listener would end the process.
    this.#stream?.on("error", () => undefined);
  }

  async write(bytes: Uint8Array): Promise<void> {
    const stream = this.#stream;
    if (stream !== undefined) {
      return new Promise((resolve, reject) => {
        stream.write(bytes, (error) => (error instanceof Error ? reject(error) : resolve()));
      });
    }
    // write(2) may take a part.
    for (let from = 0; from < bytes.length; ) {
      const { bytesWritten } = await writeDescriptor(this.#descriptor, bytes, from, bytes.length - from);
      from += bytesWritten;
    }
  }

  /** Closes the output, so that the reader of a pipe sees its end. */
  async end(): Promise<void> {
    const stream = this.#stream;
    if (this.#isEnded || !(stream instanceof Socket) || stream === process.stdout || stream === process.stderr) return;
    this.#isEnded = true;
    makeBlocking(stream);
    if (!stream.destroyed) {
      // Not end(): that would shut a socket down for every program that shares it, shutdown(2).
      const closed = once(stream, "close");
      stream.destroy();
      await closed;
    }
    replaceByNull(this.#descriptor);
  }
}

function open(descriptor: 1 | 2): Socket | NodeJS.WriteStream | undefined {
  if (isatty(descriptor)) return descriptor === 1 ? process.stdout : process.stderr;
  const stat = fstatSync(descriptor);
  if (stat.isFIFO()) return openPipe(descriptor);
  // A datagram socket is no stream of Node's: ERR_INVALID_FD_TYPE.
  if (stat.isSocket()) return socketOn(descriptor);
  return undefined;
}

/**
 * The pipe, opened a second time: O_NONBLOCK belongs to what open(2) makes, and would else hold for every program that
 * shares our standard output. The first one is let go at once: its reader is to see the end at {@link StandardOutput.end}.
 * Standard error keeps it, for what Node itself has to say when it ends the process.
 */
function openPipe(descriptor: 1 | 2): Socket | undefined {
  let own: number;
  try {
    own = openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // The pipe belongs to another user, its reader has gone, or there is no /proc: the descriptor itself will do.
    return socketOn(descriptor);
  }
  if (descriptor === 1) replaceByNull(descriptor);
  return socketOn(own);
}

function socketOn(descriptor: number): Socket | undefined {
  try {
    return new Socket({ fd: descriptor, readable: false, writable: true });
  } catch {
    return undefined;
  }
}

/** The number is taken again at once: a socket that got it would receive what is meant for the terminal. */
function replaceByNull(descriptor: 1 | 2): void {
  closeSync(descriptor);
  openSync("/dev/null", "w");
}
