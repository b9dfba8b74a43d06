import { generationOf, type Handle, slotOf } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import * as poller from "../native/poller.ts";
import { EPOLLRDHUP } from "../native/poller.ts";
import * as turn from "../native/turn.ts";
import { SOCK_DGRAM } from "./constants.ts";
import { getdefaulttimeout } from "./default-timeout.ts";
import { Direction } from "./direction.ts";
import { CONNECTION_ERRORS } from "./errno.ts";
import { Sending } from "./sending.ts";
import { registerFinalizer, unregisterFinalizer } from "./socket-finalizer.ts";
import { SockwrightError, type SockwrightErrorCode } from "./sockwright-error.ts";
import { takeError } from "./take-error.ts";
import { concerns, dropUnwanted, keepAlive } from "./watching.ts";

/** kernel.close: the socket lingers and is being closed in a thread of its own. */
const LINGERS = 1;
/** Generations begin at 1: this names no slot. */
const NO_HANDLE: Handle = 0;
const GONE: Promise<void> = Promise.resolve();
const lingering = new WeakMap<Endpoint, Promise<void>>();
let mayLinger = false;

/** Notes that SO_LINGER was set: from now on a close may linger and can be awaited. Accepted sockets inherit the option. */
export function expectLingering(): void {
  mayLinger = true;
}

/**
 * One open socket: it owns the descriptor and the two directions in which calls wait, and passes readiness to them. The poller
 * refers to it while a call waits.
 */
export class Endpoint implements poller.Watcher {
  readonly slot: number;
  readonly generation: number;
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly receiving: Direction;
  /** How long a call may wait, in ms: null waits for ever, 0 never waits. */
  timeoutMs: number | null = getdefaulttimeout();
  closed = false;
  isListener = false;
  /** A connect is in progress, which must get the socket's error before a reader takes it. */
  isConnecting = false;
  /** The last receive returned fewer bytes than it asked for: there is nothing to read until epoll reports it. */
  drained = false;
  /** An errno that a send consumed and that the reader must still get; 0 is none. */
  unreadError = 0;
  /** An errno of the connect in progress that another call consumed; 0 is none. */
  connectError = 0;
  /** Other owners may have the descriptor: their sends must not overtake a send that was requested earlier. */
  isShared = false;
  /** A receive has found that shutdown(2) has ended this direction: an empty result is the end, also of datagrams. */
  isReceivingEnded = false;
  /** The error code when the socket can only be closed. */
  broken: SockwrightErrorCode | undefined;
  /** The turn in which the socket was ready, until a call has used that credit. */
  #readyTurn = -1;
  #referenced = true;
  /** Made on first use: a connection that only waits has none. */
  #sending: Sending | undefined;
  /** The number of directions in which calls wait. */
  #waiting = 0;

  constructor(handle: Handle, family: number, type: number, protocol: number) {
    this.slot = slotOf(handle);
    this.generation = generationOf(handle);
    this.family = family;
    this.type = type;
    this.protocol = protocol;
    this.receiving = new Direction(this);
    registerFinalizer(this, handle);
  }

  get sending(): Sending {
    this.#sending ??= new Sending(this);
    return this.#sending;
  }

  /** Throws when no call can be made: the socket is closed or broken. */
  check(): void {
    if (this.closed) throw new SockwrightError("ERR_SOCKWRIGHT_CLOSED");
    if (this.broken !== undefined) throw new SockwrightError(this.broken);
  }

