import { codeOf } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { CrlfWriter } from "./crlf.ts";
import { unwritable } from "./explain.ts";
import { IdleTimer } from "./idle-timer.ts";
import type { SocketConnection } from "./socket-connection.ts";
import type { Input, Output } from "./standard-streams.ts";

/** How a conversation goes, besides its two ends. */
export interface RelayOptions {
  /** Once one direction has ended, so much silence ends the other. */
  readonly waitMs?: number | undefined;
  /** So much silence in both directions is a failure. */
  readonly idleTimeoutMs?: number | undefined;
  /** LF leaves as CRLF. */
  readonly crlf?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** What went over a connection. */
export interface Traffic {
  bytesSent: number;
  bytesReceived: number;
}

/** How a conversation went. */
interface Outcome {
  readonly traffic: Traffic;
  /**
   * What went wrong first; nothing when it was asked to end, and when nobody reads standard output any more. It is no
   * exception: what went over the connection is told all the same.
   */
  readonly failure: { readonly error: unknown } | undefined;
}

/**
 * Standard input to the socket, and the socket to standard output. Each direction ends on its own: the end of standard
 * input is told to the peer, and the end of what the peer sends closes standard output. Either holds one piece of data,
 * and takes the next when that is through.
 */
export async function relay(
  connection: SocketConnection,
  input: Input,
  output: Output,
  options: RelayOptions,
): Promise<Outcome> {
  return new Conversation(connection, input, output, options).run();
}

class Conversation {
  readonly #traffic: Traffic = { bytesSent: 0, bytesReceived: 0 };
  readonly #connection: SocketConnection;
  readonly #input: Input;
  readonly #output: Output;
  readonly #options: RelayOptions;
  readonly #idle = new IdleTimer(() => {
    this.#stop(timedOut(this.#options.idleTimeoutMs));
    this.#giveUp();
  });
  readonly #waiting = new IdleTimer(() => this.#stop());
  #isStopped = false;
  #failure: { readonly error: unknown } | undefined;
  #giveUp: () => void = () => undefined;
  /** Whoever reads standard output may have stopped: a conversation that was to end does not wait for it. */
  readonly #isGivenUp = new Promise<void>((resolve) => {
    this.#giveUp = resolve;
  });

  constructor(connection: SocketConnection, input: Input, output: Output, options: RelayOptions) {
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
      if (!this.#isStopped) this.#connection.end();
    } catch (error) {
      this.#stop(error);
    }
  }

  /** Standard input that is a file leaves by itself, up to its end. Whether that is the end, and what is no file, reading tells. */
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

  /** Counts what was sent, and takes note of an error. */
  async #sent(sending: Promise<number>): Promise<number> {
    try {
      const sent = await sending;
      this.#traffic.bytesSent += sent;
      this.#moved();
      return sent;
    } catch (error) {
      if (!this.#connection.hasEnd) this.#stop(error);
      else {
        // The peer takes no more, but may still have something to say: only this direction is over.
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

  /** Whether anybody takes what is printed. */
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

  /** Notes the first failure; what fails because the conversation was stopped is none. */
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
