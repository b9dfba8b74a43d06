import type { WebSocket } from "ws";
import type { Connection } from "../../server/connection/connection.ts";
import type { ConnectionStream } from "../../server/connection/stream.ts";
import { addressForLimits } from "./address-for-limits.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatEvent, LeaveReason } from "./chat-event.ts";
import { type ChatMember, MAX_HISTORY_MESSAGES, type Welcome } from "./chat-hub.ts";
import type { ChatListener, RemovalReason } from "./chat-listener.ts";
import { type ClientFrame, ClientFrameError, parseClientFrame } from "./client-frame.ts";
import { executeLine, isCommand, type LineOutcome } from "./commands.ts";
import { memberName } from "./name.ts";
import { fitMessages, textFrame } from "./server-frame.ts";
import type { ServerMessage } from "./server-message.ts";
import type { WebSocketEndpoint } from "./web-socket-endpoint.ts";

/** The interval between two pings to a client. */
const PING_INTERVAL_MS = 30_000;
/** Limits the pings without an answer; then the server ends the connection. */
const MAX_UNANSWERED_PINGS = 2;
/** Limits the refused frames and joins between two pings; beyond it, the server closes the connection. */
const MAX_REFUSALS = 100;
/** Limits the messages of one member that wait to be stored; at the limit, the server pauses reading from it. */
const MAX_PENDING_SAYS = 64;

/** RFC 6455, section 7.4.1. */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
/** Close codes by which a client leaves on its own: 1005 is a close without a code. */
const VOLUNTARY_CODES: ReadonlySet<number> = new Set([1000, 1001, 1005]);
/** RFC 6455, section 7.4.2: 4000 to 4999 are for private use. */
const REMOVAL_CODES: Readonly<Record<RemovalReason, number>> = {
  replaced: 4000,
  kicked: 4001,
  banned: 4002,
  stopped: GOING_AWAY,
};

/** One connection of the WebSocket protocol. */
export class WebSocketSession implements ChatListener {
  readonly #endpoint: WebSocketEndpoint;
  readonly #socket: WebSocket;
  readonly #connection: Connection;
  readonly #stream: ConnectionStream;
  #member: ChatMember | undefined;
  /** Received messages that are not handled yet, at most those of one read; undefined is a message that is not text. */
  readonly #queue: (string | undefined)[] = [];
  #isWorking = false;
  readonly #pendingSays = new Set<Promise<void>>();
  /** The last write had to wait: the client does not read fast enough. */
  #isBehind = false;
  #isCutOff = false;
  #isOver = false;
  #closeCode: number | undefined;
  #pingsUnanswered = 0;
  #refusals = 0;
  #cancelPing: () => void;
  readonly #cancelNaming: () => void;

