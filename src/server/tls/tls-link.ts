import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { codeOf } from "../../socket/values.ts";
import { ConnectionError } from "../transport/connection-error.ts";
import type { Link, LinkNames } from "../transport/link.ts";
import { NodeLink, namesOf } from "../transport/node-link.ts";
import type { Peer } from "../transport/peer.ts";
import type { PeerCredentials } from "../transport/peer-credentials.ts";
import type { TlsInfo } from "../transport/tls-info.ts";
import type { LinkStream } from "./link-stream.ts";
import { TlsError, tlsErrorOf } from "./tls-error.ts";

/** What carries the records of TLS: a socket of `node:net`, which has taken over the descriptor, or a stream over a link. */
export type TlsBase =
  | { readonly kind: "socket"; readonly socket: Socket; readonly unix: UnixNames | undefined }
  | { readonly kind: "stream"; readonly stream: LinkStream; readonly link: Link };

/** What `node:net` cannot tell of a Unix socket. */
interface UnixNames {
  readonly names: LinkNames;
  readonly peerCredentials: PeerCredentials | undefined;
}

const NOTHING = Buffer.alloc(0);

/** Returns what was negotiated; throws where the peer's certificate is refused. */
type Finish = () => TlsInfo;

/** The socket of a server, which tells when the end of the input comes in: "end" waits for a reader. */
export class AcceptedSocket extends TLSSocket {
  onInputEnd: (() => void) | undefined;

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk === null) this.onInputEnd?.();
    return super.push(chunk, encoding);
  }
}

/** The same for a socket of `connect` of node:tls. A server's sockets have a class for it: a method of each its own is slow. */
function watchInputEnd(socket: TLSSocket, onInputEnd: () => void): void {
  const push = socket.push.bind(socket);
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null) onInputEnd();
    return push(chunk, encoding);
  };
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A link whose bytes are encrypted. Over a stream it tells a truncated connection: node:tls ends its reader when close_notify comes,
 * and otherwise only when the stream below ends, so an end that comes with the stream's own is not the peer's (RFC 8446, section
 * 6.1). Over a socket both look the same.
 */
export class TlsLink extends NodeLink {
  readonly #socket: TLSSocket;
  readonly #base: TlsBase;
  readonly #finish: Finish;
  #tls: TlsInfo | undefined;
  #waiter: Waiter | undefined;
  #isTruncated = false;
  #isReading = false;
  /** What the program has chosen, and what the link below has been told. */
  #isReferenced = true;
  #keepsAlive = true;
  #isOver = false;
  /** Whether this side has ended during the handshake, which needs more of its bytes. */
  #hasEndedEarly = false;
  /** Whether OpenSSL may still work on the handshake: see {@link #onSecured}. What ends the socket waits in `#ends` then. */
  #isInHandshake = false;
  #ends: (() => void)[] | undefined;

