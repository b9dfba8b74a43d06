import type { ChatEvent } from "../../services/chat/chat-event.ts";
import { GREETING, historyLines, lineOf, notice, ownNameLine, welcomeLines } from "../../services/chat/line-text.ts";
import { LOBBY } from "../../services/chat/name.ts";
import { CommandError, exitCodes } from "../command-error.ts";
import { WakeUp } from "../wake-up.ts";
import { BackOff } from "./back-off.ts";
import type { ChatScreen } from "./chat-screen.ts";
import type { Roster } from "./roster.ts";
import { parseServerFrame, type ServerFrame } from "./server-frame.ts";
import { MAX_UNACKNOWLEDGED, Unacknowledged } from "./unacknowledged.ts";
import {
  HANDSHAKE_MS,
  type WebSocketAddress,
  WebSocketConnection,
  type WebSocketEnd,
} from "./web-socket-connection.ts";

const MEANWHILE = "Meanwhile:";
/** Used if the server has more messages than one welcome frame holds. */
const MEANWHILE_IN_PART = "Meanwhile, the newest of it:";

/** The options of a chat. */
export interface TalkOptions {
  readonly name: string | undefined;
  /** Default is the lobby. */
  readonly room: string | undefined;
  /** The time limit for restoring a lost connection; by default there is none. */
  readonly reconnectMs: number | undefined;
  readonly signal: AbortSignal;
}

/** Close codes after which the client does not reconnect: those of the chat, and 1008 for a violation of its rules. */
const FINAL: Readonly<Record<number, string>> = {
  1008: "the server ended the connection",
  4000: "the name was taken over by another connection of yours",
  4001: "you were kicked",
  4002: "you were banned",
};

const LOST: WebSocketEnd = { code: 1006, reason: "" };

/**
 * A chat over WebSocket. It survives the loss of a connection: the token takes the name back, `since` requests the messages of the
 * time between, and unacknowledged messages are sent again under their tags.
 */
export class WebSocketTalk {
  readonly #place: WebSocketAddress;
  readonly #options: TalkOptions;
  readonly #screen: ChatScreen;
  readonly #roster: Roster;
  readonly #unacknowledged = new Unacknowledged();
  readonly #backOff: BackOff;
  readonly #changed = new WakeUp();
  #connection: WebSocketConnection | undefined;
  #name: string | undefined;
  #room: string;
  #token: string | undefined;
  #lastId = 0;
  #isJoined = false;
  /** Whether the server has accepted a join before. */
  #hasBeenIn = false;
  #answerTimer: NodeJS.Timeout | undefined;
  #isUnanswered = false;
  /** Aborts when the chat is to end. */
  readonly #leaving = new AbortController();

  constructor(place: WebSocketAddress, options: TalkOptions, screen: ChatScreen, roster: Roster) {
    this.#place = place;
    this.#options = options;
    this.#screen = screen;
    this.#roster = roster;
    this.#name = options.name;
    this.#room = options.room ?? LOBBY;
    this.#backOff = new BackOff(options.reconnectMs, this.#leaving.signal);
  }

  /** Runs until the user leaves, or the connection ends for good. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const end = (): void => {
      this.#leaving.abort();
      clearTimeout(this.#answerTimer);
      this.#changed.notify();
      this.#screen.close();
      this.#connection?.terminate();
    };
    signal.addEventListener("abort", end, { once: true });
    try {
      await this.#connect();
      if (this.#name === undefined) await this.#screen.show(GREETING);
      const listening = this.#listen();
      const speaking = this.#speak().finally(() => this.#leave());
      // If either fails, the other ends too. After the last line was sent, the client still shows the frames that arrive before the close.
      await Promise.race([listening, speaking.then(() => listening)]);
    } finally {
      signal.removeEventListener("abort", end);
      end();
    }
  }

  async #connect(): Promise<void> {
    const { signal } = this.#leaving;
    this.#connection = await WebSocketConnection.open(this.#place, signal);
    if (signal.aborted) this.#connection.terminate();
  }

  async #speak(): Promise<void> {
    for await (const line of this.#screen.lines()) {
      if (!this.#screen.isTerminal) await this.#answered();
      if (this.#leaving.signal.aborted) return;
      if (this.#name === undefined) this.#tryName(line.trim());
      else if (/^\/quit(?:\s|$)/.test(line)) return;
      else if (line.trim() !== "") await this.#say(line);
    }
    // A person can see which messages have no answer; for a program, wait until the server has acknowledged all messages.
    if (this.#screen.isTerminal) return;
    await this.#answered();
    if (this.#name === undefined)
      throw new CommandError("standard input ended before it gave a name: write --name NAME", exitCodes.usage);
    await this.#unacknowledged.until(0);
  }

  async #say(line: string): Promise<void> {
    if (!this.#screen.isTerminal) {
      await this.#unacknowledged.until(MAX_UNACKNOWLEDGED - 1);
    } else if (!this.#isJoined || this.#unacknowledged.size >= MAX_UNACKNOWLEDGED) {
      const reason = this.#isJoined
        ? "the server has not acknowledged the earlier messages"
        : "there is no connection now";
      await this.#screen.notice(`Not sent: ${this.#hasBeenIn ? reason : "you are not in the room yet"}.`);
      this.#screen.giveBack(line);
      return;
    }
    const { tag, text } = this.#unacknowledged.add(line, Date.now());
    this.#connection?.send({ type: "say", text, tag });
  }

  #tryName(name: string): void {
    this.#name = name;
    this.#join();
  }

  #join(): void {
    const [token, since] = [this.#token, this.#hasBeenIn ? this.#lastId : undefined];
    this.#connection?.send({ type: "join", name: this.#name, room: this.#room, since, token });
    clearTimeout(this.#answerTimer);
    this.#answerTimer = setTimeout(() => {
      this.#isUnanswered = true;
      this.#connection?.terminate();
    }, HANDSHAKE_MS);
  }

  /** Settles when the server has accepted the join or asks for another name, or when the chat is to end. */
  async #answered(): Promise<void> {
    while (!this.#isJoined && this.#name !== undefined && !this.#leaving.signal.aborted) await this.#changed.next();
  }

