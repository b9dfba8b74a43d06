import { generationOf, type Handle, slotOf } from "../native/kernel.ts";
import * as poller from "../native/poller.ts";
import * as turn from "../native/turn.ts";
import { SOCK_DGRAM } from "./constants.ts";
import { CONNECTION_ERRORS } from "./errno.ts";
import { SockwrightError, type SockwrightErrorCode } from "./sockwright-error.ts";
import { takeError } from "./take-error.ts";
import { keepAlive } from "./watching.ts";

/** What is known of one open socket: what its two directions share, and every call that waits in them. */
export abstract class SocketState implements poller.Watcher {
  readonly slot: number;
  readonly generation: number;
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  /** null waits for ever; 0 never waits. */
  timeoutMs: number | null = null;
  closed = false;
  isListener = false;
  /** Connecting: an error is the connect's to find, before a reader takes it for its own. */
  isConnecting = false;
  /** The kernel had less than was asked for: there is nothing to read until epoll says so. */
  drained = false;
  /** An errno that a send consumed and that the reader is still to see; 0 is none. */
  unreadError = 0;
  /** An errno of the connect under way that another call consumed; 0 is none. */
  connectError = 0;
  /** Others may have the descriptor: what they send must not overtake a send that was asked for before. */
  isShared = false;
  /** A receive has found that shutdown(2) has ended this direction: an empty result is the end, also of datagrams. */
  isReceivingEnded = false;
  /** Why the whole socket can only be closed. */
  broken: SockwrightErrorCode | undefined;
  /** The turn in which it was ready, until a call has had the credit for that. */
  protected readyTurn = -1;
  #referenced = true;
  /** In how many directions calls wait. */
  #waiting = 0;

  constructor(handle: Handle, family: number, type: number, protocol: number) {
    this.slot = slotOf(handle);
    this.generation = generationOf(handle);
    this.family = family;
    this.type = type;
    this.protocol = protocol;
  }

  /** Called by the poller. */
  abstract ready(events: number): void;

  /** Throws what keeps every call from being made. */
  check(): void {
    if (this.closed) throw new SockwrightError("ERR_SOCKWRIGHT_CLOSED");
    if (this.broken !== undefined) throw new SockwrightError(this.broken);
  }

  /** One call at once for each time that the socket was ready, in the same turn. */
  takeCredit(): boolean {
    if (this.readyTurn !== turn.currentTurn()) return false;
    this.readyTurn = -1;
    return true;
  }

  /** Calls wait in a direction: until {@link stopWaiting}, the process stays alive for them. */
  startWaiting(): void {
    if (this.#waiting++ === 0) keepAlive(false, this.#referenced);
  }

  /** A direction has no more calls. When neither has, the poller lets go of the socket. */
  stopWaiting(): void {
    if (--this.#waiting > 0) return;
    keepAlive(this.#referenced, false);
    poller.leave(this);
  }

  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  get referenced(): boolean {
    return this.#referenced;
  }

  /** Whether waiting calls keep the process alive. */
  set referenced(referenced: boolean) {
    if (this.isWaiting) keepAlive(this.#referenced, referenced);
    this.#referenced = referenced;
  }

  /** SO_ERROR, which reading clears: a positive errno, or 0. */
  takeError(): number {
    return takeError(this.slot, this.generation);
  }

  /**
   * A call has consumed the socket's error, which the kernel tells once (SO_ERROR, socket(7)), while somebody else is still
   * to see it: the connect that is under way, or else the reader of a stream, for whom a reset must not look like an end.
   */
  tookError(errno: number): void {
    if (!CONNECTION_ERRORS.has(errno)) return;
    if (this.isConnecting) this.connectError = errno;
    else if (this.type !== SOCK_DGRAM) this.unreadError = errno;
  }

  /** A connection begins: what was kept belongs to the one before. */
  beginAssociation(): void {
    this.unreadError = 0;
    this.connectError = 0;
    this.drained = false;
    this.isReceivingEnded = false;
  }
}
