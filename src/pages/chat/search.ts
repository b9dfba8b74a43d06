import type { MessageJson } from "../../services/chat/server-message.ts";
import { createElement, element } from "./element.ts";
import type { Identity } from "./identity.ts";
import { fetchHistory, PAGE_MESSAGES } from "./member-request.ts";
import { messageLine } from "./message-line.ts";

/** The search panel: it shows the messages of the room that contain a text. */
export class Search {
  readonly #panel = element("found", HTMLElement);
  readonly #title = element("found-title", HTMLHeadingElement);
  readonly #results = element("results", HTMLOListElement);
  readonly #query = element("query", HTMLInputElement);

  /** @param identity - returns undefined while the user is in no room. */
  constructor(identity: () => Identity | undefined) {
    this.#results.tabIndex = 0;
    element("find", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#find(identity(), this.#query.value.trim());
    });
    element("close-found", HTMLButtonElement).addEventListener("click", () => this.#leave());
    this.#panel.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.#leave();
    });
  }

  /** Closes the panel, when the room changes. */
  close(): void {
    this.#panel.hidden = true;
    this.#results.replaceChildren();
  }

  show(title: readonly (Node | string)[], messages: readonly MessageJson[], own: string | undefined): void {
    this.#title.replaceChildren(...title);
    this.#results.replaceChildren(...messages.map((message) => createElement("li", "", messageLine(message, own))));
    this.#results.hidden = messages.length === 0;
    this.#panel.hidden = false;
    this.#title.focus();
  }

  async #find(identity: Identity | undefined, search: string): Promise<void> {
    if (identity === undefined || search === "") return;
    try {
      const messages = await fetchHistory(identity, { search });
      // In a bdi element, so that the text does not change the direction of the words around it.
      this.show([`${countOf(messages.length)} with “`, createElement("bdi", "", search), "”"], messages, identity.name);
    } catch (error) {
      this.show([`The search failed: ${error instanceof Error ? error.message : String(error)}`], [], undefined);
    }
  }

  #leave(): void {
    this.close();
    this.#query.focus();
  }
}

function countOf(count: number): string {
  const found = count === 0 ? "Nothing" : count === 1 ? "1 message" : `${count} messages`;
  return count === PAGE_MESSAGES ? `The newest ${found}` : found;
}
