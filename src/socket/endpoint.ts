import type { Handle } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import * as poller from "../native/poller.ts";
import { EPOLLRDHUP } from "../native/poller.ts";
import * as turn from "../native/turn.ts";
import { Direction } from "./direction.ts";
import { unwatchForLoss, watchForLoss } from "./lost-socket.ts";
import { Sending } from "./sending.ts";
import { SocketState } from "./socket-state.ts";
import { SockwrightError } from "./sockwright-error.ts";
import { concerns, dropUnwanted } from "./watching.ts";

/** kernel.close: the socket lingers and is being closed in a thread of its own. */
const LINGERS = 1;
const GONE: Promise<void> = Promise.resolve();
const lingering = new WeakMap<Endpoint, Promise<void>>();
let mayLinger = false;

/** SO_LINGER was set here: from now on a close may linger, and can be waited for. Accepted sockets inherit the option. */
export function expectLingering(): void {
  mayLinger = true;
}

/**
 * One open socket: it owns the descriptor and the two directions in which calls wait, and hands readiness to them. It is
 * what the poller holds while somebody waits, and what the collector finds when a socket is lost.
 */
export class Endpoint extends SocketState {
  readonly receiving: Direction;
  readonly sending: Sending;

  constructor(handle: Handle, family: number, type: number, protocol: number) {
    super(handle, family, type, protocol);
    this.receiving = new Direction(this);
    this.sending = new Sending(this);
    watchForLoss(this, handle);
  }

  /** Called by the poller. The reader looks first, except while a connect is under way, whose error it would take. */
  ready(events: number): void {
    this.readyTurn = turn.currentTurn();
    const { receiving, sending } = this;
    dropUnwanted(this, receiving.interest | sending.interest, events);
    const isConnecting = this.isConnecting;
    if (isConnecting && concerns(sending.interest, events)) sending.wake(events);
    if (this.isConnecting) return;
    this.drained = false;
    if (concerns(receiving.interest, events)) receiving.wake(events);
    if (!isConnecting && concerns(sending.interest, events)) sending.wake(events);
  }

  /** Somebody else gets at the descriptor: what was asked for before is done before, now; sends also from now on. */
  share(): void {
    this.isShared = true;
    this.#flush();
  }

  /** Makes what waits for nothing but its turn. */
  #flush(): void {
    this.sending.flush();
    this.receiving.flush();
  }

  /**
   * shutdown(2) has ended a direction or both: whoever waits there has its result now, and no event need come of it, as
   * unix_poll makes none for whoever waits for room.
   */
  shutDown(receiving: boolean, sending: boolean): void {
    // It ends a connect that is under way, too, whose error is the connect's to find.
    const { isConnecting } = this;
    if (isConnecting) this.sending.wake(EPOLLRDHUP);
    if (receiving) this.receiving.wake(EPOLLRDHUP);
    if (sending && !isConnecting) this.sending.wake(EPOLLRDHUP);
  }

  /** Closes the descriptor and ends every call that waits. A second close does nothing. */
  close(): void {
    if (this.closed) return;
    this.sending.flush();
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

  /** Settles when the kernel has let go of the closed socket: at once, unless it lingers. */
  get gone(): Promise<void> {
    return lingering.get(this) ?? GONE;
  }

  /** Gives the descriptor away. */
  detach(blocking: boolean): number {
    this.check();
    this.#flush();
    if (this.isWaiting) throw new SockwrightError("ERR_SOCKWRIGHT_BUSY");
    return this.#end(() => kernel.detach(this.slot, this.generation, blocking));
  }

  /**
   * Gives slot and generation to an owner of another kind, which closes the descriptor from now on: this one is closed.
   */
  handOver(): void {
    this.check();
    this.#flush();
    if (this.isWaiting) throw new SockwrightError("ERR_SOCKWRIGHT_BUSY");
    this.#end(() => 0);
  }

  #end(giveUp: () => number): number {
    this.closed = true;
    unwatchForLoss(this);
    poller.forget(this.slot);
    const result = giveUp();
    this.receiving.end();
    this.sending.end();
    return result;
  }
}
