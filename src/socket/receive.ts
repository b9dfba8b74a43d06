import { kernel } from "../native/load.ts";
import { EPOLLERR, EPOLLIN, EPOLLPRI } from "../native/poller.ts";
import * as turn from "../native/turn.ts";
import { type Address, AddressBuffer } from "./address.ts";
import { byteCount, int32, intact, viewOf, wrongValue } from "./argument.ts";
import { allocateReceiveBuffer, cut, reserve, reservedAt } from "./buffer-pool.ts";
import {
  Call,
  isUnfinished,
  type Outcome,
  PROGRESS,
  rejectWith,
  tryPromise,
  type Unfinished,
  WOULD_BLOCK,
} from "./call.ts";
import {
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "./constants.ts";
import type { Endpoint } from "./endpoint.ts";
import { EAGAIN } from "./errno.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import { SocketError } from "./socket-error.ts";
import { isConnectionless } from "./socket-type.ts";
import { AbortError } from "./sockwright-error.ts";
import { signalOf, type WaitOptions } from "./wait-options.ts";

/** The options of a receive. */
export interface ReceiveOptions extends WaitOptions {
  /** `MSG_*` flags, recv(2); default 0. With `MSG_DONTWAIT` a call that would wait rejects with `EAGAIN`. */
  readonly flags?: number | undefined;
}

const RECEIVE_OPTIONS: OptionNames<ReceiveOptions> = { signal: true, flags: true };

/** Receives into a new Buffer that the caller owns — recv(2). */
export function recv(endpoint: Endpoint, count: unknown, options: ReceiveOptions | undefined): Promise<Buffer> {
  // The same as `tryPromise`, without a closure for each call.
  try {
    return receive(recvCall(endpoint, count, options), signalOf(options));
  } catch (error) {
    return rejectWith(error);
  }
}

/** Receives into the caller's memory — recv(2). */
export function recvInto(endpoint: Endpoint, buffer: unknown, options: ReceiveOptions | undefined): Promise<number> {
  return tryPromise(() => receive(recvIntoCall(endpoint, buffer, options), signalOf(options)));
}

/** Receives a message and its sender into a new Buffer — recvfrom(2). */
export function recvfrom(
  endpoint: Endpoint,
  count: unknown,
  options: ReceiveOptions | undefined,
): Promise<[Buffer, Address | undefined]> {
  return tryPromise(() => receive(recvfromCall(endpoint, count, options), signalOf(options)));
}

/** Receives a message and its sender into the caller's memory — recvfrom(2). */
export function recvfromInto(
  endpoint: Endpoint,
  buffer: unknown,
  options: ReceiveOptions | undefined,
): Promise<[number, Address | undefined]> {
  return tryPromise(() => receive(recvfromIntoCall(endpoint, buffer, options), signalOf(options)));
}

/** Makes the call of {@link recv} without running it. */
export function recvCall(endpoint: Endpoint, count: unknown, options: ReceiveOptions | undefined): ReceiveCall<Buffer> {
  const most = byteCount("count", count);
  checkOptions("recv()", options, RECEIVE_OPTIONS, flagsForm);
  const flags = flagsOf(options);
  if (!isWaitAll(endpoint, flags)) return new Recv(endpoint, flags, most);
  return new RecvAll(endpoint, flags, allocateReceiveBuffer(most, flags), (filled) => filled);
}

/** Makes the call of {@link recvInto}. */
export function recvIntoCall(
  endpoint: Endpoint,
  buffer: unknown,
  options: ReceiveOptions | undefined,
): ReceiveCall<number> {
  const room = viewOf("buffer", buffer);
  checkOptions("recv_into()", options, RECEIVE_OPTIONS, intoForm);
  const flags = flagsOf(options);
  if (!isWaitAll(endpoint, flags)) return new RecvForm(endpoint, flags, room.length, room, COUNT);
  return new RecvAll(endpoint, flags, room, ({ length }) => length);
}

/** Makes the call of {@link recvfrom}. */
export function recvfromCall(
  endpoint: Endpoint,
  count: unknown,
  options: ReceiveOptions | undefined,
): ReceiveCall<[Buffer, Address | undefined]> {
  const most = byteCount("count", count);
  checkOptions("recvfrom()", options, RECEIVE_OPTIONS, flagsForm);
  return new RecvForm(endpoint, refuseWaitAll(endpoint, flagsOf(options)), most, undefined, BYTES_FROM);
}

/** Makes the call of {@link recvfromInto}. */
export function recvfromIntoCall(
  endpoint: Endpoint,
  buffer: unknown,
  options: ReceiveOptions | undefined,
): ReceiveCall<[number, Address | undefined]> {
  const room = viewOf("buffer", buffer);
  checkOptions("recvfrom_into()", options, RECEIVE_OPTIONS, intoForm);
  return new RecvForm(endpoint, refuseWaitAll(endpoint, flagsOf(options)), room.length, room, COUNT_FROM);
}

/**
 * Returns whether a receive asks for 0 bytes of a stream, so that it completes at once, as in Python: the kernel would wait for
 * the first byte (sock_rcvlowat). A receive of 0 bytes takes a record of other sockets, and tests for urgent data and for entries
 * of the error queue.
 */
export function isNothing(endpoint: Endpoint, flags: number, asked: number): boolean {
  return asked === 0 && endpoint.type === SOCK_STREAM && (flags & (MSG_OOB | MSG_ERRQUEUE)) === 0;
}

/**
 * Runs a receive. It waits for epoll before the first attempt after a short receive of a stream, since no data is left, and
 * during a connect, since it would consume the connect's error.
 */
export function receive<T>(call: ReceiveCall<T>, signal: AbortSignal | undefined): Promise<T> {
  const { endpoint, flags, asked } = call;
  if (isNothing(endpoint, flags, asked)) {
    endpoint.check();
    if (signal?.aborted === true) throw new AbortError(signal.reason);
    return Promise.resolve(call.nothing());
  }
  const mayWait = (flags & MSG_DONTWAIT) === 0;
  if (endpoint.isConnecting && (!mayWait || endpoint.timeoutMs === 0)) {
    endpoint.check();
    throw new SocketError(call.syscall, EAGAIN);
  }
  const isTriedFirst = !endpoint.isConnecting && (!endpoint.drained || flags !== 0);
  return endpoint.receiving.run(call, signal, isTriedFirst, mayWait);
}

/** Checks the result of recv(2): returns the count or WOULD_BLOCK, and throws a SocketError for other errors. */
export function checkReceived(
  endpoint: Endpoint,
  syscall: string,
  result: number,
  asked: number,
  flags: number,
): number | typeof WOULD_BLOCK {
  if (result < 0) {
    if (result === -EAGAIN) return WOULD_BLOCK;
    // Only during a connect: otherwise the caller is the reader, who gets the error.
    if (endpoint.isConnecting) endpoint.tookError(-result);
    throw new SocketError(syscall, -result);
  }
  turn.spendBytes(result);
  const isStream = endpoint.type === SOCK_STREAM;
  if (!isStream && isConnectionless(endpoint.type)) return result;
  // An empty result with an unread error is not a clean end: a send has consumed the reset.
  if (result === 0 && asked > 0 && endpoint.unreadError !== 0) {
    const errno = endpoint.unreadError;
    endpoint.unreadError = 0;
    throw new SocketError(syscall, errno);
  }
  // epoll is level-triggered, so waiting without another receive is safe. Urgent data and a peek say nothing about the rest.
  endpoint.drained = isStream && flags === 0 && result < asked && result > 0;
  return result;
}

/** Returns the form of options to write in place of bare flags. */
export function flagsForm(flags: number): string {
  return `, such as { flags: ${flags} }`;
}

/** Returns the flags of a receive or a send; the names of the options were checked before. */
export function flagsOf(options: { readonly flags?: number | undefined } | undefined): number {
  if (options === undefined) return 0;
  return options.flags === undefined ? 0 : int32("options.flags", options.flags);
}

/** Returns the form to write in place of a count, which Python's recv_into takes there. */
function intoForm(count: number): string {
  return `; for ${count} bytes give buffer.subarray(0, ${count})`;
}

/** Throws for MSG_WAITALL: only recv and recv_into have the loop, since parts from several senders have no single address. */
export function refuseWaitAll(endpoint: Endpoint, flags: number, name = "options.flags"): number {
  if (!isWaitAll(endpoint, flags)) return flags;
  throw wrongValue(name, "takes MSG_WAITALL in recv() and recv_into() only", flags);
}

function isWaitAll(endpoint: Endpoint, flags: number): boolean {
  // recv(2): a call that must not wait takes the available data.
  return (flags & (MSG_WAITALL | MSG_DONTWAIT)) === MSG_WAITALL && endpoint.type === SOCK_STREAM;
}

/** The base class of all receives. */
export abstract class ReceiveCall<T> extends Call<T> {
  declare readonly endpoint: Endpoint;
  declare readonly flags: number;
  /** The number of bytes asked for, of data and of control messages. */
  declare readonly asked: number;

  constructor(endpoint: Endpoint, flags: number, asked: number) {
    super();
    this.endpoint = endpoint;
    this.flags = flags;
    this.asked = asked;
  }

  get syscall(): string {
    return "recv";
  }

  // recv(2): urgent data is EPOLLPRI; the error queue is EPOLLERR, which epoll always reports.
  get interest(): number {
    if ((this.flags & MSG_ERRQUEUE) !== 0) return EPOLLERR;
    return (this.flags & MSG_OOB) !== 0 ? EPOLLPRI : EPOLLIN;
  }

  // After shutdown a blocking receive of a datagram socket returns 0, and a non-blocking one returns EAGAIN for ever
  // (__skb_wait_for_more_packets). Other sockets report the end themselves; the error queue does not belong to the direction.
  override shutDown(unfinished: Unfinished): Outcome<T> {
    const { type } = this.endpoint;
    if (type === SOCK_STREAM || type === SOCK_SEQPACKET || this.interest !== EPOLLIN) return unfinished;
    this.endpoint.isReceivingEnded = true;
    return this.nothing();
  }

  /** Returns the result of a receive of no bytes. */
  abstract nothing(): T;
}

const addressBuffer = new AddressBuffer();
const NO_MEMORY = new Uint8Array(0);

/** The form of a receive's result, made from the memory that it filled. The forms are constants, so that a call needs no closure. */
interface Form<T> {
  readonly syscall: "recv" | "recvfrom";
  give(count: number, memory: Uint8Array, address: Address | undefined): T;
}

const COUNT: Form<number> = { syscall: "recv", give: (count) => count };
const BYTES_FROM: Form<[Buffer, Address | undefined]> = {
  syscall: "recvfrom",
  give: (count, memory, address) => [cut(memory, count), address],
};
const COUNT_FROM: Form<[number, Address | undefined]> = {
  syscall: "recvfrom",
  give: (count, _, address) => [count, address],
};

/** recv(2) into the pool's memory. Every idle connection waits in one, so it has no fields of its own. */
class Recv extends ReceiveCall<Buffer> {
  attempt(): Outcome<Buffer> {
    const { endpoint, flags, asked } = this;
    const memory = reserve(asked, flags);
    const result = kernel.recv(endpoint.slot, endpoint.generation, memory, reservedAt, asked, flags);
    const count = checkReceived(endpoint, "recv", result, asked, flags);
    return isUnfinished(count) ? count : cut(memory, count);
  }

  nothing(): Buffer {
    return cut(NO_MEMORY, 0);
  }
}

/** recv(2) into the caller's memory, and recvfrom(2) into the caller's or the pool's. */
class RecvForm<T> extends ReceiveCall<T> {
  readonly #memory: Uint8Array | undefined;
  readonly #form: Form<T>;

  /** @param memory - the caller's memory of `asked` bytes; undefined uses the pool's memory. */
  constructor(endpoint: Endpoint, flags: number, asked: number, memory: Uint8Array | undefined, form: Form<T>) {
    super(endpoint, flags, asked);
    this.#memory = memory;
    this.#form = form;
  }

  override get syscall(): string {
    return this.#form.syscall;
  }

  attempt(): Outcome<T> {
    const { endpoint, flags, asked } = this;
    const { slot, generation } = endpoint;
    const { syscall } = this.#form;
    const memory = this.#memory === undefined ? reserve(asked, flags) : intact("buffer", this.#memory, asked);
    const offset = this.#memory === undefined ? reservedAt : 0;
    const isFrom = syscall === "recvfrom";
    const result = isFrom
      ? kernel.recvfrom(slot, generation, memory, offset, asked, flags, addressBuffer.bytes)
      : kernel.recv(slot, generation, memory, offset, asked, flags);
    const count = checkReceived(endpoint, syscall, result, asked, flags);
    if (count === WOULD_BLOCK) return WOULD_BLOCK;
    return this.#form.give(count, memory, isFrom ? addressBuffer.get() : undefined);
  }

  nothing(): T {
    return this.#form.give(0, NO_MEMORY, undefined);
  }
}

/** MSG_WAITALL as a loop of receives: the kernel's MSG_WAITALL does not wait on a non-blocking socket. */
class RecvAll<T> extends ReceiveCall<T> {
  readonly #memory: Uint8Array;
  readonly #give: (filled: Buffer) => T;
  #end = 0;

  constructor(endpoint: Endpoint, flags: number, memory: Uint8Array, give: (filled: Buffer) => T) {
    if ((flags & (MSG_PEEK | MSG_TRUNC)) !== 0) {
      throw wrongValue("options.flags", "cannot have MSG_WAITALL with MSG_PEEK or MSG_TRUNC", flags);
    }
    super(endpoint, flags & ~MSG_WAITALL, memory.length);
    this.#memory = memory;
    this.#give = give;
  }

  attempt(): Outcome<T> {
    const memory = intact("buffer", this.#memory, this.asked);
    const rest = memory.length - this.#end;
    const count = this.#receiveRest(memory, rest);
    if (count === WOULD_BLOCK) return WOULD_BLOCK;
    this.#end += count;
    return count === rest || count === 0 ? this.nothing() : PROGRESS;
  }

  #receiveRest(memory: Uint8Array, asked: number): number | typeof WOULD_BLOCK {
    const { slot, generation } = this.endpoint;
    try {
      const result = kernel.recv(slot, generation, memory, this.#end, asked, this.flags);
      return checkReceived(this.endpoint, "recv", result, asked, this.flags);
    } catch (error) {
      // As in C: this call returns the bytes received before, and the next call reports the error.
      if (!(error instanceof SocketError) || this.#end === 0) throw error;
      this.endpoint.unreadError = -error.errno;
      return 0;
    }
  }

  override abandon(error: Error): void {
    if (this.#memory.length === this.asked) Object.assign(error, { received: this.#filled() });
  }

  nothing(): T {
    return this.#give(this.#filled());
  }

  #filled(): Buffer {
    return Buffer.from(this.#memory.buffer, this.#memory.byteOffset, this.#end);
  }
}
