import type { ServerMessage, WelcomeMessage } from "../../services/chat/server-message.ts";
import { type Identity, storeIdentity } from "./identity.ts";
import { Unacknowledged } from "./unacknowledged.ts";

/** The wait before the first new attempt to connect; each further wait is twice as long, up to {@link MAX_RETRY_MS}. */
const FIRST_RETRY_MS = 500;
/** The longest wait between two attempts to connect. */
const MAX_RETRY_MS = 30_000;
/** The interval at which the page checks that the connection still works. */
const CHECK_INTERVAL_MS = 5_000;
/**
 * The longest gap between two checks; after a longer one the page reconnects. The machine was asleep then, and the server may
 * have closed the connection. A hidden page has one check a minute.
 */
const SLEEP_MS = 90_000;
/** The longest time without an answer to a message or to an attempt to connect; after that the page connects again. */
const SILENCE_MS = 20_000;

/** The close codes after which the user is no longer a member, and the text that the page shows. */
const ENDS: ReadonlyMap<number, string> = new Map([
  [4000, "You have joined from another window: this one has left."],
  [4001, "You were put out of the room."],
  [4002, "You were banned from the room."],
  [1008, "The server has ended the connection."],
]);

/** The errors of a rejoin that may be over soon: the page tries again. */
const PASSING: ReadonlySet<string> = new Set(["FULL", "UNAVAILABLE"]);

/**
 * - `idle`: the user has not joined.
 * - `joining`: the page waits for the first answer.
 * - `joined`: messages are sent at once.
 * - `offline`: the connection is lost, and the page tries to reconnect.
 */
export type ConnectionState = "idle" | "joining" | "joined" | "offline";

export interface ConnectionListener {
  onState(state: ConnectionState): void;
  /**
   * Called after each join. With `isSame` the welcome has the messages since the connection was lost, in the same room;
   * otherwise it has the latest messages of a new room.
   */
  onWelcome(welcome: WelcomeMessage, isSame: boolean): void;
  onMessage(message: Exclude<ServerMessage, WelcomeMessage>): void;
  /** Called when a message was not sent or a command was not executed. */
  onRefusal(text: string, why: string): void;
  /** Called when the membership has ended or was refused. */
  onEnd(why: string): void;
}

/** The connection to the chat. It reconnects after a loss, without losing or repeating a message. */
export class ChatConnection {
  readonly #url: string;
  readonly #listener: ConnectionListener;
  readonly #unacknowledged = new Unacknowledged();
  #state: ConnectionState = "idle";
  #identity: Identity | undefined;
  #socket: WebSocket | undefined;
  /** The id of the last message in the current room. */
  #lastId: number | undefined;
  #welcomedRoom: string | undefined;
  /** The room that the user asked for last, and its key. */
  #requested: { readonly room: string; readonly key: string | undefined } | undefined;
  #attempts = 0;
  #retry: number | undefined;
  #checkedAt = Date.now();
  #heardAt = Date.now();

