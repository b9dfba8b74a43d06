import { kernel } from "../native/load.ts";
import { EPOLLERR, EPOLLIN, EPOLLPRI } from "../native/poller.ts";
import * as turn from "../native/turn.ts";
import { type Address, AddressRoom } from "./address.ts";
import { byteCount, int32, intact, viewOf, wrongValue } from "./argument.ts";
import { receiveOwned, receiveRoom } from "./buffer-pool.ts";
import { Call, mapped, type Outcome, PROGRESS, promised, type Unfinished, WOULD_BLOCK } from "./call.ts";
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

/** How a receive is made. */
export interface ReceiveOptions extends WaitOptions {
  /** `MSG_*` flags, recv(2); default 0. With `MSG_DONTWAIT` the call does not wait: what would wait is `EAGAIN`. */
  readonly flags?: number | undefined;
}

const RECEIVE_OPTIONS: OptionNames<ReceiveOptions> = { signal: true, flags: true };

/** recv(2) into an owned Buffer. */
export function recv(endpoint: Endpoint, count: unknown, options: ReceiveOptions | undefined): Promise<Buffer> {
  return promised(() => {
    const most = byteCount("count", count);
    checkOptions("recv()", options, RECEIVE_OPTIONS, flagsForm);
    const flags = flagsOf(options);
    if (!isWaitAll(endpoint, flags)) return receiveAtMost(most, new Recv(endpoint, flags, most), options);
    return receiveAtMost(most, new RecvAll(endpoint, flags, receiveRoom(most, flags)), options);
  });
}

/** recv(2) into the caller's memory. */
export function recvInto(endpoint: Endpoint, buffer: unknown, options: ReceiveOptions | undefined): Promise<number> {
  return promised(() => {
    const room = viewOf("buffer", buffer);
    checkOptions("recv_into()", options, RECEIVE_OPTIONS, intoForm);
    const flags = flagsOf(options);
    if (!isWaitAll(endpoint, flags)) return receiveAtMost(room.length, new RecvInto(endpoint, flags, room), options);
    return mapped(receiveAtMost(room.length, new RecvAll(endpoint, flags, room), options), (filled) => filled.length);
  });
}

/** recvfrom(2) into an owned Buffer. */
export function recvfrom(
  endpoint: Endpoint,
  count: unknown,
  options: ReceiveOptions | undefined,
): Promise<[Buffer, Address | undefined]> {
  return promised(() => {
    const most = byteCount("count", count);
    checkOptions("recvfrom()", options, RECEIVE_OPTIONS, flagsForm);
    return receiveAtMost(most, new RecvFrom(endpoint, refuseWaitAll(endpoint, flagsOf(options)), most), options);
  });
}

/** recvfrom(2) into the caller's memory. */
export function recvfromInto(
  endpoint: Endpoint,
  buffer: unknown,
  options: ReceiveOptions | undefined,
): Promise<[number, Address | undefined]> {
  return promised(() => {
    const room = viewOf("buffer", buffer);
    checkOptions("recvfrom_into()", options, RECEIVE_OPTIONS, intoForm);
    const flags = refuseWaitAll(endpoint, flagsOf(options));
    return receiveAtMost(room.length, new RecvFromInto(endpoint, flags, room), options);
  });
}

/** Makes a receive of at most so many bytes. */
export function receiveAtMost<T>(asked: number, call: ReceiveCall<T>, options: WaitOptions | undefined): Promise<T> {
  const { endpoint, flags } = call;
  if (!isNothing(endpoint, flags, asked)) return receive(call, options);
  endpoint.check();
  const signal = signalOf(options);
  if (signal?.aborted === true) throw new AbortError(signal.reason);
  return Promise.resolve(call.nothing());
}

/**
 * Whether a receive asks for no byte of a stream, which is there at once, as in Python: the kernel would wait for a first
 * one (sock_rcvlowat). Of records it takes one, and of urgent data and the error queue it asks whether there is any.
 */
