import { kernel } from "../native/load.ts";
import { EPOLLOUT } from "../native/poller.ts";
import * as turn from "../native/turn.ts";
import { type EncodedAddress, encodeNumericAddress } from "./address.ts";
import { bytesOf, intact, wrongType, wrongValue } from "./argument.ts";
import {
  Call,
  isUnfinished,
  type Outcome,
  type Part,
  PROGRESS,
  RETRY_LATER,
  rejectWith,
  tryPromise,
  WOULD_BLOCK,
} from "./call.ts";
import { AF_UNIX, MSG_DONTWAIT, SOCK_STREAM } from "./constants.ts";
import type { Endpoint } from "./endpoint.ts";
import { EAGAIN } from "./errno.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import { flagsForm, flagsOf } from "./receive.ts";
import { type ErrorTarget, SocketError } from "./socket-error.ts";
import { signalOf, type WaitOptions } from "./wait-options.ts";

/** The options of a send. */
export interface SendOptions extends WaitOptions {
  /**
   * `MSG_*` flags, send(2); default 0. MSG_NOSIGNAL is always on: a broken pipe is an `EPIPE` error. With `MSG_DONTWAIT` the
   * call does not wait: what would wait is `EAGAIN`.
   */
  readonly flags?: number | undefined;
}

/** socket.h; with it the kernel reads the data after the call is done, and tells the end in the error queue. */
const MSG_ZEROCOPY = 0x4000000;

const SEND_OPTIONS: OptionNames<SendOptions> = { signal: true, flags: true };

/** send(2): as many bytes as the kernel takes now. */
export function send(endpoint: Endpoint, data: unknown, options: SendOptions | undefined): Promise<number> {
  return tryPromise(() => transmit(sendCall(endpoint, data, options), signalOf(options)));
}

/** send(2) until all is sent. */
export function sendall(endpoint: Endpoint, data: unknown, options: SendOptions | undefined): Promise<void> {
  // The same as `tryPromise`, without a closure for each call.
  try {
    return transmit(sendallCall(endpoint, data, options), signalOf(options));
  } catch (error) {
    return rejectWith(error);
  }
}

/** sendto(2): one message to a numeric address. */
export function sendto(
  endpoint: Endpoint,
  data: unknown,
  address: unknown,
  options: SendOptions | undefined,
): Promise<number> {
  return tryPromise(() => transmit(sendtoCall(endpoint, data, address, options), signalOf(options)));
}

/** Makes the call of {@link send}, and does not run it. */
export function sendCall(endpoint: Endpoint, data: unknown, options: SendOptions | undefined): SendCall<number> {
  const bytes = bytesOf("data", data);
  checkOptions("send()", options, SEND_OPTIONS, flagsForm);
  return new Send(endpoint, bytes, sendFlags(options));
}

/** Makes the call of {@link sendall}. */
export function sendallCall(endpoint: Endpoint, data: unknown, options: SendOptions | undefined): SendCall<void> {
  const bytes = bytesOf("data", data);
  checkOptions("sendall()", options, SEND_OPTIONS, flagsForm);
  return new SendAll<void>(endpoint, bytes, sendFlags(options), undefined);
}

/** Makes the call of {@link sendto}. */
export function sendtoCall(
  endpoint: Endpoint,
  data: unknown,
  address: unknown,
  options: SendOptions | undefined,
): SendCall<number> {
  const bytes = bytesOf("data", data);
  // sendto(data, flags, address), as in C and Python, and send(data, port, host), as in node:dgram.
  if (typeof address === "number" && typeof options === "object") {
    throw wrongType(
      "address",
      `of type object, and the flags an option: sendto(data, address, { flags: ${address} })`,
      address,
    );
  }
  const given = typeof options === "string" && typeof address === "number" ? [options, address] : address;
  const to = encodeNumericAddress(endpoint.family, given);
  checkOptions("sendto()", options, SEND_OPTIONS, flagsForm);
  return new SendTo(endpoint, bytes, sendFlags(options), to);
}

/** Runs a send. */
export function transmit<T>(call: SendCall<T>, signal: AbortSignal | undefined): Promise<T> {
  return call.endpoint.sending.run(call, signal, true, (call.flags & MSG_DONTWAIT) === 0);
}

/**
 * Checks the result of send(2): returns the count or WOULD_BLOCK, and throws a SocketError for other errors. An error of the
 * connection is also kept for the next receive.
 */
export function checkSent(
  endpoint: Endpoint,
  syscall: string,
  result: number,
  target?: ErrorTarget,
): number | typeof WOULD_BLOCK {
  if (result >= 0) {
    turn.spendBytes(result);
    return result;
  }
  if (result === -EAGAIN) return WOULD_BLOCK;
  endpoint.tookError(-result);
  throw new SocketError(syscall, -result, target);
}

