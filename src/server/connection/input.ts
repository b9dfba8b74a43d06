import { ConnectionError, errorOf } from "../transport/connection-error.ts";
import type { Link } from "../transport/transport.ts";
import type { Flow } from "./flow.ts";
import type { Read } from "./read.ts";
import { ReadBuffer } from "./read-buffer.ts";

/** Whom a connection's sides tell that it cannot go on, and who says what they go by. */
export interface Aborter {
  readonly flow: Flow;
  abort(reason: Error): void;
}

/** Whom the input tells, too, that what it pushed has ended. */
export interface InputOwner extends Aborter {
  /** Whether somebody else than the promise of the push is told. */
  pushEnded(failure: Error | undefined): boolean;
}

const NOTHING = Promise.resolve();
/** Whoever has nothing to read shares it: an idle connection has no read buffer of its own. Nothing is ever added to it. */
const EMPTY = new ReadBuffer(false);

/** Who waits for input: a read, or whoever has it pushed. */
interface Waiter {
  /** Whether it can be given what comes without having it kept in the read buffer, which is empty then. */
  readonly takesLent: boolean;
  /** Whether it has what it waited for, and waits no more. */
  attempt(buffer: ReadBuffer, lent?: Uint8Array): boolean;
  /** No more will come. */
  end(buffer: ReadBuffer, failure: Error | undefined): void;
}

/**
 * The side of a connection that reads. The phases of it:
 *
 * - `open`: what comes is pushed, or kept until it is read.
 * - `stopped`: the server closes; nothing more is read, what is kept can be.
 * - `discarding`: the connection closes; what comes is dropped until the peer ends.
 * - `ended`: the peer has ended.
 * - `lost`: the connection failed.
 * - `aborted`: it was given up here.
 */
export type InputPhase = "open" | "stopped" | "discarding" | "ended" | "lost" | "aborted";

/** What the peer sends, and who reads it: by promise or by push, one at a time. */
export class Input {
  readonly #link: Link;
  readonly #owner: InputOwner;
  #buffer = EMPTY;
  #phase: InputPhase = "open";
  #failure: Error | undefined;
  #waiter: Waiter | undefined;
  #push: ((bytes: Uint8Array) => void) | undefined;
  #peerEnded: (() => void) | undefined;
  #reading: "on" | "off" | "held" = "off";
  #bytesRead = 0;

  constructor(link: Link, owner: InputOwner) {
    this.#link = link;
    this.#owner = owner;
  }

  /** Why the connection was lost, if it was. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get phase(): InputPhase {
    return this.#phase;
  }

  /** Somebody waits. */
  get isAwaited(): boolean {
    return this.#waiter !== undefined;
  }

  /** What has come over the link. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Of it, what nobody has read yet. */
  get bytesUnread(): number {
    return this.#buffer.bytes;
  }

