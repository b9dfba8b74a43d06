import type { Handle } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import { EPOLLIN } from "../native/poller.ts";
import type { AcceptGate } from "./accept-gate.ts";
import { type Address, AddressBuffer } from "./address.ts";
import { Call, isUnfinished, type Outcome, tryPromise, WOULD_BLOCK } from "./call.ts";
import { Endpoint } from "./endpoint.ts";
import {
  EAGAIN,
  ECONNABORTED,
  EHOSTDOWN,
  EHOSTUNREACH,
  EINVAL,
  EMFILE,
  ENETDOWN,
  ENETUNREACH,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  ENONET,
  ENOPROTOOPT,
  ENOSPC,
  EOPNOTSUPP,
  EPERM,
  EPROTO,
  ETIMEDOUT,
} from "./errno.ts";
import { reset } from "./reset.ts";
import { SocketError } from "./socket-error.ts";
import type { SpareDescriptor } from "./spare-descriptor.ts";
import { checkWait, signalOf, type WaitOptions } from "./wait-options.ts";

/** An accepted connection without an owner: the receiver must make sure that its descriptor is closed. */
export interface Incoming {
  readonly handle: Handle;
  readonly address: Address;
}

/** A connection that has an owner. */
export interface AcceptedSocket {
  readonly endpoint: Endpoint;
  readonly address: Address;
}

/** Makes the endpoint that owns a connection of the listener. */
export function adoptIncoming({ family, type, protocol }: Endpoint, { handle, address }: Incoming): AcceptedSocket {
  return { endpoint: new Endpoint(handle, family, type, protocol), address };
}

/**
 * What a server does after an error of accept(2): "retry" tries again at once; "shed" accepts waiting connections with a spare
 * descriptor, closes them, and pauses; "pause" pauses and tries again; "stop" ends.
 */
export type AcceptAction = "retry" | "shed" | "pause" | "stop";

/** How long a server pauses, in ms, when there are no descriptors or no memory for another connection; then it tries again. */
export const ACCEPT_PAUSE_MS = 100;
/** The most connections that a server accepts in one turn; further ones wait for the next turn. */
export const MAX_ACCEPTS_PER_TURN = 64;

const ACTIONS = new Map<number, AcceptAction>([
  // accept(2), "Error handling": pending network errors of the new socket; "treat them like EAGAIN by retrying".
  ...[ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH].map(retryOn),
  // tcp(7): the same of a connection that has timed out.
  retryOn(ETIMEDOUT),
  // accept(2): the connection was aborted, or firewall rules forbid it: the next one may be fine.
  ...[ECONNABORTED, EPERM].map(retryOn),
  // accept(2): the process or the system is out of descriptors. A client left waiting would wait for long and never learn why.
  ...[EMFILE, ENFILE].map((errno): [number, AcceptAction] => [errno, "shed"]),
  // accept(2): out of memory. Retrying at once would spin, since the backlog stays readable. And epoll_ctl(2), ENOSPC: out of
  // watches, for the wait itself.
  ...[ENOBUFS, ENOMEM, ENOSPC].map((errno): [number, AcceptAction] => [errno, "pause"]),
]);

function retryOn(errno: number): [number, AcceptAction] {
  return [errno, "retry"];
}

/**
 * Returns the action for an error of accept(2); "stop" for an error that is not in the table, and "pause" in place of "shed"
 * without a spare descriptor.
 */
export function acceptAction(error: unknown, hasSpare: boolean): AcceptAction {
  const action = error instanceof SocketError ? (ACTIONS.get(-error.errno) ?? "stop") : "stop";
  return action === "shed" && !hasSpare ? "pause" : action;
}

const NOT_LISTENING = "the socket does not listen: call listen() first";

const addressBuffer = new AddressBuffer();

/** accept4(2). As in C, the caller gets every error. */
export function accept(listener: Endpoint, options: WaitOptions | undefined): Promise<AcceptedSocket> {
  return tryPromise(() => listener.receiving.run(acceptCall(listener, options), signalOf(options)));
}

/** Makes the call of {@link accept} without running it. */
export function acceptCall(listener: Endpoint, options: WaitOptions | undefined): Call<AcceptedSocket> {
  checkWait("accept()", options);
  return new Accept(listener);
}

/** The connections that a server accepted in one turn, and the error that ended the turn, if there was one. */
export interface AcceptBatch {
  readonly accepted: readonly Incoming[];
  readonly error?: unknown;
}