export function isNothing(endpoint: Endpoint, flags: number, asked: number): boolean {
  return asked === 0 && endpoint.type === SOCK_STREAM && (flags & (MSG_OOB | MSG_ERRQUEUE)) === 0;
}

/**
 * Makes a receive. It is not tried before epoll says so after a short one of a stream, since there is nothing left, and
 * while a connect is under way, since it would take the connect's error.
 */
export function receive<T>(call: ReceiveCall<T>, options: WaitOptions | undefined): Promise<T> {
  const { endpoint, flags } = call;
  const mayWait = (flags & MSG_DONTWAIT) === 0;
  const signal = signalOf(options);
  if (endpoint.isConnecting && (!mayWait || endpoint.timeoutMs === 0)) {
    endpoint.check();
    throw new SocketError(call.syscall, EAGAIN);
  }
  const isTriedFirst = !endpoint.isConnecting && (!endpoint.drained || flags !== 0);
  return endpoint.receiving.run(call, signal, isTriedFirst, mayWait);
}

/** What recv(2) gave: a count, or WOULD_BLOCK; a failure is thrown. */
export function received(
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
  if (isConnectionless(endpoint.type)) return result;
  // An empty result with an error still to be told is no clean end: a send has consumed the reset.
  if (result === 0 && asked > 0 && endpoint.unreadError !== 0) {
    const errno = endpoint.unreadError;
    endpoint.unreadError = 0;
    throw new SocketError(syscall, errno);
  }
  // Level-triggering makes it safe to wait without another look. Urgent data and a peek say nothing of the rest.
  endpoint.drained = endpoint.type === SOCK_STREAM && flags === 0 && result < asked && result > 0;
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
export function refuseWaitAll(endpoint: Endpoint, flags: number): number {
  if (!isWaitAll(endpoint, flags)) return flags;
  throw wrongValue("options.flags", "takes MSG_WAITALL in recv() and recv_into() only", flags);
}

function isWaitAll(endpoint: Endpoint, flags: number): boolean {
  // recv(2): a call that must not wait takes what is there.
  return (flags & (MSG_WAITALL | MSG_DONTWAIT)) === MSG_WAITALL && endpoint.type === SOCK_STREAM;
}

/** A receive of any form. */
export abstract class ReceiveCall<T> extends Call<T> {
  declare readonly endpoint: Endpoint;
  declare readonly flags: number;

  constructor(endpoint: Endpoint, flags: number) {
    super();
    this.endpoint = endpoint;
    this.flags = flags;
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

class Recv extends ReceiveCall<Buffer> {
  readonly #count: number;

  constructor(endpoint: Endpoint, flags: number, count: number) {
    super(endpoint, flags);
    this.#count = count;
  }

  attempt(): Outcome<Buffer> {
    const result = receiveOwned(this.#count, this.flags, this);
    const count = typeof result === "number" ? result : result.length;
    received(this.endpoint, "recv", count, this.#count, this.flags);
    return typeof result === "number" ? WOULD_BLOCK : result;
  }

  receiveInto(room: Uint8Array, offset: number, length: number): number {
    const { slot, generation } = this.endpoint;
    return kernel.recv(slot, generation, room, offset, length, this.flags);
  }

  nothing(): Buffer {
    return Buffer.alloc(0);
  }
}

class RecvInto extends ReceiveCall<number> {
  readonly #room: Uint8Array;
  readonly #length: number;

  constructor(endpoint: Endpoint, flags: number, room: Uint8Array) {
    super(endpoint, flags);
    this.#room = room;
    this.#length = room.length;
  }

  attempt(): Outcome<number> {
    const { slot, generation } = this.endpoint;
    const room = intact("buffer", this.#room, this.#length);
    const result = kernel.recv(slot, generation, room, 0, room.length, this.flags);
    return received(this.endpoint, "recv", result, room.length, this.flags);
  }

  nothing(): number {
    return 0;
  }
}

/** MSG_WAITALL as a loop: the kernel's own form does not wait on a non-blocking socket. */
class RecvAll extends ReceiveCall<Buffer> {
  readonly #room: Uint8Array;
  readonly #length: number;
  #end = 0;

  constructor(endpoint: Endpoint, flags: number, room: Uint8Array) {
    if ((flags & (MSG_PEEK | MSG_TRUNC)) !== 0) {
      throw wrongValue("options.flags", "cannot have MSG_WAITALL with MSG_PEEK or MSG_TRUNC", flags);
    }
    super(endpoint, flags & ~MSG_WAITALL);
    this.#room = room;
    this.#length = room.length;
  }

  attempt(): Outcome<Buffer> {
    const room = intact("buffer", this.#room, this.#length);
    const asked = room.length - this.#end;
    const count = this.#receiveRest(room, asked);
    if (count === WOULD_BLOCK) return WOULD_BLOCK;
    this.#end += count;
    return count === asked || count === 0 ? this.#filled() : PROGRESS;
  }

  #receiveRest(room: Uint8Array, asked: number): number | typeof WOULD_BLOCK {
    const { slot, generation } = this.endpoint;
    try {
      const result = kernel.recv(slot, generation, room, this.#end, asked, this.flags);
      return received(this.endpoint, "recv", result, asked, this.flags);
    } catch (error) {
      // As in C: first what had come, then the error, with the next call.
      if (!(error instanceof SocketError) || this.#end === 0) throw error;
      this.endpoint.unreadError = -error.errno;
      return 0;
    }
  }

  override abandon(error: Error): void {
    if (this.#room.length === this.#length) Object.assign(error, { received: this.#filled() });
  }

  nothing(): Buffer {
    return this.#filled();
  }

  #filled(): Buffer {
    return Buffer.from(this.#room.buffer, this.#room.byteOffset, this.#end);
  }
}

const addressRoom = new AddressRoom();

class RecvFrom extends ReceiveCall<[Buffer, Address | undefined]> {
  readonly #count: number;

  constructor(endpoint: Endpoint, flags: number, count: number) {
    super(endpoint, flags);
    this.#count = count;
  }

  override get syscall(): string {
    return "recvfrom";
  }

  attempt(): Outcome<[Buffer, Address | undefined]> {
    const result = receiveOwned(this.#count, this.flags, this);
    const count = typeof result === "number" ? result : result.length;
    received(this.endpoint, "recvfrom", count, this.#count, this.flags);
    return typeof result === "number" ? WOULD_BLOCK : [result, addressRoom.get()];
  }

  receiveInto(room: Uint8Array, offset: number, length: number): number {
    const { slot, generation } = this.endpoint;
    return kernel.recvfrom(slot, generation, room, offset, length, this.flags, addressRoom.bytes);
  }

  nothing(): [Buffer, undefined] {
    return [Buffer.alloc(0), undefined];
  }
}

class RecvFromInto extends ReceiveCall<[number, Address | undefined]> {
  readonly #room: Uint8Array;
  readonly #length: number;

  constructor(endpoint: Endpoint, flags: number, room: Uint8Array) {
    super(endpoint, flags);
    this.#room = room;
    this.#length = room.length;
  }

  override get syscall(): string {
    return "recvfrom";
  }

  attempt(): Outcome<[number, Address | undefined]> {
    const { slot, generation } = this.endpoint;
    const room = intact("buffer", this.#room, this.#length);
    const result = kernel.recvfrom(slot, generation, room, 0, room.length, this.flags, addressRoom.bytes);
    const count = received(this.endpoint, "recvfrom", result, room.length, this.flags);
    return count === WOULD_BLOCK ? WOULD_BLOCK : [count, addressRoom.get()];
  }

  nothing(): [number, undefined] {
    return [0, undefined];
  }
}
