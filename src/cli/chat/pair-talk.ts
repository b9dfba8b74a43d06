import { type AddressUrl, checkConnectable, parseSocketUrl } from "../../server/url/socket-url.ts";
import { codeOf, SOCK_STREAM } from "../../socket/values.ts";
import { CommandError, exitCodes } from "../command-error.ts";
import { connectionOf } from "../connection-of.ts";
import { explain } from "../explain.ts";
import { within } from "../time-limit.ts";
import { WakeUp } from "../wake-up.ts";
import type { ChatScreen } from "./chat-screen.ts";
import { connectOrListen } from "./connect-or-listen.ts";
import { LineConnection } from "./line-connection.ts";

/** How long to wait for the other side to end after this side has ended; then the connection closes. */
const FAREWELL_MS = 1_000;

/** A chat of two terminals, line by line, without a server. */
export class PairTalk {
  readonly #text: string;
  readonly #url: AddressUrl;
  readonly #screen: ChatScreen;
  readonly #signal: AbortSignal;
  readonly #ending = new AbortController();
  readonly #met = new WakeUp();
  #connection: LineConnection | undefined;
  /** This side has left. */
  #isDone = false;

  constructor(url: AddressUrl, text: string, screen: ChatScreen, signal: AbortSignal) {
    this.#text = text;
    this.#url = url;
    this.#screen = screen;
    this.#signal = signal;
  }

  /** Runs until one of the two sides leaves. */
  async run(): Promise<void> {
    const end = (): void => {
      this.#isDone = true;
      this.#ending.abort();
      this.#met.notify();
      this.#screen.close();
      this.#connection?.close();
    };
    this.#signal.addEventListener("abort", end, { once: true });
    try {
      const listening = this.#listen();
      const speaking = this.#speak();
      await Promise.race([listening, speaking.then(() => within(FAREWELL_MS, listening))]);
    } finally {
      this.#signal.removeEventListener("abort", end);
      end();
    }
  }

  async #listen(): Promise<void> {
    const connection = await this.#connectOrListen();
    if (connection === undefined) return;
    try {
      for await (const line of connection.lines()) await this.#screen.show(line);
    } catch (error) {
      if (this.#isDone) return;
      throw explain(error, { url: this.#text, role: "peer" });
    }
    if (!this.#isDone) await this.#screen.notice("The other side has left.");
  }

  /** Returns undefined if this side leaves before the other side has connected. */
  async #connectOrListen(): Promise<LineConnection | undefined> {
    const { signal } = this.#ending;
    const onWaiting = (): Promise<void> => this.#screen.notice(`No one is there yet. Waiting at ${this.#text}`);
    try {
      const socket = await connectOrListen(this.#url, { onWaiting, signal });
      const connection = new LineConnection(connectionOf(socket), socket.type !== SOCK_STREAM);
      if (signal.aborted) connection.close();
      this.#connection = connection;
      if (this.#screen.isTerminal) await this.#screen.notice("Connected. Ctrl-D leaves.");
      this.#met.notify();
      return connection;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw explained(error, this.#text);
    }
  }

  async #speak(): Promise<void> {
    for await (const line of this.#screen.lines()) {
      if (this.#connection === undefined && this.#screen.isTerminal) {
        await this.#screen.notice("Not sent: no one is there yet.");
        this.#screen.giveBack(line);
        continue;
      }
      await this.#untilMet();
      try {
        await this.#connection?.send(line);
      } catch (error) {
        if (this.#isDone) return;
        throw explain(error, { url: this.#text, role: "peer" });
      }
    }
    // A person who leaves does not wait for a connection; a program's input is kept for the side that connects later.
    if (!this.#screen.isTerminal) await this.#untilMet();
    this.#isDone = true;
    if (this.#connection === undefined) this.#ending.abort();
    else this.#connection.end();
  }

  async #untilMet(): Promise<void> {
    while (this.#connection === undefined && !this.#ending.signal.aborted) await this.#met.next();
  }
}

/** @throws CommandError, SocketUrlError for an address on which two programs cannot make a connection. */
export function pairUrl(text: string): AddressUrl {
  const url = parseSocketUrl(text);
  checkConnectable(url);
  const { scheme } = url;
  if (scheme === "tcp" || scheme === "unix" || scheme === "unix-seqpacket" || scheme === "vsock") return url;
  const refuse = (reason: string): CommandError =>
    new CommandError(`${JSON.stringify(text)} ${reason}`, exitCodes.usage);
  if (scheme === "udp" || scheme === "unix-dgram")
    throw refuse(
      `has no connections, so a chat cannot tell whether the other side is there: write  sockwright listen ${text}  in one terminal and  sockwright connect ${text}  in the other`,
    );
  throw refuse("is for a chat with a server: write  sockwright chat --join http://HOST:PORT/chat/");
}

function explained(error: unknown, text: string): CommandError {
  if (codeOf(error) !== "EADDRNOTAVAIL") return explain(error, { url: text, role: "listener" });
  const reason = "no process listens there, and the host is not an address of this machine: start the other side first";
  return new CommandError(`${text}: ${reason}`, exitCodes.network, error);
}
