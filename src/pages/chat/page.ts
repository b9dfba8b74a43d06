// The chat's page: connects, shows messages and rooms, and sends what the user types.
import type { ServerMessage, WelcomeMessage } from "../../services/chat/server-message.ts";
import { ChatConnection, type ConnectionListener, type ConnectionState } from "./connection.ts";
import { element } from "./element.ts";
import { hashOfRoom, identityOfHash, loadIdentity } from "./identity.ts";
import { fetchHistory, fetchRooms, PAGE_MESSAGES } from "./member-request.ts";
import { MessageList } from "./message-list.ts";
import { Places } from "./places.ts";
import { Search } from "./search.ts";

/** The interval at which a visible page fetches the list of rooms. */
const ROOMS_INTERVAL_MS = 30_000;
/** The number of messages in a full welcome; after a welcome with fewer there are no older ones. */
const NEWCOMER_MESSAGES = 20;
const TITLE = "Sockwright chat";

const STATES: Readonly<Record<ConnectionState, string>> = {
  idle: "",
  joining: "Connecting …",
  joined: "Connected",
  offline: "Offline, trying again …",
};

/** The page: it creates its parts and connects them. */
class Page implements ConnectionListener {
  readonly #join = element("join", HTMLFormElement);
  readonly #name = element("name", HTMLInputElement);
  readonly #room = element("room", HTMLInputElement);
  readonly #message = element("message", HTMLInputElement);
  readonly #why = element("why", HTMLParagraphElement);
  readonly #list = new MessageList();
  readonly #places = new Places();
  readonly #connection = new ChatConnection(new URL("ws", location.href).href.replace(/^http/, "ws"), this);
  readonly #search = new Search(() => this.#connection.identity);
  #unread = 0;

