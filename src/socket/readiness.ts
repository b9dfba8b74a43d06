// Waits for readiness, and iteration over what is received.
import { kernel } from "../native/load.ts";
import { EPOLLIN, EPOLLOUT } from "../native/poller.ts";
import type { Address } from "./address.ts";
import { Call, type Outcome, tryPromise, WOULD_BLOCK } from "./call.ts";
import { SOCK_STREAM } from "./constants.ts";
import type { Direction } from "./direction.ts";
import type { Endpoint } from "./endpoint.ts";
import { recv, recvfrom } from "./receive.ts";
import { type ReceivedRecord, recvRecord } from "./record-receive.ts";
import { untilEnd } from "./serve.ts";
import { isConnectionless, isInternet } from "./socket-type.ts";
import { SockwrightError } from "./sockwright-error.ts";
import { checkWait, signalOf, type WaitOptions } from "./wait-options.ts";

/** The most bytes of one chunk when a stream is iterated; further bytes come with the next chunk. */
export const CHUNK_BYTES = 64 * 1024;
/**
 * The most bytes of one datagram when a socket is iterated: UDP's length field has 16 bits. Records of other families are
 * received whole.
 */
export const DATAGRAM_BYTES = 64 * 1024;

/** Waits until a receive or an accept would not have to wait. */
export function readable(endpoint: Endpoint, options: WaitOptions | undefined): Promise<void> {
  return tryPromise(() => {
    checkWait("readable()", options);
    return whenReady(endpoint, endpoint.receiving, EPOLLIN, options);
  });
}

/**
 * As {@link readable}, for as long as select(2) would: the socket's own time-out does not hold. False when the time is over;
 * null waits for ever, and 0 looks once.
 */
export async function readableWithin(
  endpoint: Endpoint,
  timeoutMs: number | null,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  endpoint.check();
  if (timeoutMs === 0) return kernel.poll(endpoint.slot, endpoint.generation, EPOLLIN) > 0;
  try {
    await endpoint.receiving.run(new Readiness(endpoint, EPOLLIN), signal, false, true, timeoutMs);
    return true;
  } catch (error) {
    if (error instanceof SockwrightError && error.code === "ERR_SOCKWRIGHT_TIMEOUT") return false;
    throw error;
  }
}

/** Waits until a send would not have to wait. */
export function writable(endpoint: Endpoint, options: WaitOptions | undefined): Promise<void> {
  return tryPromise(() => {
    checkWait("writable()", options);
    return whenReady(endpoint, endpoint.sending, EPOLLOUT, options);
  });
}

function whenReady(
  endpoint: Endpoint,
  direction: Direction,
  interest: number,
  options: WaitOptions | undefined,
): Promise<void> {
  // Not looked for first: level-triggering reports what is already there.
  return direction.run(new Readiness(endpoint, interest), signalOf(options), false);
}

class Readiness extends Call<void> {
  readonly interest: number;
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint, interest: number) {
    super();
    this.interest = interest;
    this.#endpoint = endpoint;
  }

  get syscall(): string {
    return "poll";
  }

  // poll(2) has the bits of epoll(7). Without an event the look is the last try at a deadline.
  attempt(woken: boolean): Outcome<void> {
    const { slot, generation } = this.#endpoint;
    return woken || kernel.poll(slot, generation, this.interest) > 0 ? undefined : WOULD_BLOCK;
  }
}

/** A stream's bytes as they come, or a record socket's records, empty ones too, until the end or a local close. */
export async function* chunks(endpoint: Endpoint): AsyncGenerator<Buffer, void> {
  endpoint.check();
  for (;;) {
    const chunk = await untilEnd(endpoint, undefined, nextChunk(endpoint));
    if (chunk === undefined || (endpoint.isReceivingEnded && chunk.length === 0)) return;
    yield chunk;
  }
}

async function nextChunk(endpoint: Endpoint): Promise<Buffer | undefined> {
  if (endpoint.type !== SOCK_STREAM) return (await nextRecord(endpoint))?.[0];
  const chunk = await recv(endpoint, CHUNK_BYTES, undefined);
  return chunk.length === 0 ? undefined : chunk;
}

/** Datagrams with their senders, until a local close or shutdown. An empty datagram is a value like any other. */
export async function* datagrams(endpoint: Endpoint): AsyncGenerator<[Buffer, Address], void> {
  endpoint.check();
  for (;;) {
    const datagram = await untilEnd(endpoint, undefined, nextRecord(endpoint));
    if (datagram === undefined || (endpoint.isReceivingEnded && datagram[0].length === 0)) return;
    const [data, address = { family: endpoint.family, bytes: new Uint8Array(0) }] = datagram;
    yield [data, address];
  }
}

/** Records of other families may be longer than 64 KiB, or mark an end; those of ip(7) without a connection do neither. */
function nextRecord(endpoint: Endpoint): Promise<ReceivedRecord | undefined> {
  const { family, type } = endpoint;
  if (isInternet(family) && isConnectionless(type)) {
    return recvfrom(endpoint, DATAGRAM_BYTES, undefined);
  }
  return recvRecord(endpoint);
}
