import type { RoomInfo } from "../../services/chat/chat-hub.ts";
import { element, made } from "./element.ts";
import { hashOfRoom } from "./identity.ts";

/** Names of each list that are shown; of more, how many they are. */
const MAX_SHOWN = 200;

/** The rooms there are, and who is in the one that is shown. */
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
    this.#changed();
    this.showRooms([{ name: room, members: members.length, hasKey: false, topic: "" }]);
  }

  joined(name: string): void {
    this.#members.add(name);
    this.#changed();
  }

  left(name: string): void {
    this.#members.delete(name);
    this.#changed();
  }

  renamed(from: string, name: string): void {
    if (from === this.#own) this.#own = name;
    this.#members.delete(from);
    this.#members.add(name);
    this.#changed();
  }

  showRooms(rooms: readonly RoomInfo[]): void {
    const focused = document.activeElement?.getAttribute("href");
    const links = rooms.slice(0, MAX_SHOWN).map(({ name, members, hasKey }) => {
      const count = made("span", "count", `${members}`);
      count.title = members === 1 ? "1 member" : `${members} members`;
      const link = made("a", "", made("bdi", "", name), hasKey ? " (key)" : "", " ", count);
      link.href = hashOfRoom(name);
      if (name === this.#room) link.setAttribute("aria-current", "page");
      return made("li", "", link);
    });
    this.#rooms.replaceChildren(...links, ...rest(rooms.length));
    if (focused !== null && focused !== undefined)
      this.#rooms.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  /** However many come at once, the list is made once. */
  #changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      const names = [...this.#members].sort((one, other) => one.localeCompare(other));
      const items = names.slice(0, MAX_SHOWN).map((name) => {
        const item = made("li", "", made("bdi", "", name));
        if (name === this.#own) item.append(made("span", "quiet", " (you)"));
        return item;
      });
      this.#people.replaceChildren(...items, ...rest(names.length));
      element("people-title", HTMLHeadingElement).textContent = `People (${names.length})`;
    });
  }
}

function rest(count: number): readonly HTMLElement[] {
  return count > MAX_SHOWN ? [made("li", "quiet", `and ${count - MAX_SHOWN} more`)] : [];
}
