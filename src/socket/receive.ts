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
  /** `MSG_*` flags, recv(2); default 0. With `MSG_DONTWAIT` the call does not wait: what would wait is `EAGAIN`. */
  readonly flags?: number | undefined;
}

const RECEIVE_OPTIONS: OptionNames<ReceiveOptions> = { signal: true, flags: true };

/** recv(2) into an owned Buffer. */
export function recv(endpoint: Endpoint, count: unknown, options: ReceiveOptions | undefined): Promise<Buffer> {
  // As `promised` does it, without a function for each call.
  try {
    return receive(recvCall(endpoint, count, options), signalOf(options));
  } catch (error) {
    return rejectWith(error);
  }
}

/** recv(2) into the caller's memory. */
export function recvInto(endpoint: Endpoint, buffer: unknown, options: ReceiveOptions | undefined): Promise<number> {
  return tryPromise(() => receive(recvIntoCall(endpoint, buffer, options), signalOf(options)));
}

/** recvfrom(2) into an owned Buffer. */
export function recvfrom(
  endpoint: Endpoint,
  count: unknown,
  options: ReceiveOptions | undefined,
): Promise<[Buffer, Address | undefined]> {
  return tryPromise(() => receive(recvfromCall(endpoint, count, options), signalOf(options)));
}

/** recvfrom(2) into the caller's memory. */
export function recvfromInto(
  endpoint: Endpoint,
  buffer: unknown,
  options: ReceiveOptions | undefined,
): Promise<[number, Address | undefined]> {
  return tryPromise(() => receive(recvfromIntoCall(endpoint, buffer, options), signalOf(options)));
}

/** Makes the call of {@link recv}, and does not run it. */
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
 * Whether a receive asks for no byte of a stream, which is there at once, as in Python: the kernel would wait for a first
 * one (sock_rcvlowat). Of records it takes one, and of urgent data and the error queue it asks whether there is any.
 */
export function isNothing(endpoint: Endpoint, flags: number, asked: number): boolean {
  return asked === 0 && endpoint.type === SOCK_STREAM && (flags & (MSG_OOB | MSG_ERRQUEUE)) === 0;
}

/**
 * Runs a receive. It is not tried before epoll says so after a short one of a stream, since there is nothing left, and
 * while a connect is under way, since it would take the connect's error.
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

/** What recv(2) gave: a count, or WOULD_BLOCK; a failure is thrown. */
export function checkReceived(
  endpoint: Endpoint,
  syscall: string,
  result: number,
  asked: number,
  flags: number,
): number | typeof WOULD_BLOCK {
  if (result < 0) {
    if (result === -EAGAIN) return WOULD_BLOCK;
    // Only while it connects: else this is the reader, who is told.
    if (endpoint.isConnecting) endpoint.tookError(-result);
    throw new SocketError(syscall, -result);
  }
  turn.spendBytes(result);
  const isStream = endpoint.type === SOCK_STREAM;
  if (!isStream && isConnectionless(endpoint.type)) return result;
  // An empty result with an error still to be told is no clean end: a send has consumed the reset.
  if (result === 0 && asked > 0 && endpoint.unreadError !== 0) {
    const errno = endpoint.unreadError;
    endpoint.unreadError = 0;
    throw new SocketError(syscall, errno);
  }
  // Level-triggering makes it safe to wait without another look. Urgent data and a peek say nothing of the rest.
  endpoint.drained = isStream && flags === 0 && result < asked && result > 0;
  return result;
}

/** In place of the flags alone. */
export function flagsForm(flags: unknown): string {
  return `, such as { flags: ${flags} }`;
}

/** The flags of a receive or send, whose options were looked at before. */
export function flagsOf(options: { readonly flags?: number | undefined } | undefined): number {
  if (options === undefined) return 0;
  return options.flags === undefined ? 0 : int32("options.flags", options.flags);
}