  #leave(): void {
    this.#leaving.abort();
    this.#changed.notify();
    this.#connection?.close();
  }

  /** Reads the frames of one connection after the other. */
  async #listen(): Promise<void> {
    for (;;) {
      const end = await this.#receiveAll();
      clearTimeout(this.#answerTimer);
      this.#isJoined = false;
      this.#changed.notify();
      if (this.#leaving.signal.aborted) return;
      if (FINAL[end.code] !== undefined || !this.#hasBeenIn) throw this.#ended(end);
      await this.#screen.notice("The connection is lost. Reconnecting.");
      if (!(await this.#backOff.retry(() => this.#connect()))) return;
    }
  }

  #ended({ code, reason }: WebSocketEnd): CommandError {
    const { url } = this.#place;
    if (this.#isUnanswered) return new CommandError(`${url}: no answer within ${HANDSHAKE_MS} ms`, exitCodes.timeout);
    const said = FINAL[code] ?? `the server ended the connection before the join (${reason === "" ? code : reason})`;
    return new CommandError(`${url}: ${said}`, exitCodes.network);
  }

  async #receiveAll(): Promise<WebSocketEnd> {
    const connection = this.#connection;
    if (connection === undefined) return LOST;
    if (this.#name !== undefined) this.#join();
    for (let frame = await connection.next(); ; frame = await connection.next()) {
      if (typeof frame !== "string") return frame;
      await this.#receive(this.#parsed(frame));
    }
  }

  #parsed(text: string): ServerFrame | undefined {
    try {
      return parseServerFrame(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new CommandError(
        `${this.#place.url} does not speak the chat protocol: ${error.message}`,
        exitCodes.network,
        error,
      );
    }
  }

  async #receive(frame: ServerFrame | undefined): Promise<void> {
    switch (frame?.type) {
      case "welcome":
        return this.#entered(frame);
      case "event":
        return this.#happened(frame.event);
      case "sent":
        this.#unacknowledged.take(frame.tag);
        return;
      case "notice":
        this.#unacknowledged.take(frame.tag);
        return this.#print(...(frame.text === "" ? [] : frame.text.split("\n").map(notice)));
      case "history":
        this.#unacknowledged.take(frame.tag);
        return this.#print(...historyLines(frame.room, frame.messages, Number.POSITIVE_INFINITY));
      case "error":
        return this.#refused(frame);
      case undefined:
        return;
    }
  }

  async #happened(event: ChatEvent): Promise<void> {
    if (event.type === "message") {
      if (event.id <= this.#lastId) return;
      this.#lastId = event.id;
    }
    const isOwnName = event.type === "renamed" && event.from === this.#name;
    if (isOwnName) this.#name = event.name;
    return this.#print(isOwnName ? ownNameLine(event.name) : lineOf(event));
  }

  async #print(...lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      this.#roster.update(line);
      await this.#screen.show(line);
    }
  }

  async #entered(welcome: Extract<ServerFrame, { type: "welcome" }>): Promise<void> {
    const { name, token, room, topic, members, history, hasMore } = welcome;
    const isBack = this.#hasBeenIn && !this.#isJoined;
    const isSameMember = token === this.#token;
    this.#name = name;
    this.#token = token;
    this.#room = room;
    clearTimeout(this.#answerTimer);
    this.#backOff.reset();
    const fresh = isBack ? history.filter(({ id }) => id > this.#lastId) : history;
    this.#lastId = history.reduce((last, { id }) => Math.max(last, id), this.#lastId);
    if (isBack) await this.#screen.notice("The connection is back.");
    await this.#print(...welcomeLines({ member: { name, room }, members, topic }));
    const [heading = "", ...past] = historyLines(room, fresh, Number.POSITIVE_INFINITY);
    if (past.length > 0) await this.#print(isBack ? notice(hasMore ? MEANWHILE_IN_PART : MEANWHILE) : heading, ...past);
    this.#hasBeenIn = true;
    this.#isJoined = true;
    this.#changed.notify();
    if (!isBack) return;
    const { again, unknown } = this.#unacknowledged.repeat(Date.now(), isSameMember);
    for (const { tag, text } of again) this.#connection?.send({ type: "say", text, tag });
    for (const { text } of unknown) await this.#screen.notice(`It is unknown whether this was sent: ${text}`);
  }

  async #refused({ tag, message }: Extract<ServerFrame, { type: "error" }>): Promise<void> {
    if (this.#unacknowledged.take(tag) !== undefined || this.#isJoined) return this.#print(notice(message));
    // The join was refused: a person may type another name.
    clearTimeout(this.#answerTimer);
    if (!this.#screen.isTerminal && (this.#options.name !== undefined || this.#hasBeenIn))
      throw new CommandError(`${message} (--name ${this.#name}, --room ${this.#room})`, exitCodes.network);
    this.#name = undefined;
    this.#changed.notify();
    return this.#print(notice(`${message} Another name?`));
  }
}
