import type { Connection } from "../../server/connection/connection.ts";
import type { ConnectionDeadline } from "../../server/connection/connection-deadline.ts";
import { DeadlineError } from "../../server/time/deadline-error.ts";
import { ConnectionError } from "../../server/transport/connection-error.ts";
import { addressForLimits } from "./address-for-limits.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatEvent, LeaveReason } from "./chat-event.ts";
import type { ChatMember, Receipt, Welcome } from "./chat-hub.ts";
import type { ChatListener, RemovalReason } from "./chat-listener.ts";
import { executeLine } from "./commands.ts";
import type { LineEndpoint } from "./line-endpoint.ts";
import { LineInput } from "./line-input.ts";
import type { InputLine } from "./line-splitter.ts";
import {
  FAREWELL,
  GREETING,
  historyLines,
  NOT_UTF8,
  notice,
  ownNameLine,
  removalLine,
  TOO_LATE,
  tooLongLine,
  welcomeLines,
} from "./line-text.ts";
import { LOBBY } from "./name.ts";

/** The silence after which the kernel probes whether the client is alive, tcp(7), TCP_KEEPIDLE; a dead client is disconnected. */
const KEEP_ALIVE_MS = 60_000;
/** Limits the names that a client may try; after one more, the server closes the connection. */
const MAX_NAME_ATTEMPTS = 100;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One connection of the line protocol. */
export class LineSession implements ChatListener {
  readonly #endpoint: LineEndpoint;
  readonly #connection: Connection;
  readonly #input: LineInput;
  readonly #nameDeadline: ConnectionDeadline;
  #member: ChatMember | undefined;
  #nameAttempts = 0;
  /** The session writes no more. */
  #isOver = false;
  /** The last write had to wait: the client does not read fast enough. */
  #isBehind = false;
  /** Messages that are not stored yet. */
  #unstored: Promise<void>[] = [];

  constructor(endpoint: LineEndpoint, connection: Connection) {
    this.#endpoint = endpoint;
    this.#connection = connection;
    this.#input = new LineInput(connection, endpoint.options.maxMessageBytes);
    this.#nameDeadline = connection.deadline("name", () => this.#finish(TOO_LATE));
  }

