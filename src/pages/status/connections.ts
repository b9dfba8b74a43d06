import { renew } from "./renew.ts";

/** The selection of the shown connections, as in the query of the page's address. */
interface Query {
  readonly search: string;
  readonly sort: string;
}

/** The tables of the page. With each sample it fetches them again from the server, for the current search and order. */
export class Connections {
  readonly #page: HTMLElement;
  readonly #onRenewed: () => void;
  #query: Query;
  #isLoading = false;
  #isStale = false;

  constructor(page: HTMLElement, onRenewed: () => void) {
    this.#page = page;
    this.#onRenewed = onRenewed;
    const parameters = new URLSearchParams(location.search);
    this.#query = { search: parameters.get("search") ?? "", sort: parameters.get("sort") ?? "" };
    page.addEventListener("submit", (event) => this.#onSubmit(event));
    page.addEventListener("input", ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === "search") this.#ask({ search: target.value });
    });
  }

  /** Fetches the tables again. While a request is under way, it notes that another one must follow. */
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
      const query = this.#query;
      const page = await fetchPage(`./?${new URLSearchParams({ ...query }).toString()}`);
      // The answer belongs to an older query.
      if (this.#query !== query) this.#isStale = true;
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
    this.#onRenewed();
  }

  #onSubmit(event: SubmitEvent): void {
    const { target, submitter } = event;
    if (!(target instanceof HTMLFormElement) || !(submitter instanceof HTMLButtonElement)) return;
    event.preventDefault();
    // getAttribute, because `target.id` would be a button named "id".
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

/** Fetches a page. Returns undefined when the server does not answer; `Samples` shows that. */
async function fetchPage(url: string): Promise<Document | undefined> {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    // The session is over: the page itself asks for the token.
    if (answer.status === 401) location.reload();
    return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : undefined;
  } catch {
    return undefined;
  }
}

/** Asks the server to close a connection. The button keeps the focus until its row disappears. */
async function close(button: HTMLButtonElement): Promise<void> {
  try {
    await fetch("close", { method: "POST", body: new URLSearchParams({ id: button.value }) });
  } catch {
    // The server does not answer; `Samples` shows that.
  }
}

/** Returns the index of the connection's row that has the focus. */
function placeOfFocus(page: HTMLElement): number | undefined {
  const row = document.activeElement?.closest(".connections tbody tr") ?? null;
  const place = row === null ? -1 : Array.from(rowsOf(page)).indexOf(row);
  return place < 0 ? undefined : place;
}

/** Focuses the row at an index, so that a keyboard user continues where a row has disappeared. */
function focusRow(page: HTMLElement, place: number): void {
  const rows = rowsOf(page);
  const row = rows[Math.min(place, rows.length - 1)];
  (row?.querySelector("button") ?? page.querySelector<HTMLElement>("#text"))?.focus({ preventScroll: true });
}

function rowsOf(page: HTMLElement): NodeListOf<Element> {
  return page.querySelectorAll(".connections tbody tr");
}
