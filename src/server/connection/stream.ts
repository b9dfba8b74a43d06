import { SocketDuplex } from "../../socket/values.ts";
import { ConnectionError, errorOf } from "../transport/connection-error.ts";
import type { Connection } from "./connection.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";
import { ActivePush } from "./push.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import type { WaitEnd } from "./waiter.ts";

/** Of one chunk, so much is handed to the connection at once. */
export const MAX_SLICE_BYTES = 256 * 1024;

/** ECMA-262: a UTF-16 code unit, of which text has its length, is at most so many bytes of UTF-8. */
const UNIT_BYTES_IN_UTF8 = 3;

const NOTHING = new Uint8Array(0);

type Callback = (error?: Error | null) => void;

interface Chunk {
  readonly chunk: Uint8Array | string;
  readonly encoding: BufferEncoding;
}

/** Text goes to where it is sent from, without a Buffer of its own. */
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
 * A connection as a stream of Node's, as `net.Socket` is one: what `Connection.stream` gives. It keeps the connection open until it
 * is closed, and then closes it in order; `destroy` with an error resets it. What the connection is lost by is its `error`.
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

  /** Called by the push: bytes that are lent. @internal */
  give(bytes: Uint8Array): void {
    this.active();
    if (!this.pushed(Buffer.from(bytes))) this.#push.pause();
  }

  /** Called by the push. @internal */
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
    // What was written before leaves as it would have from a socket, which sends at once.
    this.#output.endTurn();
    if (error !== null) {
      connection.abort(errorOf(error));
    } else {
      void connection.close();
      // It would go on for as long as the peer takes; and less than all must not look like all.
      if (this.hasUnsent) connection.abort();
    }
    this.#hold[Symbol.dispose]();
  }

  /** Calls back at once, unless the connection has enough for now. */
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

  /** Writes as much as the connection takes for now; gives the rest, perhaps none, where it has enough. */
  #put(chunk: Uint8Array | string, encoding: BufferEncoding): Uint8Array | undefined {
    const output = this.#output;
    let bytes = chunk;
    if (typeof bytes === "string") {
      const encoder = ENCODERS[encoding];
      if (encoder !== undefined && UNIT_BYTES_IN_UTF8 * bytes.length <= Math.min(MAX_SLICE_BYTES, output.roomBytes)) {
        return output.writeFrame(encoder, bytes) ? undefined : NOTHING;
      }
      bytes = Buffer.from(bytes, encoding);
    }
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + Math.min(MAX_SLICE_BYTES, output.roomBytes));
      const isBelow = output.write(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
      if (!isBelow) return bytes.subarray(end);
      at = end;
    }
    return undefined;
  }
}

/** The side of the stream that reads: it is paused until somebody reads. */
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
