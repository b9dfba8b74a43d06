import { codeOf } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { CrlfWriter } from "./crlf.ts";
import { unwritable } from "./explain.ts";
import { IdleTimer } from "./idle-timer.ts";
import type { SocketConnection } from "./socket-connection.ts";
import type { Input, Output } from "./standard-streams.ts";

/** The options of a conversation. */
export interface ConversationOptions {
  /** Once one direction has ended, the other ends after this time without data. */
  readonly waitMs?: number | undefined;
  /** The conversation fails after this time without data in both directions. */
  readonly idleTimeoutMs?: number | undefined;
  /** Send each LF as CRLF. */
  readonly crlf?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** The number of bytes that a connection sent and received. */
export interface Traffic {
  bytesSent: number;
  bytesReceived: number;
}

/** The outcome of a conversation. */
interface Outcome {
  readonly traffic: Traffic;
  /**
   * The first failure; undefined after an abort, and when standard output has no reader any more. It is not thrown, so
   * that the traffic can be reported too.
   */
  readonly failure: { readonly error: unknown } | undefined;
}

/**
 * Copies standard input to the socket, and the socket to standard output. Each direction ends on its own: the end of
 * standard input shuts down the sending side, and the end of the peer's data closes standard output. Each direction holds
 * one piece of data, and reads the next when that one is written.
 */
export async function converse(
  connection: SocketConnection,
  input: Input,
  output: Output,
  options: ConversationOptions,
): Promise<Outcome> {
  return new Conversation(connection, input, output, options).run();
}

class Conversation {
  readonly #traffic: Traffic = { bytesSent: 0, bytesReceived: 0 };
  readonly #connection: SocketConnection;
  readonly #input: Input;
  readonly #output: Output;
  readonly #options: ConversationOptions;
  readonly #idle = new IdleTimer(() => {
    this.#stop(timedOut(this.#options.idleTimeoutMs));
    this.#giveUp();
  });
  readonly #waiting = new IdleTimer(() => this.#stop());
  #isStopped = false;
  #failure: { readonly error: unknown } | undefined;
  #giveUp: () => void = () => undefined;
  /** Settles when the conversation must end without waiting for standard output, whose reader may have stopped. */
  readonly #isGivenUp = new Promise<void>((resolve) => {
    this.#giveUp = resolve;
  });

  constructor(connection: SocketConnection, input: Input, output: Output, options: ConversationOptions) {
    this.#connection = connection;
    this.#input = input;
    this.#output = output;
    this.#options = options;
  }

  async run(): Promise<Outcome> {
    const { signal, idleTimeoutMs, waitMs } = this.#options;
    const stop = (): void => {
      this.#stop();
      this.#giveUp();
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    this.#idle.start(idleTimeoutMs);
    const oneHasEnded = (): void => this.#waiting.start(this.#isStopped ? undefined : waitMs);
    const both = Promise.all([this.#outward().then(oneHasEnded), this.#inward().then(oneHasEnded)]);
    await Promise.race([both, this.#isGivenUp]);
    this.#idle.stop();
    this.#waiting.stop();
    signal.removeEventListener("abort", stop);
    this.#stop();
    return { traffic: this.#traffic, failure: this.#failure };
  }

  async #outward(): Promise<void> {
    const crlf = this.#options.crlf === true ? new CrlfWriter() : undefined;
    try {
      if (crlf === undefined) await this.#sendFile();
      for await (const chunk of this.#input.chunks()) {
        this.#moved();
        const bytes = crlf?.translate(chunk) ?? chunk;
        await this.#send(bytes);
      }
      if (!this.#isStopped) await this.#connection.end();
    } catch (error) {
      this.#stop(error);
    }
  }

  /** Sends standard input with sendfile(2) if it is a file. Reading handles its end, and input that is not a file. */
  async #sendFile(): Promise<void> {
    const send = this.#connection.sendFile?.bind(this.#connection);
    const file = send === undefined ? undefined : await this.#input.file?.();
    if (send === undefined || file === undefined) return;
    try {
      let sent: number;
      do sent = await this.#sent(file.pass(send));
      while (sent > 0 && !this.#isStopped);
    } finally {
      file.close();
    }
  }

  async #send(bytes: Uint8Array): Promise<void> {
    await this.#sent(this.#connection.send(bytes));
  }

  /** Counts the bytes sent, and records an error. */
  async #sent(sending: Promise<number>): Promise<number> {
    try {
      const sent = await sending;
      this.#traffic.bytesSent += sent;
      this.#moved();
      return sent;
    } catch (error) {
      if (!this.#connection.hasEnd) this.#stop(error);
      else {
        // The peer accepts no more data but may still send: only this direction ends.
        this.#fail(error);
        this.#input.close();
      }
      return 0;
    }
  }

  async #inward(): Promise<void> {
    try {
      for (
        let bytes = await this.#connection.receive();
        bytes !== undefined;
        bytes = await this.#connection.receive()
      ) {
        this.#moved();
        this.#traffic.bytesReceived += bytes.length;
        if (!(await this.#print(bytes))) return;
      }
      await this.#output.end();
    } catch (error) {
      this.#stop(error);
    }
  }

  /** Prints the bytes, and returns whether standard output still has a reader. */
  async #print(bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#output.write(bytes);
      this.#moved();
      return true;
    } catch (error) {
      if (codeOf(error) === "EPIPE") this.#stop();
      else this.#stop(unwritable(error));
      return false;
    }
  }

  #moved(): void {
    this.#idle.refresh();
    this.#waiting.refresh();
  }

  /** Records the first failure; a failure after the stop is ignored. */
  #fail(error: unknown): void {
    if (!this.#isStopped) this.#failure ??= { error };
  }

  #stop(error?: unknown): void {
    if (error !== undefined) this.#fail(error);
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#waiting.stop();
    this.#input.close();
    this.#connection.close();
  }
}

function timedOut(idleTimeoutMs: number | undefined): CommandError {
  return new CommandError(`nothing was sent or received for ${idleTimeoutMs} ms (--idle-timeout)`, exitCodes.timeout);
}
