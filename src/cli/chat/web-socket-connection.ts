import { connect as connectTo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ClientOptions, WebSocket } from "ws";
import { codeOf } from "../../socket/values.ts";
import { CommandError, exitCodes } from "../command-error.ts";
import { WakeUp } from "../wake-up.ts";

/** The longest frame of a server; a longer one ends the connection. A welcome has up to 1 000 messages of 4 KiB, which JSON may lengthen. */
const MAX_FRAME_BYTES = 32 * 1024 * 1024;
/** How long to wait for a server's first answer; then the command fails. */
export const HANDSHAKE_MS = 10_000;
/** How long a server may be silent before the connection counts as lost. It pings every 30 s. */
export const MAX_SILENCE_MS = 75_000;

/** How long to wait for a server to confirm the close; then the connection is terminated. */
export const LEAVE_MS = 2_000;

/** RFC 6455, section 7.4.1. */
const NORMAL_CLOSURE = 1000;

/** The address of a chat: the URL of its WebSocket, and the path of the Unix socket if it is not served over TCP. */
export interface WebSocketAddress {
  readonly url: string;
  readonly path?: string;
  /** The socket URL of a server with TLS, with the options of TLS. */
  readonly secure?: string;
}

/** How a WebSocket ended. */
export interface WebSocketEnd {
  /** RFC 6455, section 7.4; 1006 if the connection ended without a close frame. */
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket whose frames are read with {@link next}. */
export class WebSocketConnection {
  readonly #socket: WebSocket;
  readonly #frames: string[] = [];
  readonly #changed = new WakeUp();
  #end: WebSocketEnd | undefined;
  readonly #silence: NodeJS.Timeout;
  #leaving: NodeJS.Timeout | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#silence = setTimeout(() => socket.terminate(), MAX_SILENCE_MS);
    socket.on("message", (data, isBinary) => {
      this.#silence.refresh();
      if (isBinary) return;
      this.#frames.push(String(data));
      this.#changed.notify();
      // After each frame the socket pauses, so at most the frames of one read are queued; next() resumes it.
      socket.pause();
    });
    socket.on("ping", () => this.#silence.refresh());
    // A `close` event follows.
    socket.on("error", () => undefined);
    socket.on("close", (code, reason) => {
      clearTimeout(this.#silence);
      clearTimeout(this.#leaving);
      this.#end = { code, reason: String(reason) };
      this.#changed.notify();
    });
  }

  /** @throws the error of the connection · CommandError for a server that does not speak WebSocket at this URL. */
  static async open({ url, path, secure }: WebSocketAddress, signal: AbortSignal): Promise<WebSocketConnection> {
    const stream = secure === undefined ? undefined : await secureStream(secure, signal);
    const options: ClientOptions = {
      maxPayload: MAX_FRAME_BYTES,
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
      ...(path === undefined ? {} : { createConnection: () => connectTo({ path }) }),
      ...(stream === undefined ? {} : { createConnection: () => stream as Socket }),
    };
    const socket = new WebSocket(url, options);
    return new Promise((resolve, reject) => {
      const stop = (): void => socket.terminate();
      signal.addEventListener("abort", stop, { once: true });
      // The time-out of node:http needs a socket of node:net.
      const timer = setTimeout(() => {
        reject(new CommandError(`${url}: no answer within ${HANDSHAKE_MS} ms`, exitCodes.timeout));
        socket.terminate();
      }, HANDSHAKE_MS + 1);
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
      };
      socket.once("error", (error) => {
        settle();
        reject(explained(url, error));
      });
      socket.once("unexpected-response", (_, { statusCode }) => {
        settle();
        // The error after terminate() adds nothing to the status.
        socket.on("error", () => undefined);
        socket.terminate();
        reject(noWebSocket(url, statusCode));
      });
      socket.once("open", () => {
        settle();
        resolve(new WebSocketConnection(socket));
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: object): void {
    if (this.isOpen) this.#socket.send(JSON.stringify(frame));
  }

  /** Returns the next frame, or how the WebSocket ended. */
  async next(): Promise<string | WebSocketEnd> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#end !== undefined) return this.#end;
      this.#socket.resume();
      await this.#changed.next();
    }
  }

  /** Starts the closing handshake; frames that the server has already sent still arrive before the end. */
  close(): void {
    if (this.#end !== undefined) return;
    this.#socket.close(NORMAL_CLOSURE);
    this.#leaving ??= setTimeout(() => this.#socket.terminate(), LEAVE_MS);
  }

  /** Closes the connection at once, without a closing handshake. */
  terminate(): void {
    this.#socket.terminate();
  }
}

/** Connects with TLS. The certificate is checked before the first byte of HTTP is sent. */
async function secureStream(url: string, signal: AbortSignal): Promise<Duplex> {
  const { connect } = await import("../../server/connect.ts");
  const connection = await connect(url, { signal, timeoutMs: HANDSHAKE_MS });
  return connection.stream();
}

/** Returns the kernel's error, or a CommandError with the message of `ws`. */
function explained(url: string, error: Error): unknown {
  // For a host name with several addresses: the error of the first address.
  if (error instanceof AggregateError) return error.errors[0];
  if (codeOf(error) !== undefined && "syscall" in error) return error;
  const isLate = error.message.includes("timed out");
  return new CommandError(`${url}: ${error.message}`, isLate ? exitCodes.timeout : exitCodes.network, error);
}

function noWebSocket(url: string, statusCode: number | undefined): CommandError {
  const advice = statusCode === 404 ? "correct the path, as in http://HOST:PORT/chat/" : "no chat is served there";
  return new CommandError(`${url} answered with status ${statusCode}: ${advice}`, exitCodes.network);
}
