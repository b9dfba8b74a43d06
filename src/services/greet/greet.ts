import type { Connection } from "../../server/connection/connection.ts";
import { bytes, choice, flag, hook, ms, text } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, type OptionValues, options as optionTable } from "../../server/options/option-table.ts";
import type { DatagramMessage, Service } from "../../server/service.ts";
import { ConnectionError } from "../../server/transport/connection-error.ts";
import type { Peer } from "../../server/transport/peer.ts";
import { peerName } from "../../server/transport/peer-name.ts";
import { isAnswerable } from "../../server/transport/peer-of.ts";
import { MAX_TIMEOUT_MS } from "../../socket/values.ts";
import { type Refusal, refusalOf } from "./datagram-guard.ts";
import { delay } from "./delay.ts";
import { type Message, messageOf } from "./message.ts";
import { ReplyTemplate } from "./reply-template.ts";

/** The default of `greeting`. It ends with LF, so that in a terminal the user's input begins on the next line. */
export const DEFAULT_GREETING = "Welcome!\n";
/** The default of `reply` for a message on a stream. */
export const DEFAULT_STREAM_REPLY = "Hello, {data}!";
/** The default of `reply` for a datagram. */
export const DEFAULT_DATAGRAM_REPLY = "Hello, {data}";
/** The default of `farewell`: the message that ends a connection. */
export const DEFAULT_FAREWELL = "exit";
/** The default of `readBytes`: bytes of one read, as in socket tutorials; with `frame: "lines"`, the longest line; a longer one aborts its connection. */
export const DEFAULT_READ_BYTES = 1_024;
/** The largest value of `readBytes`; the option rejects more. */
export const MAX_READ_BYTES = 64 * 1024;

/**
 * Why the service did not send an answer. `not-taken`: the server is closed, its send queue is full, or the kernel refused the datagram
 * and `onError` receives its error.
 */
export type UnsentReason = "no-name" | "no-port" | "too-long" | "not-taken";

/** An event of the service, for logs: the service itself prints nothing. */
export type GreetEvent =
  | { readonly type: "opened" | "closed"; readonly peer: Peer }
  | { readonly type: "message"; readonly peer: Peer; readonly data: Buffer }
  | {
      readonly type: "unanswered";
      readonly peer: Peer;
      readonly data: Buffer;
      readonly reason: Refusal | UnsentReason;
    };

/** The options of a greeter. */
export interface GreetOptions {
  /**
   * The text that the server sends, unchanged, to every client that connects; `""` sends nothing. Default `Welcome!\n`; the clients of
   * socket tutorials expect `Welcome!` without the line end.
   */
  readonly greeting?: string | undefined;
  /** The answer to a message. `{data}` stands for the message, `{address}` for its sender. Default `Hello, {data}!`; for datagrams `Hello, {data}`. */
  readonly reply?: string | undefined;
  /** The message at which the server ends the connection; `""` is none. Default `exit`. */
  readonly farewell?: string | undefined;
  /** What a message is: the bytes of one read, or a line. Default `"read"`. */
  readonly frame?: "read" | "lines" | undefined;
  /** The most bytes of one read or, with `frame: "lines"`, of a line; a longer line aborts its connection. 1 to 65 536; default 1 024. */
  readonly readBytes?: number | undefined;
  /** Whether the server ends each connection after its first message, which it answers only if `reply` is given. Default false. */
  readonly closeAfterFirst?: boolean | undefined;
  /** How long the server waits before each answer, in ms, 0 or more; other clients are not delayed. Default 0. */
  readonly delayMs?: number | undefined;
  /** Called with each event. */
  readonly onEvent?: ((event: GreetEvent) => void) | undefined;
}

/**
 * Checks and defaults of {@link GreetOptions}, also for options from a file or a command line.
 *
 * @internal
 */
export const GREET_OPTIONS = optionTable({
  greeting: text({ default: DEFAULT_GREETING }),
  reply: text(),
  farewell: text({ default: DEFAULT_FAREWELL }),
  frame: choice(["read", "lines"], { default: "read" }),
  readBytes: bytes({ max: MAX_READ_BYTES, default: DEFAULT_READ_BYTES }),
  closeAfterFirst: flag({ default: false }),
  delayMs: ms({ min: 0, max: MAX_TIMEOUT_MS }),
  onEvent: hook<NonNullable<GreetOptions["onEvent"]>>(),
} satisfies OptionKindsOf<GreetOptions>);