  /** @param securedEvent - the event of the socket at the end of its handshake. */
  constructor(socket: TLSSocket, base: TlsBase, peer: Peer, securedEvent: "secure" | "secureConnect", finish: Finish) {
    super(socket, peer);
    this.#socket = socket;
    this.#base = base;
    this.#finish = finish;
    socket.on(securedEvent, () => this.#onSecured());
    socket.on("close", () => this.#onClosed());
    // Node's own event for an error before the handshake is complete, at a server's side.
    socket.on("_tlsError", (error: Error) => this.#fail(error));
    if (socket instanceof AcceptedSocket) socket.onInputEnd = () => this.#onInputEnd();
    else watchInputEnd(socket, () => this.#onInputEnd());
    if (base.kind === "stream") base.stream.owner = { onBaseError: (error) => this.#fail(error) };
  }

  get tls(): TlsInfo | undefined {
    return this.#tls;
  }

  /** Resolves when the handshake is complete and the peer's certificate accepted. Called once. */
  secured(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      if (this.#isOver) reject(new TlsError("ERR_SOCKWRIGHT_TLS_END"));
    });
  }

  override get peerCredentials(): PeerCredentials | undefined {
    return this.#base.kind === "socket" ? this.#base.unix?.peerCredentials : this.#base.link.peerCredentials;
  }

  /** Those of the socket below: the peer may be that of a PROXY header, and a socket of node:tls over a stream has none. */
  override get names(): LinkNames | undefined {
    if (this.#base.kind === "stream") return this.#base.link.names;
    const { socket, unix } = this.#base;
    if (unix === undefined) return namesOf(socket);
    return socket.destroyed ? undefined : unix.names;
  }

  /** Received bytes, encrypted: progress of a handshake, whose bytes no reader gets. */
  get bytesReceived(): number {
    return this.#base.kind === "socket" ? this.#base.socket.bytesRead : this.#base.stream.bytesReceived;
  }

  /** Resolves when the kernel has taken everything that was sent. Never rejects. */
  sent(): Promise<void> {
    return new Promise((resolve) => {
      const socket = this.#socket;
      // Node calls back for each write of a socket that is destroyed, too.
      if (!socket.writableEnded) socket.write(NOTHING, () => resolve());
      else if (socket.destroyed || socket.writableFinished) resolve();
      else socket.once("finish", resolve).once("close", resolve);
    });
  }

  override isDue(what: "input" | "output"): boolean {
    if (this.#base.kind === "stream" && this.#base.link.isDue?.(what) === true) return true;
    return what === "input" && (this.#socket.readableLength > 0 || super.isDue(what));
  }

  awaitLoss(): void {
    if (this.#base.kind === "stream") this.#base.link.awaitLoss?.();
  }

  override setNoDelay(isOn: boolean): void {
    if (this.#base.kind === "socket") this.#base.socket.setNoDelay(isOn);
    else this.#base.link.setNoDelay?.(isOn);
  }

  override setKeepAlive(isOn: boolean, delayMs: number): void {
    if (this.#base.kind === "socket") this.#base.socket.setKeepAlive(isOn, delayMs);
    else this.#base.link.setKeepAlive?.(isOn, delayMs);
  }

  override setReferenced(isOn: boolean): void {
    this.#isReferenced = isOn;
    this.#refer();
  }

  override resume(): void {
    this.#isReading = true;
    this.#refer();
    super.resume();
  }

  override pause(): void {
    this.#isReading = false;
    this.#refer();
    super.pause();
  }

  override end(): void {
    if (this.#tls === undefined) this.#hasEndedEarly = true;
    this.#whenDone(() => super.end());
  }

  override close(): void {
    this.#giveUp();
    this.input = undefined;
    this.#whenDone(() => super.close());
  }

  override abort(): void {
    this.#giveUp();
    this.input = undefined;
    this.#whenDone(() => super.abort());
  }

  /** OpenSSL encrypts the bytes of a write during the call, unless the stream keeps them behind an earlier write. */
  protected override get isTakenAtOnce(): boolean {
    return this.#socket.writableLength === 0 && this.#socket.writableCorked === 0;
  }

  protected override reset(): void {
    if (this.#base.kind === "stream") {
      this.#base.stream.destroy(new ConnectionError("ERR_SOCKWRIGHT_ABORTED"));
    } else if (this.#base.socket.remoteFamily !== undefined && !this.#base.socket.destroyed && !this.#isEnding) {
      // A socket of TCP, whatever a PROXY header says of the peer: Node throws for a Unix socket. While the end is sent, libuv refuses
      // to reset the socket (uv_tcp_close_reset, UV_EINVAL): Node would leak the descriptor.
      this.#base.socket.resetAndDestroy();
    }
    this.#socket.destroy();
  }

  protected override onSocketError(error: Error): void {
    this.#fail(error);
  }

  protected override endInput(): void {
    if (this.#isTruncated) this.#fail(new ConnectionError("ERR_SOCKWRIGHT_TLS_TRUNCATED"));
    else this.input?.onEnd();
  }

  /** Whether the kernel has not taken the end yet. The socket below does not know of it. */
  get #isEnding(): boolean {
    return this.#socket.writableEnded && !this.#socket.writableFinished;
  }

  /** TLS always reads what is below: only a handshake and a reader keep the process alive, as on other links. */
  #refer(): void {
    const keepsAlive = this.#isReferenced && (this.#isReading || this.#tls === undefined);
    if (keepsAlive === this.#keepsAlive) return;
    this.#keepsAlive = keepsAlive;
    if (this.#base.kind === "stream") this.#base.stream.setReferenced(keepsAlive);
    else if (keepsAlive) this.#base.socket.ref();
    else this.#base.socket.unref();
  }

  #onSecured(): void {
    // A refused renegotiation ends in this event, too.
    if (this.#isOver || this.#tls !== undefined) return;
    if (this.#hasEndedEarly) {
      // The peer never gets the last message of this side: it cannot complete the handshake.
      this.#refuse(new ConnectionError("ERR_SOCKWRIGHT_ENDED"));
      return;
    }
    try {
      this.#tls = this.#finish();
    } catch (error) {
      this.#refuse(error instanceof Error ? error : new TlsError("CERT_UNTRUSTED"));
      return;
    }
    this.#refer();
    // Node calls this while OpenSSL still works on the handshake. Over a socket it runs the microtasks, too, before it returns to
    // OpenSSL: the service begins, and its first answer shares a segment with the tickets. An end has to wait: OpenSSL would send no
    // close_notify (SSL_shutdown(3), "shutdown while in init").
    this.#isInHandshake = this.#base.kind === "socket";
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve();
  }

  #whenDone(end: () => void): void {
    if (this.#ends !== undefined) {
      this.#ends.push(end);
      return;
    }
    // Plain bytes come after the handshake.
    if (!this.#isInHandshake || this.#socket.readableDidRead) {
      end();
      return;
    }
    const ends = [end];
    this.#ends = ends;
    setImmediate(() => {
      this.#isInHandshake = false;
      this.#ends = undefined;
      for (const each of ends) each();
    });
  }

  /** The peer may think that the handshake is complete: an end in order would tell it that all is well. */
  #refuse(error: Error): void {
    const refuse = (): void => this.#fail(error, true);
    // Over a stream at once: what the program has already written must not be sent. Over a socket this would close the descriptor under
    // OpenSSL's hands, as in `#onSecured`, and nobody could have written.
    if (this.#base.kind === "stream") refuse();
    else setImmediate(refuse);
  }

  /** The end of the plain bytes comes in: by close_notify, or else by the end of what carries the records. */
  #onInputEnd(): void {
    // A destroyed socket has an error already, which it tells after this turn.
    if (this.#tls === undefined && !this.#socket.destroyed) this.#fail(new TlsError("ERR_SOCKWRIGHT_TLS_END"));
    this.#isTruncated = this.#base.kind === "stream" && this.#base.stream.hasEnded;
  }

  #onClosed(): void {
    // Node closes a socket whose two directions have ended.
    if (!this.#isOver && !this.#socket.readableEnded) this.#fail(new TlsError("ERR_SOCKWRIGHT_TLS_END"));
  }

  /** @param resets - after the handshake, so that the peer does not take a part for the whole: unsent bytes are lost. */
  #fail(thrown: Error, resets = this.#tls !== undefined): void {
    if (this.#tls !== undefined) this.#deliverRest();
    // The reader of the rest may have closed the link.
    if (this.#isOver) return;
    const hasEnded = this.#hasEndedEarly && codeOf(thrown) === "ERR_STREAM_WRITE_AFTER_END";
    const error = hasEnded ? new ConnectionError("ERR_SOCKWRIGHT_ENDED") : tlsErrorOf(thrown);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    const { input } = this;
    this.#isOver = true;
    if (resets) this.reset();
    waiter?.reject(error);
    input?.onError(error);
  }

  /** Plain bytes that came before the loss and wait for a reader. */
  #deliverRest(): void {
    const { input } = this;
    // `read` emits "data", too, as long as the socket has no error.
    this.input = undefined;
    while (!this.#isOver) {
      const bytes: unknown = this.#socket.read();
      if (!(bytes instanceof Uint8Array)) break;
      input?.onReceived(bytes);
    }
    if (!this.#isOver) this.input = input;
  }

  #giveUp(): void {
    this.#isOver = true;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter !== undefined) waiter.reject(new TlsError("ERR_SOCKWRIGHT_TLS_END"));
  }
}
