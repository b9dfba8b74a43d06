import { Duplex } from "node:stream";
import { errorOf } from "../transport/connection-error.ts";
import type { Link, LinkInput, LinkOutput } from "../transport/link.ts";

type Callback = (error?: Error | null) => void;

interface Chunk {
  readonly chunk: Uint8Array;
}

/** What a {@link LinkStream} tells besides its bytes. */
export interface LinkStreamOwner {
  /** The link is lost. */
  onBaseError(error: Error): void;
}

/**
 * A link as a Node stream, so that node:tls can run over any transport. Bytes of the link are passed on during the call and not
 * copied, where node:tls takes them at once.
 */
export class LinkStream extends Duplex implements LinkInput, LinkOutput {
  owner: LinkStreamOwner | undefined;
  /** Received bytes of the link. */
  bytesReceived = 0;
  /** Whether the reader of the stream has been told the end. */
  hasEnded = false;
  readonly #link: Link;
  /** What the link has not taken yet, and who waits for it. */
  #unsent: Uint8Array[] = [];
  #sent: Callback | undefined;
  #isReferenced = true;

  constructor(link: Link, unread: Buffer) {
    super({ allowHalfOpen: true, decodeStrings: false, autoDestroy: false });
    this.#link = link;
    // Registered first: it is called before the listener of node:tls.
    this.once("end", () => {
      this.hasEnded = true;
    });
    link.open(this, this);
    if (unread.length === 0) return;
    this.bytesReceived = unread.length;
    this.push(unread);
  }

  /** The TLS stream always reads, as far as its own buffer goes. */
  get isAwaited(): boolean {
    return true;
  }

  /** Sets whether the reader keeps the process alive. Bytes that the link has not taken yet do in any case. */
  setReferenced(isOn: boolean): void {
    this.#isReferenced = isOn;
    if (this.#unsent.length === 0) this.#link.setReferenced?.(isOn);
  }

  onReceived(bytes: Uint8Array): void {
    this.bytesReceived += bytes.length;
    // `push` would copy, or keep lent bytes. The first bytes go there: `readableDidRead` is known by them.
    const isTakenAtOnce = this.readableFlowing === true && this.readableLength === 0 && this.readableDidRead;
    if (isTakenAtOnce) this.emit("data", bytes);
    else if (!this.push(Buffer.from(bytes))) this.#link.pause();
  }

  onEnd(): void {
    this.push(null);
  }

  onError(error: Error): void {
    this.owner?.onBaseError(error);
  }

  onWritable(): void {
    this.#flush();
  }

  /** node:tls pauses the stream while its reader is paused: then the link is, too. */
  override pause(): this {
    super.pause();
    this.#link.pause();
    return this;
  }

  override _read(): void {
    if (this.readableFlowing !== false) this.#link.resume();
  }

  override resume(): this {
    super.resume();
    if (!this.destroyed) this.#link.resume();
    return this;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: Callback): void {
    this.#unsent = [chunk];
    this.#sent = callback;
    this.#flush();
  }

  override _writev(chunks: readonly Chunk[], callback: Callback): void {
    this.#unsent = chunks.map(({ chunk }) => chunk);
    this.#sent = callback;
    this.#flush();
  }

  override _final(callback: Callback): void {
    this.#link.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.owner = undefined;
    if (error === null) this.#link.close();
    else this.#link.abort();
    this.#taken(error ?? undefined);
    callback(null);
  }

  /** Sends what waits, as far as the link takes it. */
  #flush(): void {
    try {
      while (this.#unsent.length > 0) {
        const taken = this.#sendOnce();
        if (taken === undefined) break;
        this.#drop(taken);
      }
    } catch (error) {
      this.#unsent = [];
      this.#taken(errorOf(error));
      return;
    }
    if (this.#unsent.length > 0) {
      if (!this.#isReferenced) this.#link.setReferenced?.(true);
      this.#link.awaitWritable();
      return;
    }
    if (!this.#isReferenced) this.#link.setReferenced?.(false);
    this.#taken();
  }

  #sendOnce(): number | undefined {
    const [first] = this.#unsent;
    if (first === undefined) return undefined;
    return this.#unsent.length === 1 ? this.#link.send(first, 0, first.length) : this.#link.sendMany(this.#unsent);
  }

  #drop(taken: number): void {
    let left = taken;
    while (left > 0) {
      const [first] = this.#unsent;
      if (first === undefined) return;
      if (left < first.length) {
        this.#unsent[0] = first.subarray(left);
        return;
      }
      left -= first.length;
      this.#unsent.shift();
    }
    if (this.#unsent[0]?.length === 0) this.#unsent.shift();
  }

  #taken(error?: Error): void {
    const sent = this.#sent;
    this.#sent = undefined;
    sent?.(error);
  }
}
