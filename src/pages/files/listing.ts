import { messageOf } from "./upload.ts";

/** Limits the bytes of a text that is shown in a preview; of a longer one, the beginning is. */
const MAX_PREVIEW_BYTES = 256 * 1024;

/** The table of the files, with buttons as far as the rights go. */
export class Listing {
  readonly #table: HTMLTableElement;
  readonly #rights: ReadonlySet<string>;
  readonly #say: (text: string) => void;

  constructor(table: HTMLTableElement, rights: ReadonlySet<string>, say: (text: string) => void) {
    this.#table = table;
    this.#rights = rights;
    this.#say = say;
    this.#addButtons();
  }

  /** Loads the table anew. */
  async reload(): Promise<void> {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const table = page.getElementById("listing");
    if (table === null) return;
    this.#table.replaceChildren(...table.childNodes);
    this.#addButtons();
  }

  /** Makes a folder whose name the visitor writes. */
  async makeFolder(): Promise<void> {
    const name = prompt("Name of the new folder");
    if (name !== null && name !== "") await this.#change("MKCOL", `./${encodeURIComponent(name)}/`);
  }

  #addButtons(): void {
    for (const row of this.#table.querySelectorAll<HTMLElement>("tbody tr")) {
      const [cell] = row.getElementsByClassName("actions");
      const link = row.querySelector("a");
      const { name = "", type = "" } = row.dataset;
      if (cell === undefined || link === null) continue;
      const buttons: HTMLElement[] = [];
      if (type === "file") {
        buttons.push(this.#button("Preview", name, () => preview(name, link.href)));
        buttons.push(this.#button("Copy link", name, () => this.#copy(link.href)));
      }
      if (this.#rights.has("delete")) {
        if (this.#rights.has("create")) buttons.push(this.#button("Rename", name, () => this.#rename(name, link.href)));
        buttons.push(this.#button("Delete", name, () => this.#remove(name, link.href)));
      }
      cell.replaceChildren(...buttons);
    }
  }

  #button(text: string, name: string, run: () => Promise<void>): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-label", `${text} ${name}`);
    button.addEventListener("click", () => void run().catch((error: unknown) => this.#say(String(error))));
    return button;
  }

  async #copy(url: string): Promise<void> {
    await navigator.clipboard.writeText(url);
    this.#say("The link is copied.");
  }

  async #rename(name: string, url: string): Promise<void> {
    const other = prompt(`New name of ${name}`, name);
    if (other === null || other === "" || other === name) return;
    const destination = new URL(`./${encodeURIComponent(other)}`, location.href).pathname;
    await this.#change("MOVE", url, { Destination: destination, Overwrite: "F" });
  }

  async #remove(name: string, url: string): Promise<void> {
    if (confirm(`Delete ${name}?`)) await this.#change("DELETE", url);
  }

  async #change(method: string, url: string, headers: Record<string, string> = {}): Promise<void> {
    const answer = await fetch(url, { method, headers });
    if (!answer.ok) this.#say(messageOf(await answer.text(), answer.status));
    await this.reload();
  }
}

/** Shows a file as what it is: as an element that runs nothing, or as text. */
async function preview(name: string, url: string): Promise<void> {
  const head = await fetch(url, { method: "HEAD" });
  const type = head.headers.get("Content-Type") ?? "";
  const content = document.getElementById("preview-content");
  const heading = document.getElementById("preview-name");
  const dialog = document.getElementById("preview");
  if (!(dialog instanceof HTMLDialogElement) || content === null || heading === null) return;
  heading.textContent = name;
  content.replaceChildren(await elementFor(type, url, name));
  dialog.showModal();
  dialog.addEventListener("close", () => content.replaceChildren(), { once: true });
}

async function elementFor(type: string, url: string, name: string): Promise<HTMLElement> {
  if (/^image\/(?:png|jpeg|gif|webp)/.test(type)) {
    const image = document.createElement("img");
    image.alt = name;
    image.src = url;
    return image;
  }
  if (/^(?:audio|video)\//.test(type)) {
    const media = document.createElement(type.startsWith("audio") ? "audio" : "video");
    media.controls = true;
    media.src = url;
    return media;
  }
  if (/^text\/|json/.test(type)) {
    const text = document.createElement("pre");
    const answer = await fetch(url, { headers: { Range: `bytes=0-${MAX_PREVIEW_BYTES - 1}` } });
    text.tabIndex = 0;
    text.textContent = await answer.text();
    return text;
  }
  const link = document.createElement("a");
  link.href = url;
  link.textContent = "Open the file";
  return link;
}
