import type { ServerMessage, WelcomeMessage } from "../../services/chat/server-message.ts";
import { type Identity, storeIdentity } from "./identity.ts";
import { Unacknowledged } from "./unacknowledged.ts";

/** The first wait between two attempts to connect; each further one doubles. */
const FIRST_RETRY_MS = 500;
/** The longest wait between two attempts. */
const MAX_RETRY_MS = 30_000;
/** How often it is looked whether the connection still lives. */
const CHECK_INTERVAL_MS = 5_000;
/** A gap in the checks: the machine was asleep, and the server may have given the connection up. Hidden pages have one check a minute. */
const SLEEP_MS = 90_000;
/** Something was sent, or it was tried to connect, and so long nothing has come. */
const SILENCE_MS = 20_000;

/** Ends after which the name is not one's own any more: the codes of the door. */
const ENDS: ReadonlyMap<number, string> = new Map([
  [4000, "You have joined from another window: this one has left."],
  [4001, "You were put out of the room."],
  [4002, "You were banned from the room."],
  [1008, "The server has ended the connection."],
]);

/** Refusals of one who comes again that may be over soon. */
const PASSING: ReadonlySet<string> = new Set(["FULL", "UNAVAILABLE"]);

/**
 * - `idle`: nobody has joined.
 * - `joining`: the first answer has not come.
 * - `joined`: what is said is sent.
 * - `offline`: it is tried again.
 */
export type ConnectionState = "idle" | "joining" | "joined" | "offline";

export interface ConnectionListener {
  stateChanged(state: ConnectionState): void;
  /** `isSame`: what has come since the connection was lost, in the same room; else it is all that is shown of it. */
  welcomed(welcome: WelcomeMessage, isSame: boolean): void;
  heard(message: Exclude<ServerMessage, WelcomeMessage>): void;
  /** A message was not sent, or a command not done. */
  refused(text: string, why: string): void;
  /** The membership is over, or there was none. */
  ended(why: string): void;
}

/** The connection to the chat: it is made again when it is lost, and nothing is lost or doubled by that. */
export class ChatConnection {
  readonly #url: string;
  readonly #listener: ConnectionListener;
  readonly #unacknowledged = new Unacknowledged();
  #state: ConnectionState = "idle";
  #identity: Identity | undefined;
  #socket: WebSocket | undefined;
  /** Of the room one is in. */
  #lastId: number | undefined;
  #welcomedRoom: string | undefined;
  /** Of the room that was asked for last. */
  #asked: { readonly room: string; readonly key: string | undefined } | undefined;
  #attempts = 0;
  #retry: number | undefined;
  #checkedAt = Date.now();
  #heardAt = Date.now();

  constructor(url: string, listener: ConnectionListener) {
    this.#url = url;
    this.#listener = listener;
    setInterval(() => this.#check(), CHECK_INTERVAL_MS);
    addEventListener("online", () => this.#reconnect());
    addEventListener("offline", () => this.#lost());
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
    this.#asked = { room, key: undefined };
    this.#send({ type: "join", name: this.#identity.name, room });
  }

  /** Why it was not sent, if it was not. */
  say(text: string): string | undefined {
    if (this.#state !== "joined") return "You are offline: it was not sent.";
    if (this.#unacknowledged.isFull) return "The last messages are still on their way: it was not sent.";
    const [, room, key] = /^\/join\s+(\S+)(?:\s+(\S+))?\s*$/.exec(text) ?? [];
    if (room !== undefined) this.#asked = { room, key };
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
      if (isCurrent()) this.#closed(code);
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
        if (this.#state === "joined") this.#refused(message.tag, message.message);
        else if (this.#welcomedRoom !== undefined && PASSING.has(message.code)) this.#lost();
        else this.#end(message.message);
        return;
      case "sent":
      case "notice":
      case "history":
        this.#unacknowledged.take(message.tag);
        break;
      case "message":
        if (this.#lastId !== undefined && message.id <= this.#lastId) {
          this.#beginAnew();
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
    this.#listener.heard(message);
  }

  #welcome(welcome: WelcomeMessage): void {
    const { name, token, room, history } = welcome;
    const isSame = room === this.#welcomedRoom && this.#state !== "joined";
    const asked = this.#asked?.room.toLowerCase() === room.toLowerCase() ? this.#asked.key : undefined;
    this.#become({ name, token, room, key: isSame ? this.#identity?.key : asked });
    this.#lastId = history.at(-1)?.id ?? (isSame ? this.#lastId : undefined);
    this.#welcomedRoom = room;
    this.#attempts = 0;
    const wasJoined = this.#state === "joined";
    this.#setState("joined");
    this.#listener.welcomed(welcome, isSame);
    if (!wasJoined) this.#repeat();
  }

  #repeat(): void {
    const { repeated, unsure } = this.#unacknowledged.afterLoss();
    for (const [tag, text] of repeated) this.#send({ type: "say", text, tag });
    for (const text of unsure)
      this.#listener.refused(text, "The connection was lost: whether it was done is not known.");
  }

  #refused(tag: string | undefined, why: string): void {
    const text = this.#unacknowledged.take(tag);
    this.#listener.refused(text ?? "", why);
  }

  #closed(code: number): void {
    const why = ENDS.get(code);
    if (why === undefined) this.#lost();
    else this.#end(why);
  }

  /** It is tried again, later each time, and not by all at once. */
  #lost(): void {
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

  /** A chat that keeps nothing has begun anew, and its ids too: what was said there so far is asked for from its beginning. */
  #beginAnew(): void {
    this.#lastId = undefined;
    this.#welcomedRoom = undefined;
    this.#reconnect();
  }

  #end(why: string): void {
    clearTimeout(this.#retry);
    this.#drop();
    this.#become(undefined);
    this.#setState("idle");
    for (const text of this.#unacknowledged.clear()) this.#listener.refused(text, "It may not have been sent.");
    this.#listener.ended(why);
  }

  #check(): void {
    const nowMs = Date.now();
    const gapMs = nowMs - this.#checkedAt;
    this.#checkedAt = nowMs;
    const isSilent = nowMs - this.#heardAt > SILENCE_MS;
    if (this.#state === "joined") {
      if (gapMs > SLEEP_MS || (isSilent && this.#unacknowledged.size > 0)) this.#reconnect();
    } else if (isSilent && this.#socket !== undefined) {
      // Nobody has answered this attempt.
      this.#lost();
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
    this.#listener.stateChanged(state);
  }
}
