import type { DeadlineWheel } from "../time/deadline-wheel.ts";
import { ConnectionError } from "../transport/connection-error.ts";
import type { Link, LinkInput } from "../transport/link.ts";
import { runIn } from "../transport/link-decorator.ts";
import type { Connection } from "./connection.ts";
import type { ActivePush, PushOwner } from "./push.ts";
import type { Read } from "./read.ts";
import { ReadBuffer } from "./read-buffer.ts";
import { ending, LimitedWaitingRead, type ReadSource, WaitingRead } from "./read-wait.ts";
import { rejectTolerated } from "./unawaited.ts";
import { abortedBefore, type WaitOptions } from "./wait.ts";
import type { WaitEnd, Waiter } from "./waiter.ts";

/**
 * How much a connection stops reading because its own output waits: nothing, pushes only, or everything.
 */
export type HeldBack = "nothing" | "pushes" | "all";

/** A reader that may keep bytes that it has not delivered, such as a decoder with the beginning of a frame. */
export interface Holder {
  /** Takes those bytes out of it. */
  rest(): Uint8Array;
}

/** Shared by all readers without unread bytes: an idle connection has no read buffer of its own. Nothing is ever added to it. */
const EMPTY = new ReadBuffer(false);

/**
 * The reading side of a connection, with these phases:
 *
 * - `open`: input is pushed, or kept until it is read.
 * - `stopped`: the server closes; no more is received, and kept input can be read.
 * - `discarding`: the connection closes; input is dropped until the peer ends.
 * - `closed`: the same, and the peer has ended.
 * - `ended`: the peer has ended.
 * - `lost`: the connection failed.
 * - `aborted`: this side aborted the connection.
 */
export type InputPhase = "open" | "stopped" | "discarding" | "closed" | "ended" | "lost" | "aborted";

/** The phases in which this side reads no more: unread input is dropped. */
const LEFT: ReadonlySet<InputPhase> = new Set(["discarding", "closed", "aborted"]);

/** A waiter for the peer's end while a connection discards. */
export interface PeerWaiter {
  /** Input has arrived. */
  onReceived(): void;
  /** The peer has ended, or is lost. */
  onEnd(): void;
}

/** The input from the peer, and its reader: by promise or by push, one at a time. */
export class Input implements LinkInput, PushOwner, ReadSource {
  #link: Link;
  readonly #connection: Connection;
  #buffer = EMPTY;
  #phase: InputPhase = "open";
  #failure: Error | undefined;
  /** The error of a lost datagram, for the next reader; of several, the last. */
  #loss: Error | undefined;
  #waiter: Waiter | undefined;
  #push: ActivePush | undefined;
  /** The last reader, which may have bytes left. */
  #holder: Holder | undefined;
  #peerWaiter: PeerWaiter | undefined;
  #isReading = false;
  #bytesRead = 0;

  constructor(link: Link, connection: Connection) {
    this.#link = link;
    this.#connection = connection;
  }

  /** Whether another link has taken over; see {@link handUnread}. */
  use(link: Link): void {
    this.#link = link;
  }

