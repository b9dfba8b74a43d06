import { renew } from "./renew.ts";

/** Which connections are shown, as the address of the page has it. */
interface Query {
  readonly search: string;
  readonly sort: string;
}

/** The tables of the page: they are loaded again with each sample, as the server writes them, for what is searched for. */
export class Connections {
  readonly #page: HTMLElement;
  readonly #renewed: () => void;
  #query: Query;
  #isLoading = false;
  #isStale = false;

  constructor(page: HTMLElement, renewed: () => void) {
    this.#page = page;
    this.#renewed = renewed;
    const asked = new URLSearchParams(location.search);
    this.#query = { search: asked.get("search") ?? "", sort: asked.get("sort") ?? "" };
    page.addEventListener("submit", (event) => this.#submitted(event));
    page.addEventListener("input", ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === "search") this.#ask({ search: target.value });
    });
  }

  /** Once at a time; once more, when something has changed meanwhile. */
  refresh(): void {
    this.#isStale = true;
    if (this.#isLoading) return;
    this.#isLoading = true;
    void this.#load().finally(() => {
      this.#isLoading = false;
    });
  }

  async #load(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      const asked = this.#query;
      const page = await loaded(`./?${new URLSearchParams({ ...asked }).toString()}`);
      // The answer is to what was asked before.
      if (this.#query !== asked) this.#isStale = true;
      else if (page !== undefined) this.#show(page);
    }
  }

  #show(page: Document): void {
    const main = page.querySelector("main[data-samples]");
    const asOf = page.querySelector("#as-of");
    if (main === null || asOf === null) return;
    const place = placeOfFocus(this.#page);
    renew(this.#page, main);
    const shown = document.querySelector("#as-of");
    if (shown !== null) renew(shown, asOf);
    document.title = page.title;
    if (place !== undefined && document.activeElement === document.body) focusRow(this.#page, place);
    this.#renewed();
  }

  #submitted(event: SubmitEvent): void {
    const { target, submitter } = event;
    if (!(target instanceof HTMLFormElement) || !(submitter instanceof HTMLButtonElement)) return;
    event.preventDefault();
    // As a property, a button with that name would be found in its place.
    if (target.getAttribute("id") === "close") void close(submitter).then(() => this.refresh());
    else this.#ask({ sort: submitter.value });
  }

  #ask(query: Partial<Query>): void {
    this.#query = { ...this.#query, ...query };
    const { search, sort } = this.#query;
    history.replaceState(undefined, "", `./?${new URLSearchParams({ search, sort }).toString()}`);
    this.refresh();
  }
}

/** Undefined where the server is gone, which the samples tell. */
async function loaded(url: string): Promise<Document | undefined> {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    // The session is over: the page itself asks for the token.
    if (answer.status === 401) location.reload();
    return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : undefined;
  } catch {
    return undefined;
  }
}

/** The button keeps the focus until its row is gone. */
async function close(button: HTMLButtonElement): Promise<void> {
  try {
    await fetch("close", { method: "POST", body: new URLSearchParams({ id: button.value }) });
  } catch {
    // The server is gone, which the samples tell.
  }
}

/** In which row of the connections the focus is. */
function placeOfFocus(page: HTMLElement): number | undefined {
  const row = document.activeElement?.closest(".connections tbody tr") ?? null;
  const place = row === null ? -1 : Array.from(rowsOf(page)).indexOf(row);
  return place < 0 ? undefined : place;
}

/** Who works with the keyboard goes on where a row was. */
function focusRow(page: HTMLElement, place: number): void {
  const rows = rowsOf(page);
  const row = rows[Math.min(place, rows.length - 1)];
  (row?.querySelector("button") ?? page.querySelector<HTMLElement>("#text"))?.focus({ preventScroll: true });
}

function rowsOf(page: HTMLElement): NodeListOf<Element> {
  return page.querySelectorAll(".connections tbody tr");
}