  constructor(url: string, listener: ConnectionListener) {
    this.#url = url;
    this.#listener = listener;
    setInterval(() => this.#check(), CHECK_INTERVAL_MS);
    addEventListener("online", () => this.#reconnect());
    addEventListener("offline", () => this.#retryLater());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.#state === "offline") this.#reconnect();
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }

  get waiting(): number {
    return this.#unacknowledged.size;
  }

  join(identity: Identity): void {
    this.#identity = identity;
    this.#welcomedRoom = undefined;
    this.#lastId = undefined;
    this.#attempts = 0;
    this.#setState("joining");
    this.#connect();
  }

  move(room: string): void {
    if (this.#identity === undefined || this.#state !== "joined") return;
    this.#requested = { room, key: undefined };
    this.#send({ type: "join", name: this.#identity.name, room });
  }

  /** Sends a message or a command. Returns the reason when it was not sent. */
  say(text: string): string | undefined {
    if (this.#state !== "joined") return "You are offline: the message was not sent.";
    if (this.#unacknowledged.isFull) return "Too many messages wait for an answer: this one was not sent.";
    const [, room, key] = /^\/join\s+(\S+)(?:\s+(\S+))?\s*$/.exec(text) ?? [];
    if (room !== undefined) this.#requested = { room, key };
    this.#send({ type: "say", text, tag: this.#unacknowledged.add(text) });
    return undefined;
  }

  leave(): void {
    this.#end("");
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#drop();
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#heardAt = Date.now();
    const isCurrent = (): boolean => this.#socket === socket;
    socket.onopen = () => {
      if (isCurrent()) this.#begin();
    };
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      if (isCurrent()) this.#receive(JSON.parse(data) as ServerMessage);
    };
    socket.onclose = ({ code }) => {
      if (isCurrent()) this.#onClose(code);
    };
  }

  #begin(): void {
    if (this.#identity === undefined) return;
    const { name, room, token, key } = this.#identity;
    const since = room === this.#welcomedRoom ? this.#lastId : undefined;
    this.#send({ type: "join", name, room, token, key, since });
  }

  #receive(message: ServerMessage): void {
    this.#heardAt = Date.now();
    switch (message.type) {
      case "welcome":
        this.#welcome(message);
        return;
      case "error":
        if (this.#state === "joined") this.#onRefusal(message.tag, message.message);
        else if (this.#welcomedRoom !== undefined && PASSING.has(message.code)) this.#retryLater();
        else this.#end(message.message);
        return;
      case "sent":
      case "notice":
      case "history":
        this.#unacknowledged.take(message.tag);
        break;
      case "message":
        if (this.#lastId !== undefined && message.id <= this.#lastId) {
          this.#rejoinFromStart();
          return;
        }
        this.#lastId = message.id;
        break;
      case "renamed":
        if (message.from === this.#identity?.name) this.#become({ ...this.#identity, name: message.name });
        break;
      case "joined":
      case "left":
      case "private":
      case "topic":
        break;
    }
    this.#listener.onMessage(message);
  }

  #welcome(welcome: WelcomeMessage): void {
    const { name, token, room, history } = welcome;
    const isSame = room === this.#welcomedRoom && this.#state !== "joined";
    const key = this.#requested?.room.toLowerCase() === room.toLowerCase() ? this.#requested.key : undefined;
    this.#become({ name, token, room, key: isSame ? this.#identity?.key : key });
    this.#lastId = history.at(-1)?.id ?? (isSame ? this.#lastId : undefined);
    this.#welcomedRoom = room;
    this.#attempts = 0;
    const wasJoined = this.#state === "joined";
    this.#setState("joined");
    this.#listener.onWelcome(welcome, isSame);
    if (!wasJoined) this.#repeat();
  }

  #repeat(): void {
    const { repeated, unsure } = this.#unacknowledged.afterLoss();
    for (const [tag, text] of repeated) this.#send({ type: "say", text, tag });
    for (const text of unsure)
      this.#listener.onRefusal(text, "The connection was lost: the command may not have been executed.");
  }

  #onRefusal(tag: string | undefined, why: string): void {
    const text = this.#unacknowledged.take(tag);
    this.#listener.onRefusal(text ?? "", why);
  }

  #onClose(code: number): void {
    const why = ENDS.get(code);
    if (why === undefined) this.#retryLater();
    else this.#end(why);
  }

  /** Schedules a new attempt to connect. The wait grows with each attempt, and is random so that pages do not reconnect at once. */
  #retryLater(): void {
    if (this.#identity === undefined) return;
    this.#drop();
    clearTimeout(this.#retry);
    this.#setState("offline");
    const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts++);
    this.#retry = setTimeout(() => this.#connect(), waitMs * (0.5 + Math.random() / 2));
  }

  #reconnect(): void {
    if (this.#identity === undefined) return;
    this.#attempts = 0;
    this.#setState("offline");
    this.#connect();
  }

  /** Rejoins the room from its first message. A chat without a history has been restarted, and its ids begin again. */
  #rejoinFromStart(): void {
    this.#lastId = undefined;
    this.#welcomedRoom = undefined;
    this.#reconnect();
  }

  #end(why: string): void {
    clearTimeout(this.#retry);
    this.#drop();
    this.#become(undefined);
    this.#setState("idle");
    for (const text of this.#unacknowledged.clear()) this.#listener.onRefusal(text, "It may not have been sent.");
    this.#listener.onEnd(why);
  }

  #check(): void {
    const nowMs = Date.now();
    const gapMs = nowMs - this.#checkedAt;
    this.#checkedAt = nowMs;
    const isSilent = nowMs - this.#heardAt > SILENCE_MS;
    if (this.#state === "joined") {
      if (gapMs > SLEEP_MS || (isSilent && this.#unacknowledged.size > 0)) this.#reconnect();
    } else if (isSilent && this.#socket !== undefined) {
      // The server has not answered this attempt.
      this.#retryLater();
    }
  }

  #send(frame: object): void {
    if (this.#unacknowledged.size <= 1) this.#heardAt = Date.now();
    this.#socket?.send(JSON.stringify(frame));
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #become(identity: Identity | undefined): void {
    this.#identity = identity;
    storeIdentity(identity);
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#listener.onState(state);
  }
}