  /** Throws while there is a reader. */
  checkUnwatched(): void {
    if (this.#waiter !== undefined) throw new ConnectionError("ERR_SOCKWRIGHT_READING");
  }

  /**
   * Passes the unread input to the creator of another link. Nothing more is received until there is a reader; then
   * the link delivers everything again, the end too. If it throws, the input is kept as before.
   */
  handUnread(make: (unread: Buffer) => Link): Link {
    this.checkUnwatched();
    this.#takeOver(undefined);
    this.#pause();
    const unread = this.#buffer.take(this.#buffer.bytes);
    this.#leaveReadBuffer();
    let made: Link;
    try {
      made = make(unread);
    } catch (error) {
      if (unread.length > 0) this.#keep().unshift(unread);
      throw error;
    }
    // The new link's bytes are counted when they arrive.
    this.#bytesRead -= unread.length;
    if (this.#phase === "ended") this.#phase = "open";
    return made;
  }

  /** The error with which the connection was lost, if it was. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get phase(): InputPhase {
    return this.#phase;
  }

  /** Whether this side stopped reading before the peer had ended. */
  get isCutHere(): boolean {
    return this.#end === "stopped" && this.#phase !== "open";
  }

  /** Whether a reader waits, and has not paused. */
  get isAwaited(): boolean {
    return this.#waiter !== undefined && this.#push?.isPaused !== true;
  }

  /** Whether input is pushed to a reader. */
  get isPushing(): boolean {
    return this.#push !== undefined;
  }

  /** Bytes received over the link. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Of these, the bytes that are not read yet. */
  get bytesUnread(): number {
    return this.#buffer.bytes;
  }

  /**
   * Starts a read: it ends at once when its bytes are here, or when no more will come.
   *
   * @param holder - the reader that takes the bytes and may have some left.
   */
  read<T>(
    read: Read<T>,
    wait?: WaitOptions,
    holder: Holder | undefined = isHolder(read) ? read : undefined,
  ): Promise<T> {
    const aborted = abortedBefore(wait);
    if (aborted !== undefined) return aborted;
    if (this.#waiter !== undefined) return Promise.reject(new ConnectionError("ERR_SOCKWRIGHT_READING"));
    try {
      if (LEFT.has(this.#phase)) return Promise.resolve(this.#ending(read));
      this.#takeOver(holder);
      const taken = this.#buffer.bytes < read.wantedBytes ? undefined : read.take(this.#buffer);
      this.#leaveReadBuffer();
      if (taken !== undefined) return Promise.resolve(taken);
      const loss = this.#takeLoss();
      if (loss !== undefined) return rejectTolerated(loss);
      if (this.#phase !== "open") return Promise.resolve(this.#ending(read));
    } catch (error) {
      return rejectTolerated(error);
    }
    const waiting = wait === undefined ? new WaitingRead(read) : new LimitedWaitingRead(read, wait, this);
    this.#wait(waiting);
    return waiting.promise;
  }

  get wheel(): DeadlineWheel {
    return this.#connection.policy.wheel;
  }

  /** Whether input is about to be delivered: false without a reader. */
  isDue(): boolean {
    return this.#isReading && this.#link.isDue?.("input") === true;
  }

  giveUp(waiter: Waiter): boolean {
    if (this.#waiter !== waiter) return false;
    this.#waiter = undefined;
    if (this.#isFull()) this.#pause();
    return true;
  }

  /** Pushes the input to the reader until the end. */
  onBytes(push: ActivePush, holder?: Holder): Promise<void> {
    try {
      this.startPush(push, holder);
    } catch (error) {
      return Promise.reject(error);
    }
    return push.ended;
  }

  /** The same for a push that must not begin with a throw. */
  startPush(push: ActivePush, holder?: Holder): void {
    if (this.#waiter !== undefined) throw new ConnectionError("ERR_SOCKWRIGHT_READING");
    if (!LEFT.has(this.#phase)) this.#takeOver(holder);
    this.#waiter = push;
    this.#push = push;
    if (!push.isPutOff()) this.givePush(push);
  }

  /** Delivers the kept input, then new input, then the end. */
  givePush(push: ActivePush): void {
    // At the end it delivers the remaining frames.
    const isAtEnd = this.#phase === "ended" && this.#buffer.isEmpty;
    if (this.#push === push && !push.isPaused && !isAtEnd && !LEFT.has(this.#phase)) push.begin();
    while (this.#push === push && !push.isPaused) {
      const piece = this.#buffer.shift();
      if (piece === undefined) break;
      push.give(piece);
    }
    this.#leaveReadBuffer();
    if (this.#push !== push) return;
    if (this.#phase !== "open") {
      this.#finish();
      return;
    }
    if (push.isPaused) return;
    const loss = this.#takeLoss();
    if (loss !== undefined) {
      this.#reportLoss(push, loss);
      return;
    }
    this.#link.beginWait?.();
    this.#resume();
  }

  pushResumed(push: ActivePush): boolean {
    if (this.#push !== push) return false;
    if (!this.#buffer.isEmpty || push.holdsBytes || this.#phase !== "open" || this.#loss !== undefined) return true;
    this.#link.beginWait?.();
    this.#resume();
    return false;
  }

  stopPush(push: ActivePush, rest: Uint8Array): void {
    if (this.#push !== push) return;
    // A decoder may throw: then the push continues.
    this.#takeOver(undefined);
    if (rest.length > 0) this.#keep().unshift(Buffer.from(rest));
    this.#waiter = undefined;
    this.#push = undefined;
    if (this.#isFull()) this.#pause();
    push.end(this.#buffer, "stopped", undefined);
  }

  abort(reason: Error): void {
    this.#connection.abort(reason);
  }

  hold(): Disposable {
    return this.#connection.hold();
  }

  onPushEnd(failure: Error | undefined): boolean {
    return this.#connection.onPushEnd(failure);
  }

  run(call: () => void): void {
    runIn(this.#link, call);
  }

  /** Keeps the bytes that the holder took and did not deliver, for another way to read them. */
  release(holder: Holder): void {
    this.checkUnwatched();
    if (this.#holder === holder) this.#takeOver(undefined);
  }

  /** Whether the promise belongs to a push that continues. */
  isPush(promise: unknown): boolean {
    return this.#push !== undefined && this.#push.ended === promise;
  }

  /** Applies a change of what is paused. */
  heldBackChanged(): void {
    if (this.#phase === "open" && this.#isHeldBack()) this.#pause();
    else if (this.#waiter !== undefined && !this.#isKept()) this.#resume();
  }

  /** Delivers the end to the waiter, and to a reader of the kept input. */
  stop(): void {
    if (this.#phase !== "open") return;
    this.#phase = "stopped";
    this.#pause();
    this.#finish();
  }

  /** Delivers the end to the waiter, and drops kept and new input: only the peer's end matters now. */
  discard(): void {
    this.#buffer = EMPTY;
    this.#holder = undefined;
    if (this.#phase === "ended") {
      this.#phase = "closed";
      // A reader that paused before the end would not learn of it otherwise.
      this.#finish();
    }
    if (this.#phase !== "open" && this.#phase !== "stopped") return;
    this.#phase = "discarding";
    this.#finish();
    // Also while much output waits: a peer that sends before it reads must be able to end.
    this.#resume();
  }

  /** Registers a waiter for the peer's end while the connection discards. False when the peer has ended or is lost already. */
  awaitPeer(waiter: PeerWaiter): boolean {
    if (this.#phase !== "discarding") return false;
    this.#peerWaiter = waiter;
    return true;
  }

  onReceived(bytes: Uint8Array): void {
    this.#bytesRead += bytes.length;
    if (this.#push !== undefined && !this.#push.isBehind) {
      this.#push.give(bytes);
      return;
    }
    if (LEFT.has(this.#phase)) {
      this.#peerWaiter?.onReceived();
      return;
    }
    // Not every link can pause: unread datagrams are dropped, as the kernel drops them.
    if (this.#link.isDatagram && this.#isKept() && this.#isFull()) return;
    const lent = this.#waiter?.takesLent === true ? bytes : undefined;
    if (lent === undefined) this.#keep().add(bytes);
    if (this.#waiter?.attempt(this.#buffer, lent) === true) this.#waiter = undefined;
    this.#leaveReadBuffer();
    if (this.#isKept() && this.#isFull()) this.#pause();
  }

  onError(error: Error): void {
    this.#connection.fail(error);
  }

  /** Reports a lost datagram to the waiter or to the next reader. The connection continues. */
  onDatagramError(error: Error): void {
    if (this.#connection.reportsLossToSender(error) || this.#phase !== "open") return;
    if (this.#waiter === undefined || this.#push?.isBehind === true) this.#loss = error;
    else this.#reportLoss(this.#waiter, error);
  }

  onEnd(): void {
    if (this.#failure !== undefined) return;
    this.#phase = LEFT.has(this.#phase) ? "closed" : "ended";
    this.#isReading = false;
    this.#finish();
  }

  onLost(error: Error, phase: "lost" | "aborted"): void {
    this.#phase = phase;
    this.#failure = error;
    this.#isReading = false;
    if (phase === "aborted") this.#buffer = EMPTY;
    this.#finish();
  }

  #reportLoss(waiter: Waiter, loss: Error): void {
    this.#loss = undefined;
    this.#waiter = undefined;
    this.#push = undefined;
    waiter.end(this.#buffer, "lost", loss);
  }

  #takeLoss(): Error | undefined {
    const loss = this.#phase === "open" ? this.#loss : undefined;
    this.#loss = undefined;
    return loss;
  }

  #isFull(): boolean {
    return this.#buffer.isFull(this.#connection.policy.maxReadBufferBytes);
  }

  /** The read buffer to add to. */
  #keep(): ReadBuffer {
    if (this.#buffer === EMPTY) this.#buffer = new ReadBuffer(this.#link.isRecords);
    return this.#buffer;
  }

  #leaveReadBuffer(): void {
    if (this.#buffer.isEmpty) this.#buffer = EMPTY;
  }

  /** Bytes that the last holder left come before all kept input, unless the same holder continues. */
  #takeOver(next: Holder | undefined): void {
    const holder = this.#holder;
    if (holder !== undefined && holder !== next) {
      const rest = holder.rest();
      if (rest.length > 0) this.#keep().unshift(rest);
      if (this.#isFull()) this.#pause();
    }
    this.#holder = next;
  }

  #wait(waiter: Waiter): void {
    this.#waiter = waiter;
    this.#link.beginWait?.();
    this.#resume();
  }

  get #end(): WaitEnd {
    const phase = this.#phase;
    return phase === "ended" || phase === "lost" || phase === "aborted" ? phase : "stopped";
  }

  #ending<T>(read: Read<T>): T {
    return ending(read, this.#buffer, this.#end, this.#failure);
  }

  /** Tells the waiter that no more will come; a push first gets all earlier input. */
  #finish(): void {
    const push = this.#push;
    if (push !== undefined && this.#isOwed(push)) return;
    // Frames may still be undelivered; one of them may be the last for now.
    const wrong = push !== undefined && this.#phase === "ended" ? push.last() : undefined;
    if (push !== this.#push || (push?.isPaused === true && this.#phase === "ended")) return;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    this.#push = undefined;
    waiter?.end(this.#buffer, this.#end, this.#failure ?? wrong);
    if (this.#phase !== "discarding") this.#peerWaiter?.onEnd();
  }

  /** Whether the push gets the end later, when it continues. */
  #isOwed(push: ActivePush): boolean {
    if (!push.isBehind || LEFT.has(this.#phase)) return false;
    return this.#phase !== "lost" || (!push.isLostAtOnce && (!this.#buffer.isEmpty || push.holdsBytes));
  }

  /** Whether input is kept and no reader takes it. */
  #isKept(): boolean {
    return this.#waiter === undefined || this.#push?.isBehind === true;
  }

  #isHeldBack(): boolean {
    const { heldBack } = this.#connection;
    return heldBack === "all" || (heldBack === "pushes" && this.#push !== undefined);
  }

  #resume(): void {
    if (this.#isReading || (this.#phase === "open" && this.#isHeldBack())) return;
    this.#isReading = true;
    this.#link.resume();
  }

  #pause(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    this.#link.pause();
  }
}

function isHolder(read: object): read is Holder {
  return "rest" in read;
}
