import { Duplex } from "node:stream";
import { integer } from "./argument.ts";
import { MAX_TIMEOUT_MS, now } from "./deadline.ts";

const toNobody = (): void => undefined;

/** The address of the peer of a stream, where it has one. */
interface DuplexPeer {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/**
 * A Node stream of one connection, with the members of `net.Socket` that node:http, ws, Express and undici use. The subclass
 * moves the bytes. Each of its two directions ends separately.
 */
export abstract class SocketDuplex extends Duplex {
  /** The peer's address; undefined where it has none, as at a Unix socket. */
  readonly remoteAddress: string | undefined;
  /** The peer's port; undefined where it has none. */
  readonly remotePort: number | undefined;
  /** `"IPv4"` or `"IPv6"`; undefined where the peer has no address. */
  readonly remoteFamily: "IPv4" | "IPv6" | undefined;
  /** Always false: the connection is made before the stream. */
  readonly connecting = false;
  /** The time-out in ms that {@link setTimeout} has set; 0 is none. */
  timeout = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires; it is not moved for every byte. */
  #dueMs = 0;
  #activeMs = 0;
  #writtenThen = 0;

  /** @internal */
  constructor({ host, port }: DuplexPeer, highWaterBytes: number) {
    super({
      allowHalfOpen: true,
      decodeStrings: false,
      readableHighWaterMark: highWaterBytes,
      writableHighWaterMark: highWaterBytes,
    });
    this.remoteAddress = host;
    this.remotePort = port;
    this.remoteFamily = host === undefined ? undefined : host.includes(":") ? "IPv6" : "IPv4";
  }

  /** The number of received bytes, read or not. */
  abstract get bytesRead(): number;

  /** The number of sent bytes, which the kernel has taken. */
  abstract get bytesWritten(): number;

  /** Sends small writes at once — TCP_NODELAY, tcp(7), which changes nothing on other transports. See {@link setTimeout}. */
  abstract setNoDelay(isOn?: boolean): this;

  /**
   * Makes the kernel probe a silent peer — SO_KEEPALIVE, socket(7). See {@link setTimeout}.
   *
   * @param delayMs - how long the peer is silent before the first probe; 0 keeps the system's setting, by default two hours.
   */
  abstract setKeepAlive(isOn?: boolean, delayMs?: number): this;

  /** Makes waiting for the peer keep the process alive, which is the default. See {@link setTimeout}. */
  abstract ref(): this;

  /** Makes waiting for the peer not keep the process alive. See {@link setTimeout}. */
  abstract unref(): this;

  /** Whether something that was written waits to be sent. */
  protected abstract get hasUnsent(): boolean;

  /** Whether what carries the bytes was lost by this error, and the program did not give it. */
  protected abstract isLoss(error: Error): boolean;

  /** Closes what carries the bytes: at once, where there is an error. */
  protected abstract giveUp(error: Error | null): void;

  /**
   * Emits `timeout` when no bytes were received or sent for this long; it does nothing else. 0 disables it.
   *
   * @param expired - a listener to call once; with 0 ms it is removed.
   * @throws RangeError, TypeError for a time that cannot be.
   * @example
   * ```ts
   * import { once } from "node:events";
   * import { socketpair } from "sockwright";
   *
   * const [left, right] = socketpair();
   * const stream = left.stream().setNoDelay().setKeepAlive(true, 60_000).setTimeout(1).resume();
   * await once(stream, "timeout");
   * stream.destroySoon();
   * console.log((await right.recv(1)).length, stream.remoteAddress); // => 0 undefined
   * right.close();
   * ```
   */
  setTimeout(ms: number, expired?: () => void): this {
    this.timeout = integer("ms", ms, 0, MAX_TIMEOUT_MS);
    if (ms > 0) {
      this.active();
      if (expired !== undefined) this.once("timeout", expired);
    } else if (expired !== undefined) {
      this.removeListener("timeout", expired);
    }
    return this;
  }

  /** Ends the stream, and closes the connection when everything is sent. See {@link setTimeout}. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /**
   * As `push`. What a listener of `data` throws is the program's own, and is told as that of any event; what comes after it is
   * given all the same.
   */
  protected pushed(bytes: Buffer): boolean {
    try {
      if (!this.#isTakenAtOnce) return this.push(bytes);
      this.emit("data", bytes);
      return true;
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
      return this.readableLength < this.readableHighWaterMark;
    }
  }

  /**
   * Whether `push` would do no more than to emit the bytes, and to ask for more in a tick of its own, which costs as much again. The
   * first bytes always go there: `readableDidRead` is known by them.
   */
  get #isTakenAtOnce(): boolean {
    if (this.readableFlowing !== true || this.readableLength > 0 || !this.readableDidRead) return false;
    return this.readableEncoding === null && !this.destroyed && this.listenerCount("data") > 0;
  }

  /** Called when bytes are received or sent. */
  protected active(): void {
    if (this.timeout === 0 || this.destroyed) return;
    this.#activeMs = now();
    this.#fireAt(this.#activeMs + this.timeout);
  }

  /** @internal */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    // A peer ends no process: where nobody listens, nobody else is told. What the program itself destroys it with is another matter.
    if (error !== null && this.isLoss(error)) this.on("error", toNobody);
    this.giveUp(error);
    callback(error);
  }

  #fireAt(dueMs: number): void {
    if (this.#timer !== undefined) {
      if (dueMs >= this.#dueMs) return;
      clearTimeout(this.#timer);
    }
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => this.#fire(), Math.ceil(dueMs - now())).unref();
  }

  #fire(): void {
    this.#timer = undefined;
    // A process that was held up looks at the clock before it has heard of everybody: what came in time is told before this.
    setImmediate(() => this.#look());
  }

  #look(): void {
    if (this.timeout === 0 || this.destroyed) return;
    // A slow peer takes what was written before, bit by bit.
    const { bytesWritten } = this;
    if (this.hasUnsent && bytesWritten !== this.#writtenThen) this.#activeMs = now();
    this.#writtenThen = bytesWritten;
    const dueMs = this.#activeMs + this.timeout;
    if (dueMs > now()) this.#fireAt(dueMs);
    else this.emit("timeout");
  }
}
