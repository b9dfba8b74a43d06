import type { MessageJson } from "../../services/chat/server-message.ts";
import { element } from "./element.ts";
import { messageLine, noticeLine, privateLine } from "./message-line.ts";

/** The most lines while the newest one is in view; the oldest ones are removed. */
const MAX_LINES = 500;
/** The most lines while the user reads older ones; then no older ones are loaded, and new ones remove the oldest. */
const MAX_LINES_WHILE_READING = 2_000;
/** Below this distance from the end, the list counts as scrolled to the end. */
const NEAR_END_PX = 40;

/** The list of the messages of a room: oldest first, each once. */
export class MessageList {
  readonly #log = element("log", HTMLDivElement);
  readonly #older = element("older", HTMLButtonElement);
  readonly #newest = element("newest", HTMLButtonElement);
  /** The time of each shown message, by id. Ids of a chat without a history begin again when it restarts; the time tells them apart. */
  readonly #shown = new Map<number, number>();
  #own: string | undefined;
  /** Whether the list was scrolled to its end before the latest resize. */
  #followsEnd = true;

  constructor() {
    // The list can be focused, so that keys scroll it.
    this.#log.tabIndex = 0;
    this.#newest.addEventListener("click", () => {
      this.toEnd();
      element("message", HTMLInputElement).focus();
    });
    this.#log.addEventListener("scroll", () => {
      this.#followsEnd = this.#isAtEnd;
      if (this.#followsEnd) this.#newest.hidden = true;
    });
    // The end stays in view when a keyboard opens or the window becomes smaller. A browser reports a scroll before a resize.
    new ResizeObserver(() => {
      if (this.#followsEnd) this.toEnd();
    }).observe(this.#log);
  }

  /** The id of the oldest shown message; undefined when there is none. */
  get oldestId(): number | undefined {
    for (const id of this.#shown.keys()) return id;
    return undefined;
  }

  /** Whether the list has too many lines to load older messages. */
  get isFull(): boolean {
    return this.#log.childElementCount >= MAX_LINES_WHILE_READING;
  }

  set own(name: string | undefined) {
    this.#own = name;
  }

  /** Removes all lines, before the messages of another room or a full reload. */
  clear(): void {
    this.#log.replaceChildren();
    this.#shown.clear();
    this.#newest.hidden = true;
  }

  /** Appends messages in one step: the browser would compute the layout again for each line that is added alone. */
  addAll(messages: readonly MessageJson[]): void {
    const fresh = messages.filter(({ id, time }) => this.#shown.get(id) !== time);
    if (fresh.length === 0) return;
    for (const { id, time } of fresh) this.#shown.set(id, time);
    this.#append(...fresh.map((message) => messageLine(message, this.#own)));
  }

  add(message: MessageJson): void {
    this.addAll([message]);
  }

  addPrivate(from: string, text: string): void {
    this.#append(privateLine(from, text));
  }

  addNotice(text: string): void {
    this.#append(noticeLine(text));
  }

  /** Inserts older messages before the others. The lines in view do not move. */
  prepend(messages: readonly MessageJson[]): void {
    const before = this.#log.scrollHeight - this.#log.scrollTop;
    const later = [...this.#shown];
    const unknown = messages.filter(({ id, time }) => this.#shown.get(id) !== time);
    const spare = Math.max(0, MAX_LINES_WHILE_READING - this.#log.childElementCount);
    const fresh = unknown.slice(Math.max(0, unknown.length - spare));
    this.#shown.clear();
    for (const { id, time } of fresh) this.#shown.set(id, time);
    for (const [id, time] of later) this.#shown.set(id, time);
    // A screen reader must not read older messages aloud.
    this.#log.setAttribute("aria-live", "off");
    this.#log.prepend(...fresh.map((message) => messageLine(message, this.#own)));
    requestAnimationFrame(() => this.#log.removeAttribute("aria-live"));
    this.#log.scrollTop = this.#log.scrollHeight - before;
  }

  /** Sets whether there are messages before the oldest shown one. */
  set hasOlder(has: boolean) {
    if (!has && document.activeElement === this.#older) this.#log.focus();
    this.#older.hidden = !has;
  }

  toEnd(): void {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#newest.hidden = true;
  }

  get #isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  #append(...lines: readonly HTMLElement[]): void {
    const isAtEnd = this.#isAtEnd;
    this.#log.append(...lines);
    this.#trim(isAtEnd ? MAX_LINES : MAX_LINES_WHILE_READING);
    if (isAtEnd) this.toEnd();
    else this.#newest.hidden = false;
  }

  #trim(most: number): void {
    while (this.#log.childElementCount > most) {
      const first = this.#log.firstElementChild;
      if (!(first instanceof HTMLElement)) return;
      const { id } = first.dataset;
      if (id !== undefined) {
        this.#shown.delete(Number(id));
        // In a full list, older messages that are loaded would be removed with the next line.
        this.hasOlder = most < MAX_LINES_WHILE_READING;
      }
      first.remove();
    }
  }
}
