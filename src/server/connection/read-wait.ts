import type { InputEnd, Read } from "./read.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import { tolerate } from "./unawaited.ts";
import { WaitLimit, type WaitOptions, type WaitSource } from "./wait.ts";
import type { WaitEnd, Waiter } from "./waiter.ts";

/** A read that needs more bytes than are buffered. */
export class WaitingRead<T> implements Waiter {
  readonly #read: Read<T>;
  readonly promise: Promise<T>;
  #resolve: ((result: T | Promise<never>) => void) | undefined;

  constructor(read: Read<T>) {
    this.#read = read;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get takesLent(): boolean {
    return this.#read.takeLent !== undefined;
  }

  attempt(buffer: ReadBuffer, lent?: Uint8Array): boolean {
    if (buffer.bytes < this.#read.wantedBytes) return false;
    try {
      const taken = lent === undefined ? this.#read.take(buffer) : this.#read.takeLent?.(lent);
      if (taken === undefined) return false;
      this.#resolve?.(taken);
    } catch (error) {
      this.reject(error);
    }
    return true;
  }

  end(buffer: ReadBuffer, how: WaitEnd, failure: Error | undefined): void {
    try {
      this.#resolve?.(ending(this.#read, buffer, how, failure));
    } catch (error) {
      this.reject(error);
    }
  }

  /** Resolving with a rejected promise saves the second function for every idle connection. */
  protected reject(error: unknown): void {
    void tolerate(this.promise);
    this.#resolve?.(Promise.reject(error));
  }
}

/** The deadline that ends a waiting read. */
export interface ReadSource extends WaitSource {
  /** Ends the wait. False when it does not wait any more. */
  giveUp(waiter: Waiter): boolean;
}

/** A read with a deadline. It takes no bytes before it has all that it needs. */
export class LimitedWaitingRead<T> extends WaitingRead<T> {
  readonly #limit: WaitLimit;

  constructor(read: Read<T>, wait: WaitOptions, source: ReadSource) {
    super(read);
    this.#limit = new WaitLimit(wait, source, (error) => {
      if (source.giveUp(this)) this.reject(error);
    });
  }

  override attempt(buffer: ReadBuffer, lent?: Uint8Array): boolean {
    const isOver = super.attempt(buffer, lent);
    if (isOver) this.#limit.leave();
    return isOver;
  }

  override end(buffer: ReadBuffer, how: WaitEnd, failure: Error | undefined): void {
    this.#limit.leave();
    super.end(buffer, how, failure);
  }
}

/** The result of a read after the last byte. */
export function ending<T>(read: Read<T>, buffer: ReadBuffer, how: WaitEnd, failure: Error | undefined): T {
  if (failure !== undefined) throw failure;
  const end: InputEnd = how === "ended" ? "ended" : "stopped";
  return read.atEnd(buffer, end);
}