/**
 * Accepts all connections of the backlog, up to `limit`. A server then pays for one wait and not for one per connection. Only
 * the first batch is tried at once: the next one belongs to another turn, and epoll reports whether there is one.
 */
export function acceptBatch(
  listener: Endpoint,
  limit: number,
  signal: AbortSignal | undefined,
  isFirst: boolean,
  gate: AcceptGate | undefined,
): Promise<AcceptBatch> {
  return listener.receiving.run(new AcceptMany(listener, limit, gate), signal, isFirst);
}

/**
 * Accepts the connections of the backlog and resets them, up to the limit of a turn: the client of a shed connection must see
 * an error and not a clean end. At the end it takes the spare descriptor again, unless another thread was faster.
 */
export function shedBacklog(listener: Endpoint, spare: SpareDescriptor, gate: AcceptGate): void {
  spare.release();
  unblock(listener);
  try {
    for (let count = 0; count < MAX_ACCEPTS_PER_TURN; count++) {
      const next = acceptOne(listener);
      if (isUnfinished(next)) return;
      reset(adoptIncoming(listener, next).endpoint);
      gate.countShed(next.address);
    }
  } catch {
    // Another thread was faster, or the kernel repeats its error: in both cases the pause that follows is right.
  } finally {
    spare.keep();
  }
}

abstract class AcceptCall<T> extends Call<T> {
  protected readonly listener: Endpoint;

  constructor(listener: Endpoint) {
    super();
    this.listener = listener;
  }

  get syscall(): string {
    return "accept";
  }

  get interest(): number {
    return EPOLLIN;
  }

  // accept(2), EINVAL: "not listening for connections": so TCP and a blocking Unix accept report it. A non-blocking Unix
  // listener returns EAGAIN for ever (unix_accept).
  override shutDown(): never {
    throw new SocketError("accept", EINVAL);
  }
}

class Accept extends AcceptCall<AcceptedSocket> {
  attempt(): Outcome<AcceptedSocket> {
    unblock(this.listener);
    const next = acceptOne(this.listener);
    return isUnfinished(next) ? next : adoptIncoming(this.listener, next);
  }
}

class AcceptMany extends AcceptCall<AcceptBatch> {
  readonly #limit: number;
  readonly #gate: AcceptGate | undefined;

  constructor(listener: Endpoint, limit: number, gate: AcceptGate | undefined) {
    super(listener);
    this.#limit = limit;
    this.#gate = gate;
  }

  /** Checked for each connection: listeners that share a gate wake in one turn. */
  get #isOpen(): boolean {
    return this.#gate === undefined || this.#gate.capacity > 0;
  }

  attempt(): Outcome<AcceptBatch> {
    const accepted: Incoming[] = [];
    unblock(this.listener);
    try {
      while (accepted.length < this.#limit && this.#isOpen) {
        const next = acceptOne(this.listener);
        if (isUnfinished(next)) break;
        this.#gate?.countAccepted();
        accepted.push(next);
      }
    } catch (error) {
      // Connections already accepted must not be lost with the error.
      return { accepted, error };
    }
    return accepted.length === 0 && this.#isOpen ? WOULD_BLOCK : { accepted };
  }
}

/**
 * Sets O_NONBLOCK once for each batch. accept4(2) has no MSG_DONTWAIT, and O_NONBLOCK belongs to the open socket: a child that
 * has it as its standard input may have cleared the flag, as libuv does. A blocking accept would stop the process.
 */
function unblock({ slot, generation }: Endpoint): void {
  kernel.unblock(slot, generation);
}

/** accept(2) returns EINVAL for a socket that does not listen, and for other mistakes. */
function acceptErrorOf({ isListener }: Endpoint, errno: number): SocketError {
  const isUnprepared = errno === EINVAL && !isListener;
  return new SocketError("accept", errno, undefined, isUnprepared ? { advice: NOT_LISTENING } : "short");
}

function acceptOne(listener: Endpoint): Outcome<Incoming> {
  const handle: Handle = kernel.accept(listener.slot, listener.generation, addressBuffer.bytes);
  if (handle < 0) {
    if (handle === -EAGAIN) return WOULD_BLOCK;
    throw acceptErrorOf(listener, -handle);
  }
  return { handle, address: addressBuffer.get() ?? { family: listener.family, bytes: new Uint8Array(0) } };
}