  /** Called by the poller. The reader is first, except during a connect, whose error it would take. */
  onReady(events: number): void {
    this.#readyTurn = turn.currentTurn();
    const { receiving } = this;
    dropUnwanted(this, receiving.interest | (this.#sending?.interest ?? 0), events);
    const isConnecting = this.isConnecting;
    if (isConnecting) this.#wakeSending(events);
    if (this.isConnecting) return;
    this.drained = false;
    if (concerns(receiving.interest, events)) receiving.wake(events);
    if (!isConnecting) this.#wakeSending(events);
  }

  #wakeSending(events: number): void {
    const sending = this.#sending;
    if (sending !== undefined && concerns(sending.interest, events)) sending.wake(events);
  }

  /** Allows one immediate call for each time that the socket was ready, in the same turn. */
  takeCredit(): boolean {
    if (this.#readyTurn !== turn.currentTurn()) return false;
    this.#readyTurn = -1;
    return true;
  }

  /** Called when a direction gets its first waiting call: the process stays alive until {@link stopWaiting}. */
  startWaiting(): void {
    if (this.#waiting++ === 0) keepAlive(false, this.#referenced);
  }

  /** Called when a direction has no more waiting calls. When neither direction has any, the poller releases the socket. */
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
   * Keeps an error that a call has consumed, since the kernel reports it once (SO_ERROR, socket(7)): for the connect in
   * progress, else for the reader of a stream, to whom a reset must not look like an end.
   */
  tookError(errno: number): void {
    if (!CONNECTION_ERRORS.has(errno)) return;
    if (this.isConnecting) this.connectError = errno;
    else if (this.type !== SOCK_DGRAM) this.unreadError = errno;
  }

  /** Begins a connection: drops the errors kept from the one before. */
  beginAssociation(): void {
    this.unreadError = 0;
    this.connectError = 0;
    this.drained = false;
    this.isReceivingEnded = false;
  }

  /** Called when another owner gets the descriptor: makes earlier requests now, and from now on every send at once. */
  share(): void {
    this.isShared = true;
    this.#flush();
  }

  /** Makes the sends that wait only for their turn, before an operation that must follow them. */
  flushSends(): void {
    this.#sending?.flush();
  }

  /** Makes what waits for nothing but its turn. */
  #flush(): void {
    this.#sending?.flush();
    this.receiving.flush();
  }

  /**
   * shutdown(2) has ended a direction or both: whoever waits there has its result now, and no event need come of it, as
   * unix_poll makes none for whoever waits for room.
   */
  shutDown(receiving: boolean, sending: boolean): void {
    // It ends a connect that is under way, too, whose error is the connect's to find.
    const { isConnecting } = this;
    if (isConnecting) this.#sending?.wake(EPOLLRDHUP);
    if (receiving) this.receiving.wake(EPOLLRDHUP);
    if (sending && !isConnecting) this.#sending?.wake(EPOLLRDHUP);
  }

  /** Closes the descriptor and ends every call that waits. A second close does nothing. */
  close(): void {
    if (this.closed) return;
    this.flushSends();
    if (!mayLinger) {
      this.#end(() => kernel.close(this.slot, this.generation));
      return;
    }
    let settle = (): void => {};
    const gone = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const result = this.#end(() => kernel.close(this.slot, this.generation, settle));
    if (result === LINGERS) lingering.set(this, gone);
  }

  /** Resolves when the kernel has released the closed socket: at once, unless it lingers. */
  get gone(): Promise<void> {
    return lingering.get(this) ?? GONE;
  }

  /** Gives up the descriptor and returns it. */
  detach(blocking: boolean): number {
    this.check();
    this.#flush();
    if (this.isWaiting) throw new SockwrightError("ERR_SOCKWRIGHT_BUSY");
    return this.#end(() => kernel.detach(this.slot, this.generation, blocking));
  }

  /**
   * Hands slot and generation to an owner of another type, which closes the descriptor from now on: this endpoint is closed.
   */
  handOver(): void {
    this.check();
    this.#flush();
    if (this.isWaiting) throw new SockwrightError("ERR_SOCKWRIGHT_BUSY");
    this.#end(() => 0);
  }

  /** The same socket, closed: what a Socket has in place of this one when its files keep this one open. */
  closedTwin(): Endpoint {
    const { family, type, protocol, timeoutMs } = this;
    const twin = new Endpoint(NO_HANDLE, family, type, protocol);
    unregisterFinalizer(twin);
    twin.timeoutMs = timeoutMs;
    twin.closed = true;
    return twin;
  }

  #end(giveUp: () => number): number {
    this.closed = true;
    unregisterFinalizer(this);
    poller.forget(this.slot);
    const result = giveUp();
    this.receiving.end();
    this.#sending?.end();
    return result;
  }
}
