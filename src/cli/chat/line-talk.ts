import { connectSocket } from "../../server/opening/connect-socket.ts";
import type { AddressUrl } from "../../server/url/socket-url.ts";
import { escapeText } from "../../services/chat/escape-text.ts";
import { FAREWELL, removalLine } from "../../services/chat/line-text.ts";
import { LOBBY } from "../../services/chat/name.ts";
import { codeOf } from "../../socket/values.ts";
import { CommandError, exitCodes } from "../command-error.ts";
import { connectionOf, needsHandshake } from "../connection-of.ts";
import { within } from "../time-limit.ts";
import { WakeUp } from "../wake-up.ts";
import { BackOff } from "./back-off.ts";
import type { ChatScreen } from "./chat-screen.ts";
import { LineConnection } from "./line-connection.ts";
import type { Roster } from "./roster.ts";
import { HANDSHAKE_MS, LEAVE_MS } from "./web-socket-connection.ts";
import type { TalkOptions } from "./web-socket-talk.ts";

/** The chat server's own time limits for a line client that is silent, or that does not read. */
const TCP_TIMEOUT_MS = 60_000;
/** Reasons of removal after which the client does not reconnect. */
const PUT_OUT = ["kicked", "banned", "replaced"] as const;

/** A chat over the line protocol, which has neither acknowledgements nor tokens: messages in transit are lost with a connection. */
export class LineTalk {
  readonly #text: string;
  readonly #url: AddressUrl;
  readonly #options: TalkOptions;
  readonly #screen: ChatScreen;
  readonly #roster: Roster;
  readonly #backOff: BackOff;
  readonly #changed = new WakeUp();
  readonly #leaving = new AbortController();
  #connection: LineConnection | undefined;
  #listening: Promise<void> = Promise.resolve();
  /** The server has asked for a name. */
  #isAsked = false;
  #isJoined = false;
  #hasBeenIn = false;
  /** The name that was sent without being typed. */
  #givenName: string | undefined;
  #lastLine = "";
  /** The room to enter after the server has accepted the name. */
  #room: string | undefined;
  /** The client has sent all its lines. */
  #isDone = false;
  #isLate = false;

  constructor(text: string, url: AddressUrl, options: TalkOptions, screen: ChatScreen, roster: Roster) {
    this.#text = text;
    // Without these timeouts, the client would wait forever for a server that has disappeared.
    this.#url = "host" in url ? { keepAliveMs: TCP_TIMEOUT_MS, userTimeoutMs: TCP_TIMEOUT_MS, ...url } : url;
    this.#options = options;
    this.#room = options.room;
    this.#screen = screen;
    this.#roster = roster;
    this.#backOff = new BackOff(options.reconnectMs, this.#leaving.signal);
  }

