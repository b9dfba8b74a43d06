import { kernel } from "../native/load.ts";
import { EPOLLHUP, EPOLLOUT } from "../native/poller.ts";
import { AddressBuffer, type EncodedAddress, encodeAddress } from "./address.ts";
import { Call, type Outcome, RETRY_LATER, tryPromise, WOULD_BLOCK } from "./call.ts";
import { ConnectToName } from "./connect-to-name.ts";
import { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM } from "./constants.ts";
import type { Endpoint } from "./endpoint.ts";
import { EAGAIN, EALREADY, ECONNABORTED, EINPROGRESS, EINTR, EISCONN, ENOTCONN } from "./errno.ts";
import { type ErrorTarget, SocketError } from "./socket-error.ts";
import { checkWait, signalOf, type WaitOptions } from "./wait-options.ts";

const peerBuffer = new AddressBuffer();

/** connect(2). It first looks up a host name, in the socket's own family and within the same time-out. */
export function connect(
  endpoint: Endpoint,
  address: unknown,
  options: WaitOptions | undefined,
  call = "connect()",
): Promise<void> {
  return tryPromise(() => endpoint.sending.run(connectCall(endpoint, address, options, call), signalOf(options)));
}

/** Makes the call of {@link connect} without running it. */
export function connectCall(
  endpoint: Endpoint,
  address: unknown,
  options: WaitOptions | undefined,
  call = "connect()",
): Call<void> {
  endpoint.check();
  const to = encodeAddress(endpoint.family, address);
  checkWait(call, options);
  const one = (encoded: EncodedAddress): Connect => new Connect(endpoint, encoded);
  return "name" in to ? new ConnectToName(endpoint, to, one) : one(to);
}

/** connect(2) to one address. */
class Connect extends Call<void> {
  readonly #endpoint: Endpoint;
  readonly #to: EncodedAddress;
  #isUnderWay = false;

  constructor(endpoint: Endpoint, to: EncodedAddress) {
    super();
    this.#endpoint = endpoint;
    this.#to = to;
  }

  get syscall(): string {
    return "connect";
  }

  get interest(): number {
    return EPOLLOUT;
  }

  attempt(): Outcome<void> {
    return this.#isUnderWay ? this.#finish() : this.#begin();
  }

  override abandon(): void {
    // The kernel may go on connecting; a later call could not tell this connection from its own.
    this.#endpoint.broken = "ERR_SOCKWRIGHT_CONNECT_ABANDONED";
  }

  #begin(): Outcome<void> {
    const { slot, generation, family } = this.#endpoint;
    this.#endpoint.beginAssociation();
    // As before an accept: a connect of an open socket that another process made blocking would wait for the handshake.
    kernel.unblock(slot, generation);
    let errno = -kernel.connect(slot, generation, this.#to.sockaddr);
    // connect(2) after one that failed in the background only says that it has, and makes room for another
    // (__inet_stream_connect): a blocking one would have done so by itself.
    if (errno === ECONNABORTED) errno = -kernel.connect(slot, generation, this.#to.sockaddr);
    if (errno === 0) return undefined;
    // connect(2), ERRORS: a full backlog of a Unix listener is EAGAIN; nothing is under way and no event will come.
    if (errno === EAGAIN && family === AF_UNIX) return RETRY_LATER;
    if (errno !== EINPROGRESS && errno !== EINTR) throw new SocketError("connect", errno, this.#targetAtOnce());
    if (!this.mayWait) throw new SocketError("connect", errno, this.#to.target);
    this.#isUnderWay = true;
    this.#endpoint.isConnecting = true;
    return WOULD_BLOCK;
  }

  // lib/net.js, internalConnect: a stream's connect that fails at once is told with the socket's own address.
  #targetAtOnce(): ErrorTarget {
    const { slot, generation, type } = this.#endpoint;
    if (type !== SOCK_STREAM || kernel.getsockname(slot, generation, peerBuffer.bytes) < 0) return this.#to.target;
    const { host, port } = peerBuffer.get() ?? {};
    return host === undefined ? this.#to.target : { ...this.#to.target, local: `${host}:${port}` };
  }

  #finish(): Outcome<void> {
    const { slot, generation } = this.#endpoint;
    let errno = this.#endpoint.takeError();
    if (errno === 0 && kernel.getpeername(slot, generation, peerBuffer.bytes) === -ENOTCONN) {
      // poll(2): while the connect is under way there is neither. If there is, it has failed, and somebody else has read
      // the error: SO_ERROR is C's idiom, and a send or a receive reads it, too, also by another descriptor.
      if ((kernel.poll(slot, generation, EPOLLOUT) & (EPOLLOUT | EPOLLHUP)) === 0) return WOULD_BLOCK;
      // A second connect(2) says the same of an error that is no longer known (__inet_stream_connect).
      errno = this.#endpoint.connectError === 0 ? ECONNABORTED : this.#endpoint.connectError;
    }
    if (errno === 0) errno = this.#confirm();
    if (errno === EINTR || errno === EALREADY || errno === EINPROGRESS) return WOULD_BLOCK;
    this.#endpoint.isConnecting = false;
    if (errno === 0) return undefined;
    // A reader that already waits would otherwise read the end of a stream that never began.
    this.#endpoint.unreadError = errno;
    throw new SocketError("connect", errno, this.#to.target);
  }

  /**
   * Consumes the success of a background connect, which the kernel reports again as the 0 of the next connect(2) to any address
   * (__inet_stream_connect, SS_CONNECTING): otherwise a second connect of the program would seem to succeed. Returns 0, or the
   * errno of a connection that was lost meanwhile.
   */
  #confirm(): number {
    const { slot, generation, family } = this.#endpoint;
    if (family !== AF_INET && family !== AF_INET6) return 0;
    const errno = -kernel.connect(slot, generation, this.#to.sockaddr);
    return errno === EISCONN ? 0 : errno;
  }
}