/**
 * Returns RETRY_LATER for a full Unix receiver: epoll reports no event to a sender that is not connected to it when it has space
 * again (unix_dgram_poll).
 */
export function retryByTimer<T>(endpoint: Endpoint, outcome: Outcome<T>): Outcome<T> {
  if (outcome !== WOULD_BLOCK || endpoint.family !== AF_UNIX || endpoint.type === SOCK_STREAM) return outcome;
  return RETRY_LATER;
}

export function sendFlags(options: SendOptions | undefined): number {
  return refuseZeroCopy(flagsOf(options));
}

export function refuseZeroCopy(flags: number, name = "options.flags"): number {
  if ((flags & MSG_ZEROCOPY) === 0) return flags;
  throw wrongValue(name, "cannot have MSG_ZEROCOPY, which lends the memory beyond the call", flags);
}

/** The base class of all sends. */
export abstract class SendCall<T> extends Call<T> {
  declare readonly endpoint: Endpoint;
  declare readonly flags: number;

  constructor(endpoint: Endpoint, flags: number) {
    super();
    this.endpoint = endpoint;
    this.flags = flags;
  }

  get syscall(): string {
    return "send";
  }

  get interest(): number {
    return EPOLLOUT;
  }
}

class Send extends SendCall<number> implements Part<number> {
  readonly #bytes: Uint8Array;
  readonly #length: number;

  constructor(endpoint: Endpoint, bytes: Uint8Array, flags: number) {
    super(endpoint, flags);
    this.#bytes = bytes;
    this.#length = bytes.length;
  }

  override get part(): Part<number> | undefined {
    return this.endpoint.type === SOCK_STREAM ? this : undefined;
  }

  attempt(): Outcome<number> {
    const { slot, generation } = this.endpoint;
    const bytes = intact("data", this.#bytes, this.#length);
    const result = kernel.send(slot, generation, bytes, 0, bytes.length, this.flags);
    return checkSent(this.endpoint, "send", result);
  }

  rest(): Uint8Array {
    return this.#bytes;
  }

  taken(count: number): number {
    return count;
  }
}

/** send(2) until all is sent; gives `done` then. */
export class SendAll<T> extends SendCall<T> implements Part<T> {
  readonly #bytes: Uint8Array;
  readonly #length: number;
  readonly #done: T;
  #sent = 0;

  constructor(endpoint: Endpoint, bytes: Uint8Array, flags: number, done: T) {
    super(endpoint, flags);
    this.#bytes = bytes;
    this.#length = bytes.length;
    this.#done = done;
  }

  override get part(): Part<T> | undefined {
    return this.endpoint.type === SOCK_STREAM ? this : undefined;
  }

  attempt(): Outcome<T> {
    const { slot, generation } = this.endpoint;
    try {
      const bytes = intact("data", this.#bytes, this.#length);
      const result = kernel.send(slot, generation, bytes, this.#sent, bytes.length - this.#sent, this.flags);
      const count = checkSent(this.endpoint, "send", result);
      return isUnfinished(count) ? count : this.taken(count);
    } catch (error) {
      if (error instanceof SocketError) Object.assign(error, { bytesSent: this.#sent });
      else if (error instanceof Error) this.abandon(error);
      throw error;
    }
  }

  rest(): Uint8Array {
    return this.#sent === 0 ? this.#bytes : this.#bytes.subarray(this.#sent);
  }

  taken(count: number): Outcome<T> {
    this.#sent += count;
    // The kernel took what it had room for: trying again at once would only give EAGAIN.
    return this.#sent === this.#length ? this.#done : PROGRESS;
  }

  override abandon(error: Error): void {
    Object.assign(error, { bytesSent: this.#sent });
    // What follows a cut message would be read as its rest.
    if (this.#sent > 0) this.endpoint.sending.broken = "ERR_SOCKWRIGHT_PARTIAL_SEND";
  }
}

class SendTo extends SendCall<number> {
  readonly #bytes: Uint8Array;
  readonly #length: number;
  readonly #to: EncodedAddress;

  constructor(endpoint: Endpoint, bytes: Uint8Array, flags: number, to: EncodedAddress) {
    super(endpoint, flags);
    this.#bytes = bytes;
    this.#length = bytes.length;
    this.#to = to;
  }

  override get syscall(): string {
    return "sendto";
  }

  attempt(): Outcome<number> {
    const { slot, generation } = this.endpoint;
    const { sockaddr, target } = this.#to;
    const bytes = intact("data", this.#bytes, this.#length);
    const result = kernel.sendto(slot, generation, bytes, 0, bytes.length, this.flags, sockaddr);
    return retryByTimer(this.endpoint, checkSent(this.endpoint, "sendto", result, target));
  }
}