/**
 * Creates a service that greets each client and answers every message and datagram.
 *
 * @throws RangeError, TypeError for an invalid option.
 * @example
 * ```ts
 * import { connect, serve } from "sockwright/server";
 * import { greet } from "sockwright/services/greet";
 *
 * const server = await serve("tcp://127.0.0.1:0", greet({ greeting: "hi! ", reply: "{data}, welcome" }));
 * const client = await connect(server.urls[0] ?? "");
 * client.write("Rose");
 * console.log(String(await client.readExactly(17))); // => hi! Rose, welcome
 * client.abort();
 * await server.close();
 * ```
 */
export function greet(options: GreetOptions = {}): Service {
  const greeter = new Greeter(GREET_OPTIONS.check("greet()", options));
  return {
    name: "greet",
    stream: (connection) => greeter.serve(connection),
    datagram: (message) => greeter.answer(message),
  };
}

/** The longest answer over UDP on IPv4, udp(7): the kernel refuses more. IPv6 allows some bytes more. */
const MAX_DATAGRAM_BYTES = 65_507;

/** Returns the reason as far as it is known: `reply` only reports that the datagram was not sent. */
function unsentReasonOf(peer: Peer, bytes: number): UnsentReason {
  if (!isAnswerable(peer)) return "port" in peer ? "no-port" : "no-name";
  return "host" in peer && bytes > MAX_DATAGRAM_BYTES ? "too-long" : "not-taken";
}

type GreetSettings = OptionValues<(typeof GREET_OPTIONS)["kinds"]>;

class Greeter {
  readonly #options: GreetSettings;
  readonly #streamReply: ReplyTemplate;
  readonly #datagramReply: ReplyTemplate;
  readonly #farewell: Buffer;
  readonly #readBytes: number;

  constructor(options: GreetSettings) {
    this.#options = options;
    this.#streamReply = new ReplyTemplate(options.reply ?? DEFAULT_STREAM_REPLY);
    this.#datagramReply = new ReplyTemplate(options.reply ?? DEFAULT_DATAGRAM_REPLY);
    this.#farewell = Buffer.from(options.farewell);
    this.#readBytes = options.readBytes;
  }

  async serve(connection: Connection): Promise<void> {
    const { peer } = connection;
    this.#emit({ type: "opened", peer });
    try {
      await this.#serveMessages(connection);
    } finally {
      this.#emit({ type: "closed", peer });
    }
  }

  async answer({ data: bytes, peer, reply }: DatagramMessage): Promise<void> {
    const { data, lineEnd } = messageOf(bytes);
    this.#emit({ type: "message", peer, data });
    const answer = Buffer.concat([this.#datagramReply.fill({ data, address: Buffer.from(peerName(peer)) }), lineEnd]);
    const refusal = refusalOf(peer, bytes.length, answer.length);
    if (refusal !== undefined) {
      this.#emit({ type: "unanswered", peer, data, reason: refusal });
      return;
    }
    if (this.#options.delayMs !== undefined) await delay(this.#options.delayMs);
    if (!reply(answer)) this.#emit({ type: "unanswered", peer, data, reason: unsentReasonOf(peer, answer.length) });
  }

  async #serveMessages(connection: Connection): Promise<void> {
    const { greeting, delayMs, closeAfterFirst, reply } = this.#options;
    const { peer } = connection;
    const address = Buffer.from(peerName(peer));
    if (greeting !== "") connection.write(greeting);
    for (let message = await this.#next(connection); message !== undefined; message = await this.#next(connection)) {
      const { data, lineEnd } = message;
      this.#emit({ type: "message", peer, data });
      if (this.#farewell.length > 0 && data.equals(this.#farewell)) return;
      if (!closeAfterFirst || reply !== undefined) {
        if (delayMs !== undefined) await delay(delayMs, connection.signal);
        connection.write(Buffer.concat([this.#streamReply.fill({ data, address }), lineEnd]));
        // A client that does not read holds up nobody but itself.
        await connection.drained();
      }
      if (closeAfterFirst) return;
    }
  }

  async #next(connection: Connection): Promise<Message | undefined> {
    if (this.#options.frame !== "lines") {
      const bytes = await connection.read(this.#readBytes);
      return bytes === undefined ? undefined : messageOf(bytes);
    }
    try {
      const line = await connection.readUntil("\n", { maxBytes: this.#readBytes });
      return line === undefined ? undefined : messageOf(line);
    } catch (error) {
      if (!(error instanceof ConnectionError) || error.code !== "ERR_SOCKWRIGHT_UNEXPECTED_END") throw error;
      // The last line may lack its end.
      const rest = await connection.read();
      return rest === undefined ? undefined : messageOf(rest);
    }
  }

  #emit(event: GreetEvent): void {
    this.#options.onEvent?.(event);
  }
}