  /** Runs until the user leaves, or the connection ends for good. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const end = (): void => {
      this.#leaving.abort();
      this.#changed.notify();
      this.#screen.close();
      this.#connection?.close();
    };
    signal.addEventListener("abort", end, { once: true });
    try {
      await this.#connect();
      this.#listening = this.#listen();
      const speaking = this.#speak();
      await Promise.race([this.#listening, speaking.then(() => this.#listening)]);
    } finally {
      signal.removeEventListener("abort", end);
      end();
    }
  }

  async #connect(): Promise<void> {
    const { signal } = this.#leaving;
    const url = this.#url;
    const begin = needsHandshake(url) ? await (await import("../handshake.ts")).clientBegin(url, signal) : undefined;
    const { open, address } = await connectSocket(url, { signal });
    const connection = begin?.(open.socket, address) ?? connectionOf(open.socket);
    this.#connection = new LineConnection(connection, false);
    await connection.ready?.();
    this.#isAsked = false;
    this.#givenName = undefined;
    if (signal.aborted) this.#connection.close();
  }

  async #listen(): Promise<void> {
    for (;;) {
      await this.#receiveAll();
      this.#isJoined = false;
      this.#changed.notify();
      if (this.#isDone || this.#leaving.signal.aborted) return;
      this.#room = this.#roster.room ?? this.#room;
      if (!this.#screen.isTerminal || !this.#hasBeenIn || this.#isPutOut) throw this.#lost();
      await this.#screen.notice("The connection is lost, and perhaps the last messages too. Reconnecting.");
      if (!(await this.#backOff.retry(() => this.#connect()))) return;
    }
  }

  async #receiveAll(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    const timer = setTimeout(() => {
      this.#isLate = true;
      connection.close();
    }, HANDSHAKE_MS);
    try {
      for await (const line of connection.lines()) {
        clearTimeout(timer);
        await this.#receive(line);
      }
    } catch (error) {
      const isOver = this.#leaving.signal.aborted || this.#isLate;
      const isLoss = this.#screen.isTerminal && this.#hasBeenIn && error instanceof Error && "syscall" in error;
      if (!isOver && !isLoss) throw error;
    } finally {
      clearTimeout(timer);
      connection.close();
    }
  }

  get #isPutOut(): boolean {
    const room = this.#roster.room ?? LOBBY;
    return [FAREWELL, ...PUT_OUT.map((reason) => removalLine(reason, room))].includes(this.#lastLine);
  }

  #lost(): CommandError {
    if (this.#isPutOut)
      return new CommandError(`${this.#text}: the server ended the connection for good`, exitCodes.network);
    if (this.#isLate) return new CommandError(`${this.#text}: no answer within ${HANDSHAKE_MS} ms`, exitCodes.timeout);
    const what = this.#hasBeenIn
      ? "the server ended the connection, and messages in transit may be lost"
      : "the server ended the connection";
    return new CommandError(`${this.#text}: ${what}`, exitCodes.network);
  }

  async #receive(line: string): Promise<void> {
    this.#lastLine = line;
    this.#roster.update(line);
    await this.#screen.show(line);
    if (!this.#isJoined && /^-- You are \S+ in \S+?(?:, alone| with .*)\.$/.test(line)) this.#entered();
    else if (!this.#isJoined && /^-- .*\?$/.test(line)) this.#asked(line);
  }

  #entered(): void {
    this.#isJoined = true;
    if (this.#hasBeenIn) this.#backOff.reset();
    this.#hasBeenIn = true;
    if (this.#room !== undefined && this.#room !== this.#roster.room) this.#sendUnasked(`/join ${this.#room}`);
    this.#changed.notify();
  }

  #asked(question: string): void {
    const name = this.#hasBeenIn ? this.#roster.name : this.#options.name;
    if (this.#givenName === undefined && name !== undefined) {
      this.#givenName = name;
      this.#sendUnasked(name);
      return;
    }
    if (!this.#screen.isTerminal && this.#givenName !== undefined) {
      const said = question.replace(/^-- /, "").replace(/ Another name\?$/, "");
      throw new CommandError(`${said} (--name ${this.#givenName})`, exitCodes.network);
    }
    this.#isAsked = true;
    this.#changed.notify();
  }

  async #speak(): Promise<void> {
    for await (const line of this.#screen.lines()) {
      if (!this.#screen.isTerminal) await this.#opened();
      if (this.#leaving.signal.aborted || /^\/quit(?:\s|$)/.test(line)) break;
      if (this.#isOpen) await this.#send(line);
      else {
        await this.#screen.notice(
          `Not sent: ${this.#hasBeenIn ? "there is no connection now" : "you are not in the room yet"}.`,
        );
        this.#screen.giveBack(line);
      }
    }
    await this.#leave();
  }

  /** Whether the server accepts a line now: a message, or a name. */
  get #isOpen(): boolean {
    return this.#isJoined || this.#isAsked;
  }

  async #opened(): Promise<void> {
    while (!this.#isOpen && !this.#leaving.signal.aborted) await this.#changed.next();
  }

  async #send(line: string): Promise<void> {
    if (line.trim() === "") return;
    if (!this.#isJoined) this.#isAsked = false;
    try {
      await this.#connection?.send(line);
    } catch (error) {
      if (!this.#screen.isTerminal) throw error;
      await this.#screen.notice(`Not sent: ${codeOf(error) ?? "the connection is lost"}.`);
    }
  }

  /** A failed send is reported by the end of the connection. A line break in a name or a room would start another line: it is escaped. */
  #sendUnasked(line: string): void {
    this.#connection?.send(escapeText(line)).catch(() => undefined);
  }

  async #leave(): Promise<void> {
    this.#isDone = true;
    if (this.#screen.isTerminal) {
      this.#sendUnasked("/quit");
      this.#connection?.end();
      await within(
        LEAVE_MS,
        this.#listening.catch(() => undefined),
      );
      this.#leaving.abort();
      this.#connection?.close();
    } else {
      // The server delivers all messages that it has received, and then ends the connection.
      this.#connection?.end();
    }
  }
}