  async run(): Promise<void> {
    const connection = this.#connection;
    connection.link.setKeepAlive?.(true, KEEP_ALIVE_MS);
    this.#nameDeadline.start(this.#endpoint.options.nameTimeoutMs);
    this.#print(GREETING);
    try {
      let isOpen = true;
      while (isOpen) {
        const lines = await this.#input.read();
        this.#refuse(this.#input.takeRefusals());
        isOpen = (await this.#handleLines(lines ?? this.#input.rest())) && lines !== undefined;
      }
    } catch (error) {
      // A lost connection is no error of the service.
      if (error !== connection.failure) throw error;
    } finally {
      this.#leave(isTooSlow(connection.failure) ? "too slow" : "gone");
    }
  }

  receive(event: ChatEvent): void {
    if (this.#isOver) return;
    if (event.type === "renamed" && event.name === this.#member?.name) this.#print(ownNameLine(event.name));
    else this.#send(this.#endpoint.eventLines.bytesOf(event, this.#input.lineEnd));
  }

  endMembership(reason: RemovalReason): void {
    this.#finish(removalLine(reason, this.#member?.room ?? LOBBY));
  }

  /** Handles lines, and waits until their messages are stored. Returns whether to read on. */
  async #handleLines(lines: Iterable<InputLine>): Promise<boolean> {
    for (const line of lines) {
      if (!(await this.#handleLine(line))) return false;
    }
    await this.#awaitStored();
    return !this.#isOver;
  }

  async #handleLine(line: InputLine): Promise<boolean> {
    if (this.#isBehind) {
      await this.#connection.drained();
      this.#isBehind = false;
    }
    await this.#member?.awaitRate();
    if (this.#isOver || this.#connection.failure !== undefined) return false;
    if (line.type === "too-long") {
      this.#print(tooLongLine(this.#endpoint.options.maxMessageBytes));
      return true;
    }
    if (line.bytes.length === 0) return true;
    const text = decode(line.bytes);
    if (this.#member === undefined) return this.#tryName(text ?? "\ufffd");
    if (text !== undefined) return this.#executeLine(this.#member, text);
    this.#print(NOT_UTF8);
    return true;
  }

  async #tryName(text: string): Promise<boolean> {
    const name = text.trim();
    if (name === "") return true;
    if (name === "/quit" || ++this.#nameAttempts > MAX_NAME_ATTEMPTS) {
      this.#print(FAREWELL);
      return false;
    }
    try {
      const address = addressForLimits(this.#connection.peer);
      const welcome = await this.#endpoint.hub.join({ name, room: LOBBY, address }, this);
      this.#nameDeadline.cancel();
      this.#member = welcome.member;
      this.#welcome(welcome);
      return true;
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      const canRetry = error.code === "NAME_TAKEN" || error.code === "BAD_NAME";
      this.#print(notice(canRetry ? `${error.message} Another name?` : error.message));
      return canRetry;
    }
  }

  async #executeLine(member: ChatMember, line: string): Promise<boolean> {
    // A command takes effect after the messages before it are stored.
    if (line.startsWith("/") && !line.startsWith("//")) await this.#awaitStored();
    const outcome = await executeLine(member, line);
    switch (outcome.type) {
      case "said":
        this.#unstored.push(this.#awaitReceipt(outcome.receipt));
        return true;
      case "notices":
        for (const text of outcome.notices) this.#print(notice(text));
        return true;
      case "moved":
        this.#welcome(outcome.welcome);
        return true;
      case "history": {
        const lines = historyLines(member.room, outcome.messages, this.#maxHistoryBytes);
        this.#printAll(lines.length === 0 ? [notice(`Nothing was said in ${member.room} so far.`)] : lines);
        return true;
      }
      case "quit":
        await this.#awaitStored();
        this.#print(FAREWELL);
        this.#leave("quit");
        return false;
      default:
        return outcome satisfies never;
    }
  }

  async #awaitReceipt(receipt: Promise<Receipt>): Promise<void> {
    try {
      await receipt;
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      this.#print(notice(error.message));
    }
  }

  async #awaitStored(): Promise<void> {
    await Promise.all(this.#unstored);
    this.#unstored = [];
  }

  get #maxHistoryBytes(): number {
    return this.#endpoint.options.maxSendQueueBytes / 2;
  }

  #welcome(welcome: Welcome): void {
    this.#printAll(welcomeLines(welcome));
    this.#printAll(historyLines(welcome.member.room, welcome.history, this.#maxHistoryBytes));
  }

  #refuse(refusals: Uint8Array): void {
    if (refusals.length > 0) this.#send(Buffer.from(refusals));
  }

  #printAll(lines: readonly string[]): void {
    for (const line of lines) this.#print(line);
  }

  #print(line: string): void {
    this.#send(Buffer.from(line + this.#input.lineEnd));
  }

  /** Lends queued bytes: all members that are behind share them, without a copy. */
  #send(bytes: Buffer): void {
    if (this.#isOver) return;
    const connection = this.#connection;
    this.#isBehind = !(this.#isBehind ? connection.writeLent(bytes) : connection.write(bytes));
    if (this.#isBehind && connection.stats().bytesWaiting > this.#endpoint.options.maxSendQueueBytes) this.#cutOff();
  }

  /** Aborts the connection. Deferred, so that the hub first finishes the delivery that is under way. */
  #cutOff(): void {
    this.#isOver = true;
    setImmediate(() => {
      this.#leave("too slow");
      this.#connection.abort();
    });
  }

  #finish(line: string): void {
    this.#print(line);
    this.#isOver = true;
    void this.#connection.close();
  }

  #leave(reason: LeaveReason): void {
    this.#isOver = true;
    this.#member?.leave(reason);
  }
}

/** Whether a limit of the server ended the connection because the client did not read. */
function isTooSlow(failure: Error | undefined): boolean {
  if (failure instanceof ConnectionError) return failure.code === "ERR_SOCKWRIGHT_WRITE_BUFFER_FULL";
  return failure instanceof DeadlineError && failure.deadline === "write";
}

/** Returns undefined if the bytes are not UTF-8. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    // The caller sends a notice.
    return undefined;
  }
}