  constructor() {
    this.#join.addEventListener("submit", (event) => {
      event.preventDefault();
      element("refusal", HTMLParagraphElement).textContent = "";
      const [name, room] = [this.#name.value.trim(), this.#room.value.trim()];
      this.#connection.join({ name, room, token: undefined, key: undefined });
    });
    element("say", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say(this.#message.value);
    });
    element("open", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const input = element("new-room", HTMLInputElement);
      this.#connection.move(input.value.trim());
      input.value = "";
    });
    element("leave", HTMLButtonElement).addEventListener("click", () => this.#connection.leave());
    element("older", HTMLButtonElement).addEventListener("click", () => void this.#loadOlder());
    addEventListener("hashchange", () => this.#onHashChange());
    document.addEventListener("visibilitychange", () => this.#read());
    setInterval(() => void this.#showRooms(), ROOMS_INTERVAL_MS);
    this.#keepPlacesOpen(matchMedia("(min-width: 48rem)"));
    this.#begin();
  }

  onState(state: ConnectionState): void {
    const isIn = state === "joined" || state === "offline";
    const shown = element("state", HTMLParagraphElement);
    shown.textContent = STATES[state];
    shown.dataset["state"] = state;
    this.#join.hidden = isIn || state === "joining";
    for (const id of ["chat", "search", "leave"]) element(id, HTMLElement).hidden = !isIn;
    if (state === "joined") this.#why.textContent = "";
  }

  onWelcome({ name, room, topic, members, history, hasMore }: WelcomeMessage, isSame: boolean): void {
    this.#list.own = name;
    this.#places.enter(room, name, members);
    if (!isSame || hasMore) {
      this.#list.clear();
      this.#list.hasOlder = hasMore || history.length >= NEWCOMER_MESSAGES;
    }
    this.#list.addAll(history);
    if (!isSame) {
      this.#list.toEnd();
      this.#search.close();
      this.#message.focus();
    }
    element("room-title", HTMLHeadingElement).textContent = room;
    element("topic", HTMLParagraphElement).textContent = topic;
    // replaceState adds no entry to the browser's history and fires no hashchange event.
    window.history.replaceState(null, "", hashOfRoom(room));
    this.#showTitle();
    void this.#showRooms();
  }

  onMessage(message: Exclude<ServerMessage, WelcomeMessage>): void {
    switch (message.type) {
      case "message":
        this.#list.add(message);
        this.#count();
        break;
      case "private":
        this.#list.addPrivate(message.from, message.text);
        this.#count();
        break;
      case "joined":
        this.#places.add(message.name);
        this.#list.addNotice(`${message.name} joined`);
        break;
      case "left":
        this.#places.remove(message.name);
        this.#list.addNotice(`${message.name} left (${message.reason})`);
        break;
      case "renamed":
        this.#places.rename(message.from, message.name);
        this.#list.own = this.#connection.identity?.name;
        this.#list.addNotice(`${message.from} is now ${message.name}`);
        break;
      case "topic":
        element("topic", HTMLParagraphElement).textContent = message.text;
        this.#list.addNotice(`${message.by} set the topic: ${message.text}`);
        break;
      case "notice":
        for (const line of message.text.split("\n")) if (line !== "") this.#list.addNotice(line);
        break;
      case "history":
        this.#search.show([`The last messages of ${message.room}`], message.messages, this.#connection.identity?.name);
        break;
      case "sent":
      case "error":
        break;
    }
  }

  onRefusal(text: string, why: string): void {
    this.#why.textContent = text === "" || this.#message.value !== "" ? `${why} ${text}` : why;
    if (text !== "" && this.#message.value === "") this.#message.value = text;
  }

  onEnd(why: string): void {
    element("refusal", HTMLParagraphElement).textContent = why;
    this.#list.clear();
    this.#search.close();
    this.#unread = 0;
    this.#showTitle();
    this.#name.focus();
  }

  /** Starts the page. A reloaded page continues as the same member, in the same room. */
  #begin(): void {
    const { room, name } = identityOfHash();
    const stored = loadIdentity();
    this.#name.value = name === "" ? (stored?.name ?? "") : name;
    this.#room.value = room;
    this.onState("idle");
    if (stored === undefined || (name !== "" && name !== stored.name)) {
      this.#name.focus();
      return;
    }
    const isSame = location.hash === "" || room === stored.room;
    this.#connection.join(isSame ? stored : { ...stored, room, key: undefined });
  }

  #say(text: string): void {
    if (text.trim() === "") return;
    const why = this.#connection.say(text);
    this.#why.textContent = why ?? "";
    if (why === undefined) this.#message.value = "";
    this.#message.focus();
  }

  #onHashChange(): void {
    const { room } = identityOfHash();
    this.#room.value = room;
    const { identity } = this.#connection;
    if (identity !== undefined && room !== identity.room) this.#connection.move(room);
  }

  async #loadOlder(): Promise<void> {
    const { identity } = this.#connection;
    if (identity === undefined) return;
    const button = element("older", HTMLButtonElement);
    button.setAttribute("aria-disabled", "true");
    try {
      const older = await fetchHistory(identity, { before: this.#list.oldestId });
      if (this.#connection.identity?.room !== identity.room) return;
      this.#list.prepend(older);
      this.#list.hasOlder = older.length === PAGE_MESSAGES && !this.#list.isFull;
    } catch (error) {
      this.#why.textContent = `Older messages could not be loaded: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  async #showRooms(): Promise<void> {
    const { identity, state } = this.#connection;
    if (identity === undefined || state !== "joined" || document.visibilityState !== "visible") return;
    try {
      const rooms = await fetchRooms(identity);
      if (this.#connection.identity?.room === identity.room) this.#places.showRooms(rooms);
    } catch {
      // The shown list stays until the next request.
    }
  }

  #count(): void {
    if (document.visibilityState === "visible") return;
    this.#unread++;
    this.#showTitle();
  }

  #read(): void {
    if (document.visibilityState !== "visible") return;
    this.#unread = 0;
    this.#showTitle();
    void this.#showRooms();
  }

  #showTitle(): void {
    const room = this.#connection.identity?.room;
    const unread = this.#unread === 0 ? "" : `(${this.#unread}) `;
    document.title = room === undefined ? TITLE : `${unread}${room} · ${TITLE}`;
  }

  /** Keeps the list of rooms and people open on a wide screen, where it fits beside the messages. */
  #keepPlacesOpen(wide: MediaQueryList): void {
    const places = element("places", HTMLDetailsElement);
    const keep = (): void => {
      places.open = wide.matches;
    };
    wide.addEventListener("change", keep);
    keep();
  }
}

new Page();
