import { SocketDuplex } from "../../socket/values.ts";
import { ConnectionError, errorOf } from "../transport/connection-error.ts";
import type { Connection } from "./connection.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";
import { ActivePush } from "./push.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import type { WaitEnd } from "./waiter.ts";

/** The most bytes of one chunk to pass to the connection in one write; a longer chunk is written in several. */
export const MAX_SLICE_BYTES = 256 * 1024;

/** The most bytes of UTF-8 for one UTF-16 code unit, in which ECMA-262 counts the length of a string. */
const UNIT_BYTES_IN_UTF8 = 3;

const NOTHING = new Uint8Array(0);

type Callback = (error?: Error | null) => void;

interface Chunk {
  readonly chunk: Uint8Array | string;
  readonly encoding: BufferEncoding;
}

/** Returns an encoder that writes text straight into the send memory, without a Buffer for it. */
function textEncoder(encoding: "utf8" | "latin1") {
  return {
    encode: (text: string): Buffer => Buffer.from(text, encoding),
    encodeInto: (text: string, memory: Buffer, at: number): number | undefined =>
      UNIT_BYTES_IN_UTF8 * text.length > memory.length - at ? undefined : memory.write(text, at, encoding),
  };
}

const UTF8 = textEncoder("utf8");
const LATIN1 = textEncoder("latin1");
const ENCODERS: Readonly<Partial<Record<BufferEncoding, typeof UTF8>>> = {
  utf8: UTF8,
  "utf-8": UTF8,
  latin1: LATIN1,
  binary: LATIN1,
};

/**
 * A connection as a Node stream, with the members of `net.Socket` that node:http needs: `Connection.stream` returns it. It keeps the
 * connection open until the stream is closed, and then closes the connection in order; `destroy` with an error resets the connection.
 * When the connection is lost, the stream emits `error` with that error.
 *
 * @example See {@link Connection.stream}.
 */
export class ConnectionStream extends SocketDuplex {
  readonly #connection: Connection;
  readonly #output: Output;
  readonly #push: StreamPush;
  readonly #hold: Disposable;

  /** @internal */
  constructor(connection: Connection, input: Input, output: Output) {
    if (output.isRecords) throw new ConnectionError("ERR_SOCKWRIGHT_RECORDS");
    super("host" in connection.peer ? connection.peer : {}, connection.policy.highWaterBytes);
    this.#connection = connection;
    this.#output = output;
    this.#push = new StreamPush(input, this);
    this.#hold = connection.hold();
    try {
      input.startPush(this.#push);
    } catch (error) {
      this.#hold[Symbol.dispose]();
      throw error;
    }
  }

  override get bytesRead(): number {
    return this.#connection.bytesRead;
  }

  override get bytesWritten(): number {
    return this.#connection.bytesWritten;
  }

  override setNoDelay(isOn = true): this {
    this.#connection.link.setNoDelay?.(isOn);
    return this;
  }

  override setKeepAlive(isOn = false, delayMs = 0): this {
    this.#connection.link.setKeepAlive?.(isOn, delayMs);
    return this;
  }

  override ref(): this {
    this.#connection.link.setReferenced?.(true);
    return this;
  }

  override unref(): this {
    this.#connection.link.setReferenced?.(false);
    return this;
  }

  /** Called by the push with received bytes, valid only during the call. @internal */
  give(bytes: Uint8Array): void {
    this.active();
    if (!this.pushed(Buffer.from(bytes))) this.#push.pause();
  }

  /** Called by the push when the input ends or the connection is lost. @internal */
  inputEnded(failure: Error | undefined): void {
    if (failure !== undefined) this.destroy(failure);
    else if (!this.destroyed) this.push(null);
  }

  /** @internal */
  override _read(): void {
    this.#push.resume();
  }

  /** @internal */
  override _write(chunk: Uint8Array | string, encoding: BufferEncoding, callback: Callback): void {
    this.active();
    try {
      const rest = this.#put(chunk, encoding);
      if (rest === undefined) callback();
      else this.#sendLater([{ chunk: rest, encoding }], callback);
    } catch (error) {
      callback(errorOf(error));
    }
  }

  /** @internal */
  override _writev(chunks: readonly Chunk[], callback: Callback): void {
    this.active();
    this.#send(chunks, callback);
  }

  /** @internal */
  override _final(callback: Callback): void {
    this.#output.end().then(() => callback(), callback);
  }

  protected override get hasUnsent(): boolean {
    return this.#output.isSending || this.writableLength > 0;
  }

  protected override isLoss(error: Error): boolean {
    return error === this.#connection.failure;
  }

  protected override giveUp(error: Error | null): void {
    const connection = this.#connection;
    // A socket sends at once: send the bytes written before, as it would have.
    this.#output.endTurn();
    if (error !== null) {
      connection.abort(errorOf(error));
    } else {
      void connection.close();
      // Do not wait for a slow peer; and the peer must not take a part for the whole: reset.
      if (this.hasUnsent) connection.abort();
    }
    this.#hold[Symbol.dispose]();
  }

  /** Writes the chunks and calls back at once, or after `drained` where the write buffer is full. */
  #send(chunks: readonly Chunk[], callback: Callback): void {
    try {
      let sent = 0;
      for (const { chunk, encoding } of chunks) {
        sent++;
        const rest = this.#put(chunk, encoding);
        if (rest === undefined) continue;
        this.#sendLater([{ chunk: rest, encoding }, ...chunks.slice(sent)], callback);
        return;
      }
    } catch (error) {
      callback(errorOf(error));
      return;
    }
    callback();
  }

  #sendLater(chunks: readonly Chunk[], callback: Callback): void {
    this.#output.drained().then(() => this.#send(chunks, callback), callback);
  }

  /** Writes until the high-water mark is reached. Returns the rest, which may be empty, where it is; else undefined. */
  #put(chunk: Uint8Array | string, encoding: BufferEncoding): Uint8Array | undefined {
    const output = this.#output;
    let bytes = chunk;
    if (typeof bytes === "string") {
      const encoder = ENCODERS[encoding];
      if (
        encoder !== undefined &&
        UNIT_BYTES_IN_UTF8 * bytes.length <= Math.min(MAX_SLICE_BYTES, output.capacityBytes)
      ) {
        return output.writeFrame(encoder, bytes) ? undefined : NOTHING;
      }
      bytes = Buffer.from(bytes, encoding);
    }
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + Math.min(MAX_SLICE_BYTES, output.capacityBytes));
      const isBelow = output.write(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
      if (!isBelow) return bytes.subarray(end);
      at = end;
    }
    return undefined;
  }
}

/** The push that feeds the stream. It is paused until the stream wants data. */
class StreamPush extends ActivePush {
  readonly #stream: ConnectionStream;

  constructor(input: Input, stream: ConnectionStream) {
    super(input);
    this.#stream = stream;
    this.pause();
  }

  override get isLostAtOnce(): boolean {
    return true;
  }

  override give(bytes: Uint8Array): void {
    this.#stream.give(bytes);
  }

  override end(buffer: ReadBuffer, how: WaitEnd, told: Error | undefined): void {
    super.end(buffer, how, told);
    this.#stream.inputEnded(told);
  }
}