  /** Makes a read: at once when what it wants is there, or when no more will come. */
  read<T>(read: Read<T>): Promise<T> {
    if (this.#waiter !== undefined) return Promise.reject(new ConnectionError("ERR_SOCKWRIGHT_READING"));
    try {
      const taken = this.#buffer.bytes < read.wantedBytes ? undefined : read.take(this.#buffer);
      this.#leaveReadBuffer();
      if (taken !== undefined) return Promise.resolve(taken);
      if (this.#phase !== "open") return Promise.resolve(ending(read, this.#buffer, this.#failure));
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise<T>((resolve) => this.#wait(new WaitingRead(read, resolve)));
  }

  /** Gives `push` what comes until the end; what it throws aborts the connection. */
  onBytes(push: (bytes: Uint8Array) => void): Promise<void> {
    if (this.#waiter !== undefined) return Promise.reject(new ConnectionError("ERR_SOCKWRIGHT_READING"));
    const waiter = new WaitingPush(this.#owner);
    this.#waiter = waiter;
    this.#push = push;
    while (this.#push === push) {
      const piece = this.#buffer.shift();
      if (piece === undefined) break;
      this.#give(push, piece);
    }
    this.#leaveReadBuffer();
    if (this.#phase === "open") {
      this.#link.awaited?.();
      this.#resume();
    } else {
      this.#finish();
    }
    return waiter.ended;
  }

  /** Whether the promise is that of a push that goes on. */
  isPush(promise: Promise<void>): boolean {
    return this.#waiter instanceof WaitingPush && this.#waiter.ended === promise;
  }

  /** Too much waits to be sent: nothing is read until {@link release}. */
  hold(): void {
    this.#pause();
    this.#reading = "held";
  }

  /** Reading goes on, if somebody waits for it. */
  release(): void {
    if (this.#reading === "held") this.#reading = "off";
    if (this.#waiter !== undefined || this.#phase === "discarding") this.#resume();
  }

  /** Whoever waits gets the end, and so does who reads all that is kept. */
  stop(): void {
    if (this.#phase !== "open") return;
    this.#phase = "stopped";
    this.#pause();
    this.#finish();
  }

  /** Whoever waits gets the end, and what is kept and still comes is dropped: the peer's end is all that matters now. */
  discard(): void {
    this.#buffer = EMPTY;
    if (this.#phase !== "open" && this.#phase !== "stopped") return;
    this.#phase = "discarding";
    this.#finish();
    // An output that is full must not keep a peer from ending that sends before it reads.
    if (this.#reading === "held") this.#reading = "off";
    this.#resume();
  }

  /** Settles when a connection that discards is ended or lost; at once when it is already. */
  peerEnds(): Promise<void> {
    if (this.#phase !== "discarding") return NOTHING;
    return new Promise((resolve) => {
      this.#peerEnded = resolve;
    });
  }

  received(bytes: Uint8Array): void {
    this.#bytesRead += bytes.length;
    if (this.#push !== undefined) {
      this.#give(this.#push, bytes);
      return;
    }
    if (this.#phase === "discarding") return;
    // Not every link can stop: datagrams that nobody reads are dropped, as the kernel drops them.
    if (this.#link.isDatagram && this.#isFull()) return;
    const lent = this.#waiter?.takesLent === true ? bytes : undefined;
    if (lent === undefined) {
      if (this.#buffer === EMPTY) this.#buffer = new ReadBuffer(this.#link.isRecords);
      this.#buffer.add(bytes);
    }
    if (this.#waiter?.attempt(this.#buffer, lent) === true) this.#waiter = undefined;
    this.#leaveReadBuffer();
    if (this.#waiter === undefined && this.#isFull()) this.#pause();
  }

  ended(): void {
    if (this.#failure !== undefined) return;
    this.#phase = "ended";
    this.#reading = "off";
    this.#finish();
  }

  lost(error: Error, phase: "lost" | "aborted"): void {
    this.#phase = phase;
    this.#failure = error;
    this.#reading = "off";
    this.#finish();
  }

  #isFull(): boolean {
    return this.#buffer.isFull(this.#owner.flow.maxReadBufferBytes);
  }

  #leaveReadBuffer(): void {
    if (this.#buffer.isEmpty) this.#buffer = EMPTY;
  }

  #give(push: (bytes: Uint8Array) => void, bytes: Uint8Array): void {
    try {
      push(bytes);
    } catch (error) {
      this.#owner.abort(errorOf(error));
    }
  }

  #wait(waiter: Waiter): void {
    this.#waiter = waiter;
    this.#link.awaited?.();
    this.#resume();
  }

  /** Tells whoever waits that no more will come. */
  #finish(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    this.#push = undefined;
    waiter?.end(this.#buffer, this.#failure);
    if (this.#phase !== "discarding") this.#peerEnded?.();
  }

  #resume(): void {
    if (this.#reading !== "off") return;
    this.#reading = "on";
    this.#link.resume();
  }

  #pause(): void {
    if (this.#reading !== "on") return;
    this.#reading = "off";
    this.#link.pause();
  }
}

/** A read that needs more than there is. */
class WaitingRead<T> implements Waiter {
  readonly #read: Read<T>;
  readonly #resolve: (result: T | Promise<never>) => void;

  constructor(read: Read<T>, resolve: (result: T | Promise<never>) => void) {
    this.#read = read;
    this.#resolve = resolve;
  }

  get takesLent(): boolean {
    return this.#read.takeLent !== undefined;
  }

  attempt(buffer: ReadBuffer, lent?: Uint8Array): boolean {
    if (buffer.bytes < this.#read.wantedBytes) return false;
    try {
      const taken = lent === undefined ? this.#read.take(buffer) : this.#read.takeLent?.(lent);
      if (taken === undefined) return false;
      this.#resolve(taken);
    } catch (error) {
      this.#resolve(Promise.reject(error));
    }
    return true;
  }

  end(buffer: ReadBuffer, failure: Error | undefined): void {
    try {
      this.#resolve(ending(this.#read, buffer, failure));
    } catch (error) {
      // Resolving with a rejection spares every idle connection the second function.
      this.#resolve(Promise.reject(error));
    }
  }
}

/** Who has the bytes pushed waits for their end only. */
class WaitingPush implements Waiter {
  readonly ended: Promise<void>;
  readonly #owner: InputOwner;
  #resolve: ((result?: Promise<never>) => void) | undefined;

  constructor(owner: InputOwner) {
    this.#owner = owner;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get takesLent(): boolean {
    return false;
  }

  attempt(): boolean {
    return false;
  }

  end(_buffer: ReadBuffer, failure: Error | undefined): void {
    this.#resolve?.(failure === undefined ? undefined : Promise.reject(failure));
    // Who is told otherwise does not look at the promise: its rejection is none that nobody handles.
    if (this.#owner.pushEnded(failure)) this.ended.catch(() => undefined);
  }
}

function ending<T>(read: Read<T>, buffer: ReadBuffer, failure: Error | undefined): T {
  if (failure !== undefined) throw failure;
  return read.atEnd(buffer);
}
