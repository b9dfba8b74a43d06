import type { MessageJson } from "../../services/chat/server-message.ts";
import { element } from "./element.ts";
import { messageLine, noticeLine, privateLine } from "./message-line.ts";

/** Lines that are kept while new ones come. */
const MAX_LINES = 500;
/** And while older ones are read. */
const MAX_LINES_WHILE_READING = 2_000;
/** So near to the end, one is at it. */
const NEAR_END_PX = 40;

/** The messages of a room, oldest first; each once. */
export class MessageList {
  readonly #log = element("log", HTMLDivElement);
  readonly #older = element("older", HTMLButtonElement);
  readonly #newest = element("newest", HTMLButtonElement);
  /** The time of each message that is shown, by id: a chat that keeps nothing begins its ids anew. */
  readonly #shown = new Map<number, number>();
  #own: string | undefined;

  constructor() {
    // With the keys it is moved, too.
    this.#log.tabIndex = 0;
    this.#newest.addEventListener("click", () => {
      this.toEnd();
      element("message", HTMLInputElement).focus();
    });
    this.#log.addEventListener("scroll", () => {
      if (this.#isAtEnd) this.#newest.hidden = true;
    });
    // A keyboard that opens, or a window that is made smaller, hides no end.
    new ResizeObserver(() => {
      if (this.#newest.hidden) this.toEnd();
    }).observe(this.#log);
  }

  /** The oldest that is shown; undefined where there is none. */
  get oldestId(): number | undefined {
    for (const id of this.#shown.keys()) return id;
    return undefined;
  }

  /** No older ones can be loaded. */
  get isFull(): boolean {
    return this.#log.childElementCount >= MAX_LINES_WHILE_READING;
  }

  set own(name: string | undefined) {
    this.#own = name;
  }

  /** Another room, or all of one anew. */
  clear(): void {
    this.#log.replaceChildren();
    this.#shown.clear();
    this.#newest.hidden = true;
  }

  /** All at once: where the end is, the browser works out anew for each line that is added by itself. */
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

  /** What was read stays where it is. */
  prepend(messages: readonly MessageJson[]): void {
    const before = this.#log.scrollHeight - this.#log.scrollTop;
    const later = [...this.#shown];
    const unknown = messages.filter(({ id, time }) => this.#shown.get(id) !== time);
    const spare = Math.max(0, MAX_LINES_WHILE_READING - this.#log.childElementCount);
    const fresh = unknown.slice(Math.max(0, unknown.length - spare));
    this.#shown.clear();
    for (const { id, time } of fresh) this.#shown.set(id, time);
    for (const [id, time] of later) this.#shown.set(id, time);
    // Nobody wants to have it read out.
    this.#log.setAttribute("aria-live", "off");
    this.#log.prepend(...fresh.map((message) => messageLine(message, this.#own)));
    requestAnimationFrame(() => this.#log.removeAttribute("aria-live"));
    this.#log.scrollTop = this.#log.scrollHeight - before;
  }

  /** Whether there is something before the oldest. */
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
        // What would be loaded into a full list would go with the next line.
        this.hasOlder = most < MAX_LINES_WHILE_READING;
      }
      first.remove();
    }
  }
}