  constructor(endpoint: WebSocketEndpoint, socket: WebSocket, connection: Connection, stream: ConnectionStream) {
    this.#endpoint = endpoint;
    this.#socket = socket;
    this.#connection = connection;
    this.#stream = stream;
    this.#cancelPing = endpoint.clock.after(PING_INTERVAL_MS, () => this.#ping());
    this.#cancelNaming = endpoint.clock.after(endpoint.nameTimeoutMs, () => this.#dismiss("no name"));
    socket.on("message", (data, isBinary) => this.#receive(isBinary ? undefined : String(data)));
    socket.on("pong", () => this.#noteAlive());
    // After a protocol error, `ws` sends the client a close frame and waits for its end.
    socket.on("error", () => this.#leave("gone"));
    socket.on("close", (code) => this.#onClose(code));
  }

  get member(): ChatMember | undefined {
    return this.#member;
  }

  receive(event: ChatEvent): void {
    this.#write(this.#endpoint.frames.frameOf(event));
  }

  endMembership(reason: RemovalReason): void {
    this.#finish();
    this.#socket.close(REMOVAL_CODES[reason], reason);
  }

  /** Called when the server closes, or when the client ends its side without a close frame. */
  endInput(): void {
    this.#socket.close(GOING_AWAY);
  }

  #receive(text: string | undefined): void {
    this.#noteAlive();
    if (this.#isOver) return;
    this.#queue.push(text);
    if (!this.#isWorking) void this.#handleQueue();
  }

  /** Handles one frame after the other. While one waits for the rate or for the hub, it pauses reading. */
  async #handleQueue(): Promise<void> {
    this.#isWorking = true;
    while (this.#queue.length > 0) {
      const turn = this.#awaitTurn();
      // A client that has left does not wait for the rate.
      if (turn !== undefined && this.#closeCode !== undefined) break;
      const wait = turn ?? this.#handle(this.#queue.shift());
      if (wait === undefined) continue;
      this.#socket.pause();
      await wait;
    }
    this.#isWorking = false;
    if (this.#socket.isPaused) this.#socket.resume();
    if (this.#closeCode !== undefined) this.#leave(reasonOf(this.#closeCode));
  }

  /** Returns a promise that resolves when the next frame may be handled; undefined if it may now. */
  #awaitTurn(): Promise<void> | undefined {
    if (this.#pendingSays.size >= MAX_PENDING_SAYS) return Promise.race(this.#pendingSays);
    return this.#member?.awaitRate();
  }

  /** Handles a frame. Returns a promise if the next frame has to wait for it. */
  #handle(text: string | undefined): Promise<void> | undefined {
    let frame: ClientFrame;
    try {
      if (text === undefined) throw new ClientFrameError("A frame must be text.");
      frame = parseClientFrame(text);
    } catch (error) {
      this.#refuse(error, error instanceof ClientFrameError ? error.tag : undefined);
      return undefined;
    }
    if (frame.type === "join") return this.#join(frame).catch((error: unknown) => this.#refuse(error, undefined));
    return this.#say(frame);
  }

  async #join({ name, room, key, since, token }: Extract<ClientFrame, { type: "join" }>): Promise<void> {
    const member = this.#member;
    if (member === undefined) {
      const address = addressForLimits(this.#connection.peer);
      const welcome = await this.#endpoint.hub.join({ name, room, key, address, token, since }, this);
      this.#cancelNaming();
      if (this.#isOver) {
        welcome.member.leave("gone");
        return;
      }
      this.#member = welcome.member;
      this.#endpoint.addSession(welcome.member.token, this);
      this.#welcome(welcome);
    } else {
      // memberName() throws for an invalid name, which the error must not repeat.
      const { text } = memberName(name);
      if (text !== member.name)
        throw new ChatError("BAD_NAME", `You are ${member.name}: /nick ${text} is for another name.`);
      this.#welcome(await member.move(room, key));
    }
  }

  #welcome({ member, members, topic, history }: Welcome): void {
    const { name, token, room } = member;
    const messages = fitMessages(history, this.#maxHistoryBytes);
    const hasMore = messages.length < history.length || history.length >= MAX_HISTORY_MESSAGES;
    this.#send({ type: "welcome", name, token, room, topic, members, history: messages, hasMore });
  }

  #say({ text, tag }: Extract<ClientFrame, { type: "say" }>): Promise<void> | undefined {
    const member = this.#member;
    if (member === undefined) {
      this.#refuse(new ChatError("NOT_JOINED", "Join a room first."), tag);
      return undefined;
    }
    const done = executeLine(member, text, tag)
      .then((outcome) => this.#answer(member, outcome, tag))
      .catch((error: unknown) => this.#refuse(error, tag));
    if (isCommand(text)) return done;
    // The next message does not wait, so that messages of one turn are stored together.
    this.#pendingSays.add(done);
    void done.then(() => this.#pendingSays.delete(done));
    return undefined;
  }

  async #answer(member: ChatMember, outcome: LineOutcome, tag: string | undefined): Promise<void> {
    switch (outcome.type) {
      case "said": {
        const { id, timeMs } = await outcome.receipt;
        this.#send({ type: "sent", id, tag, time: timeMs });
        return;
      }
      case "notices":
        // An empty notice tells the client that the command is done.
        this.#send({ type: "notice", tag, text: outcome.notices.join("\n") });
        return;
      case "moved":
        this.#welcome(outcome.welcome);
        this.#send({ type: "notice", tag, text: "" });
        return;
      case "history": {
        const messages = fitMessages(outcome.messages, this.#maxHistoryBytes);
        this.#send({ type: "history", tag, room: member.room, messages });
        return;
      }
      case "quit":
        this.#socket.close(NORMAL, "quit");
    }
  }

  /** Half of the queue, so that an answer does not disconnect a member that is not slow. */
  get #maxHistoryBytes(): number {
    return this.#endpoint.maxSendQueueBytes / 2;
  }

  #refuse(error: unknown, tag: string | undefined): void {
    const isKnown = error instanceof ChatError || error instanceof ClientFrameError;
    if (!isKnown) this.#connection.report(error);
    const code = error instanceof ChatError ? error.code : isKnown ? "BAD_FRAME" : "UNAVAILABLE";
    this.#send({ type: "error", code, tag, message: isKnown ? error.message : "It has failed." });
    if (++this.#refusals > MAX_REFUSALS) this.#dismiss("too many mistakes");
  }

  #send(message: ServerMessage): void {
    this.#write(textFrame(message));
  }

  #write(frame: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN || this.#isCutOff) return;
    this.#isBehind = !this.#writeFrame(frame);
    if (this.#isBehind && this.#queuedBytes() > this.#endpoint.maxSendQueueBytes) this.#cutOff();
  }

  /** Writes a frame to the connection, past the stream, which allocates an object for each write; if the stream has queued data, behind it. */
  #writeFrame(frame: Buffer): boolean {
    if (this.#stream.writableLength > 0) return this.#stream.write(frame);
    // Members that are behind share the same bytes, without a copy.
    return this.#isBehind ? this.#connection.writeLent(frame) : this.#connection.write(frame);
  }

  #queuedBytes(): number {
    return this.#connection.stats().bytesWaiting + this.#stream.writableLength;
  }

  /** Ends the connection of a slow member. Deferred, so that the hub first finishes the delivery that is under way. */
  #cutOff(): void {
    this.#isCutOff = true;
    queueMicrotask(() => this.#end("too slow"));
  }

  #noteAlive(): void {
    this.#pingsUnanswered = 0;
  }

  #ping(): void {
    this.#refusals = 0;
    if (this.#pingsUnanswered >= MAX_UNANSWERED_PINGS) {
      this.#end("gone");
      return;
    }
    this.#socket.ping();
    // While reading is paused, an answer cannot arrive.
    if (!this.#socket.isPaused) this.#pingsUnanswered++;
    this.#cancelPing = this.#endpoint.clock.after(PING_INTERVAL_MS, () => this.#ping());
  }

  #end(reason: LeaveReason): void {
    this.#leave(reason);
    this.#socket.terminate();
  }

  /** Closes the connection with a reason, after a closing handshake. */
  #dismiss(why: string): void {
    this.#leave("gone");
    this.#socket.close(POLICY_VIOLATION, why);
  }

  #onClose(code: number): void {
    this.#cancelPing();
    this.#cancelNaming();
    this.#closeCode = code;
    if (!this.#isWorking) this.#leave(reasonOf(code));
  }

  #leave(reason: LeaveReason): void {
    this.#member?.leave(reason);
    this.#finish();
  }

  /** Marks the session as over: it joins no more. */
  #finish(): void {
    const member = this.#member;
    this.#isOver = true;
    this.#member = undefined;
    this.#queue.length = 0;
    if (member !== undefined) this.#endpoint.removeSession(member.token, this);
  }
}

function reasonOf(closeCode: number): LeaveReason {
  return VOLUNTARY_CODES.has(closeCode) ? "quit" : "gone";
}
