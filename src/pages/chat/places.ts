import type { RoomInfo } from "../../services/chat/chat-hub.ts";
import { createElement, element } from "./element.ts";
import { hashOfRoom } from "./identity.ts";

/** The most names that each list shows; a last line says how many more there are. */
const MAX_SHOWN = 200;

/** The lists of the rooms and of the members of the current room. */
export class Places {
  readonly #rooms = element("rooms", HTMLUListElement);
  readonly #people = element("people", HTMLUListElement);
  readonly #members = new Set<string>();
  #own = "";
  #room = "";
  #isDue = false;

  enter(room: string, own: string, members: readonly string[]): void {
    this.#room = room;
    this.#own = own;
    this.#members.clear();
    for (const name of members) this.#members.add(name);
    this.#scheduleUpdate();
    this.showRooms([{ name: room, members: members.length, hasKey: false, topic: "" }]);
  }

  add(name: string): void {
    this.#members.add(name);
    this.#scheduleUpdate();
  }

  remove(name: string): void {
    this.#members.delete(name);
    this.#scheduleUpdate();
  }

  rename(from: string, name: string): void {
    if (from === this.#own) this.#own = name;
    this.#members.delete(from);
    this.#members.add(name);
    this.#scheduleUpdate();
  }

  showRooms(rooms: readonly RoomInfo[]): void {
    const focused = document.activeElement?.getAttribute("href");
    const links = rooms.slice(0, MAX_SHOWN).map(({ name, members, hasKey }) => {
      const count = createElement("span", "count", `${members}`);
      count.title = members === 1 ? "1 member" : `${members} members`;
      const link = createElement("a", "", createElement("bdi", "", name), hasKey ? " (key)" : "", " ", count);
      link.href = hashOfRoom(name);
      if (name === this.#room) link.setAttribute("aria-current", "page");
      return createElement("li", "", link);
    });
    this.#rooms.replaceChildren(...links, ...rest(rooms.length));
    if (focused !== null && focused !== undefined)
      this.#rooms.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  /** Rebuilds the list of members in the next frame, once for all changes until then. */
  #scheduleUpdate(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      const names = [...this.#members].sort((one, other) => one.localeCompare(other));
      const items = names.slice(0, MAX_SHOWN).map((name) => {
        const item = createElement("li", "", createElement("bdi", "", name));
        if (name === this.#own) item.append(createElement("span", "quiet", " (you)"));
        return item;
      });
      this.#people.replaceChildren(...items, ...rest(names.length));
      element("people-title", HTMLHeadingElement).textContent = `People (${names.length})`;
    });
  }
}

function rest(count: number): readonly HTMLElement[] {
  return count > MAX_SHOWN ? [createElement("li", "quiet", `and ${count - MAX_SHOWN} more`)] : [];
}