/** Python's recv_into takes a count there. */
function intoForm(count: unknown): string {
  return `; for ${count} bytes give buffer.subarray(0, ${count})`;
}

/** Only recv and recv_into have the loop: what an address belongs to would be open when the parts come from several. */
export function refuseWaitAll(endpoint: Endpoint, flags: number, name = "options.flags"): number {
  if (!isWaitAll(endpoint, flags)) return flags;
  throw wrongValue(name, "takes MSG_WAITALL in recv() and recv_into() only", flags);
}

function isWaitAll(endpoint: Endpoint, flags: number): boolean {
  // recv(2): a call that must not wait takes what is there.
  return (flags & (MSG_WAITALL | MSG_DONTWAIT)) === MSG_WAITALL && endpoint.type === SOCK_STREAM;
}

/** A receive of any form. */
export abstract class ReceiveCall<T> extends Call<T> {
  declare readonly endpoint: Endpoint;
  declare readonly flags: number;
  /** How many bytes, of data and of control messages. */
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

  // Of datagrams a blocking receive gives nothing then, and one that does not block says EAGAIN for ever
  // (__skb_wait_for_more_packets). The others say their end themselves; and the error queue is no part of the direction.
  override shutDown(unfinished: Unfinished): Outcome<T> {
    const { type } = this.endpoint;
    if (type === SOCK_STREAM || type === SOCK_SEQPACKET || this.interest !== EPOLLIN) return unfinished;
    this.endpoint.isReceivingEnded = true;
    return this.nothing();
  }

  /** The result without a byte. */
  abstract nothing(): T;
}

const addressBuffer = new AddressBuffer();
const NO_MEMORY = new Uint8Array(0);

/** What a receive gives, made of the memory that it went into. Constants, so that a call needs no function of its own. */
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

/** recv(2) into the pool's memory: what every idle connection waits in, and so without a field of its own. */
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

  /** @param memory - the caller's, of `asked` bytes; undefined for the pool's. */
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

/** MSG_WAITALL as a loop: the kernel's own form does not wait on a non-blocking socket. */
class RecvAll<T> extends ReceiveCall<T> {
  readonly #room: Uint8Array;
  readonly #give: (filled: Buffer) => T;
  #end = 0;

  constructor(endpoint: Endpoint, flags: number, room: Uint8Array, give: (filled: Buffer) => T) {
    if ((flags & (MSG_PEEK | MSG_TRUNC)) !== 0) {
      throw wrongValue("options.flags", "cannot have MSG_WAITALL with MSG_PEEK or MSG_TRUNC", flags);
    }
    super(endpoint, flags & ~MSG_WAITALL, room.length);
    this.#room = room;
    this.#give = give;
  }

  attempt(): Outcome<T> {
    const room = intact("buffer", this.#room, this.asked);
    const rest = room.length - this.#end;
    const count = this.#receiveRest(room, rest);
    if (count === WOULD_BLOCK) return WOULD_BLOCK;
    this.#end += count;
    return count === rest || count === 0 ? this.nothing() : PROGRESS;
  }

  #receiveRest(room: Uint8Array, asked: number): number | typeof WOULD_BLOCK {
    const { slot, generation } = this.endpoint;
    try {
      const result = kernel.recv(slot, generation, room, this.#end, asked, this.flags);
      return checkReceived(this.endpoint, "recv", result, asked, this.flags);
    } catch (error) {
      // As in C: first what had come, then the error, with the next call.
      if (!(error instanceof SocketError) || this.#end === 0) throw error;
      this.endpoint.unreadError = -error.errno;
      return 0;
    }
  }

  override abandon(error: Error): void {
    if (this.#room.length === this.asked) Object.assign(error, { received: this.#filled() });
  }

  nothing(): T {
    return this.#give(this.#filled());
  }

  #filled(): Buffer {
    return Buffer.from(this.#room.buffer, this.#room.byteOffset, this.#end);
  }
}
