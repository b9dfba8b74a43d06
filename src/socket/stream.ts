// A socket as a Node stream.
import { kernel } from "../native/load.ts";
import { IPPROTO_TCP, SHUT_WR, SO_KEEPALIVE, SOCK_STREAM, SOL_SOCKET, TCP_KEEPIDLE, TCP_NODELAY } from "./constants.ts";
import { SocketDuplex } from "./duplex.ts";
import type { Endpoint } from "./endpoint.ts";
import { reset } from "./reset.ts";
import type { Socket } from "./socket.ts";
import { SocketError } from "./socket-error.ts";
import { SockwrightError } from "./sockwright-error.ts";
import { takeError } from "./take-error.ts";

/**
 * The most bytes that a stream receives at once, and the bytes that wait in either direction before the other side is paused.
 */
export const STREAM_BYTES = 64 * 1024;

/** The sockets that have a stream: a second stream would take the bytes of the first. */
const streamed = new WeakSet<Endpoint>();

/** Returns whether a stream owns the socket and closes it. */
export function isStreamed(endpoint: Endpoint): boolean {
  return streamed.has(endpoint);
}

type Callback = (error?: Error | null) => void;

interface Chunk {
  readonly chunk: Uint8Array | string;
  readonly encoding: BufferEncoding;
}

/**
 * A socket as a stream of Node's, as `net.Socket` is one: what `Socket.stream` gives. It closes the socket when it is closed.
 *
 * @example See {@link Socket.stream}.
 */
export class SocketStream extends SocketDuplex {
  readonly #socket: Socket<unknown>;
  readonly #endpoint: Endpoint;
  #bytesRead = 0;
  #bytesWritten = 0;
  #isReceiving = false;

  readonly #received = (bytes: Buffer): void => {
    this.active();
    this.#bytesRead += bytes.length;
    if (this.destroyed) return;
    if (bytes.length === 0) this.push(null);
    else if (this.pushed(bytes)) this.#receive();
    else this.#isReceiving = false;
  };

  // A close at this side is no failure, of whoever called it.
  readonly #failed = (error: Error): void => void this.destroy(this.#endpoint.closed ? undefined : error);

  /** @internal */
  constructor(socket: Socket<unknown>, endpoint: Endpoint) {
    endpoint.check();
    if (endpoint.type !== SOCK_STREAM || endpoint.isListener || streamed.has(endpoint)) {
      throw new SockwrightError("ERR_SOCKWRIGHT_NO_STREAM");
    }
    const { host, port } = socket.getpeername();
    super({ host, port }, STREAM_BYTES);
    streamed.add(endpoint);
    this.#socket = socket;
    this.#endpoint = endpoint;
  }

  override get bytesRead(): number {
    return this.#bytesRead;
  }

  override get bytesWritten(): number {
    return this.#bytesWritten;
  }

  override setNoDelay(isOn = true): this {
    this.#set(IPPROTO_TCP, TCP_NODELAY, Number(isOn));
    return this;
  }

  override setKeepAlive(isOn = false, delayMs = 0): this {
    this.#set(SOL_SOCKET, SO_KEEPALIVE, Number(isOn));
    if (isOn && delayMs > 0) this.#set(IPPROTO_TCP, TCP_KEEPIDLE, Math.ceil(delayMs / 1_000));
    return this;
  }

  override ref(): this {
    this.#socket.ref();
    return this;
  }

  override unref(): this {
    this.#socket.unref();
    return this;
  }

  /** @internal */
  override _read(): void {
    if (this.#isReceiving) return;
    this.#isReceiving = true;
    this.#receive();
  }

  /** @internal */
  override _write(chunk: Uint8Array | string, encoding: BufferEncoding, callback: Callback): void {
    this.#send(chunk, encoding).then(() => callback(), callback);
  }

  /** @internal */
  override _writev(chunks: readonly Chunk[], callback: Callback): void {
    Promise.all(chunks.map(({ chunk, encoding }) => this.#send(chunk, encoding))).then(() => callback(), callback);
  }

  /** @internal */
  override _final(callback: Callback): void {
    try {
      this.#socket.shutdown(SHUT_WR);
      callback();
    } catch (error) {
      // shutdown(2) says ENOTCONN of a connection that is lost, where nobody has read what it is lost by.
      const errno = takeError(this.#endpoint.slot, this.#endpoint.generation);
      const lost = errno === 0 ? error : new SocketError("shutdown", errno);
      callback(lost instanceof Error ? lost : new Error(String(lost)));
    }
  }

  protected override get hasUnsent(): boolean {
    return this.writableLength > 0;
  }

  protected override isLoss(error: Error): boolean {
    return error instanceof SocketError || error instanceof SockwrightError;
  }

  /** Less than all must not look like all. */
  protected override giveUp(error: Error | null): void {
    if (error !== null || this.hasUnsent) reset(this.#endpoint);
    else this.#socket.close();
  }

  #receive(): void {
    this.#socket.recv(STREAM_BYTES).then(this.#received, this.#failed);
  }

  async #send(chunk: Uint8Array | string, encoding: BufferEncoding): Promise<void> {
    this.active();
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk;
    await this.#socket.sendall(bytes);
    this.#bytesWritten += bytes.length;
  }

  /** What is no TCP refuses the options, and has no need of them. */
  #set(level: number, option: number, value: number): void {
    kernel.setsockopt(this.#endpoint.slot, this.#endpoint.generation, level, option, value);
  }
}
