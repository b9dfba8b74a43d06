import type { Duplex } from "node:stream";
import {
  ReadableStream,
  type ReadableStreamDefaultController,
  type UnderlyingSource,
  WritableStream,
  type WritableStreamDefaultController,
} from "node:stream/web";
import { messageOf } from "./thrown.ts";

/** The two directions of a connection, as streams of the web platform. */
export interface WebStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Streams Standard, section 5.4: it has a signal, which the types of Node leave out. */
interface AbortableController extends WritableStreamDefaultController {
  readonly signal: AbortSignal;
}

/**
 * A stream of Node's as those of the web, which count bytes and not chunks, unlike those of `Duplex.toWeb`. One direction ends
 * without the other.
 */
export function webStreamsOf(duplex: Duplex): WebStreams {
  const size = (chunk: Uint8Array | undefined): number => chunk?.byteLength ?? 0;
  const { readableHighWaterMark, writableHighWaterMark } = duplex;
  const readable = new ReadableStream<Uint8Array>(new Source(duplex), { highWaterMark: readableHighWaterMark, size });
  const writable = new WritableStream<Uint8Array>(
    {
      start: (controller) => {
        duplex.on("error", (error) => controller.error(error));
        // The sink's own `abort` waits for the write in progress, which may wait for the peer for ever.
        const { signal } = controller as AbortableController;
        signal.addEventListener("abort", () => {
          const reason: unknown = signal.reason;
          duplex.destroy(reason instanceof Error ? reason : new Error(messageOf(reason), { cause: reason }));
        });
      },
      write: (chunk) => done((callback) => duplex.write(chunk, callback)),
      close: () => done((callback) => duplex.end(callback)),
    },
    { highWaterMark: writableHighWaterMark, size },
  );
  return { readable, writable };
}

function done(start: (callback: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}

class Source implements UnderlyingSource<Uint8Array> {
  readonly #duplex: Duplex;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  readonly #give = (bytes: Buffer): void => {
    // A web stream's chunk may be transferred to another thread, with all of its memory.
    this.#controller?.enqueue(new Uint8Array(bytes));
    if ((this.#controller?.desiredSize ?? 0) <= 0) this.#duplex.pause();
  };
  readonly #end = (): void => this.#controller?.close();

  constructor(duplex: Duplex) {
    this.#duplex = duplex;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#duplex.pause().on("data", this.#give).on("end", this.#end);
    this.#duplex.on("error", (error) => controller.error(error));
  }

  pull(): void {
    this.#duplex.resume();
  }

  cancel(): void {
    const duplex = this.#duplex;
    duplex.off("data", this.#give).off("end", this.#end).resume();
    if (duplex.writableFinished) duplex.destroy();
    else duplex.once("finish", () => duplex.destroy());
  }
}
