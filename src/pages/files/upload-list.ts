import type { Digests } from "./digest.ts";
import { bytesText, Speed, timeText } from "./speed.ts";
import { Upload, type UploadState } from "./upload.ts";

/** Limits the uploads that run at once; others wait. */
const MAX_RUNNING = 3;
/** Limits the files that wait; more are refused with a sentence. */
const MAX_QUEUED_FILES = 10_000;

interface Row {
  readonly upload: Upload;
  readonly element: HTMLLIElement;
  isEnded: boolean;
}

/** The uploads of the page: a row for each, a few of them at once. */
export class UploadList {
  readonly #list: HTMLElement;
  readonly #status: HTMLElement;
  readonly #digests: Digests;
  readonly #onDone: () => void;
  readonly #queue: Row[] = [];
  readonly #rows = new Set<Row>();
  #running = 0;

  constructor(list: HTMLElement, status: HTMLElement, digests: Digests, onDone: () => void) {
    this.#list = list;
    this.#status = status;
    this.#digests = digests;
    this.#onDone = onDone;
    addEventListener("online", () => {
      for (const { upload } of this.#rows) upload.hurry();
    });
    addEventListener("beforeunload", (event) => {
      if ([...this.#rows].some(({ isEnded }) => !isEnded)) event.preventDefault();
    });
  }

  /** @param path - of the file from the folder of the page, with slashes between its folders. */
  add(file: File, path: string): void {
    if (this.#rows.size >= MAX_QUEUED_FILES) {
      this.#status.textContent = `Only ${MAX_QUEUED_FILES} files can wait: choose the others later.`;
      return;
    }
    const element = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = path;
    const state = document.createElement("span");
    const progress = document.createElement("progress");
    progress.max = Math.max(1, file.size);
    progress.setAttribute("aria-label", path);
    const actions = document.createElement("span");
    element.append(name, " ", state, progress, actions);
    this.#list.append(element);
    const url = path.split("/").map(encodeURIComponent).join("/");
    const speed = new Speed();
    const upload = new Upload(file, `./${url}`, this.#digests, (shown) => {
      row.isEnded = shown.type === "done" || (shown.type === "failed" && shown.isFinal);
      progress.hidden = row.isEnded;
      if ("bytes" in shown) progress.value = shown.bytes;
      state.className = shown.type === "failed" ? "bad" : shown.type === "done" ? "good" : "";
      state.textContent = wordsOf(shown, file.size, speed);
      actions.replaceChildren(...this.#buttonsFor(shown, row));
      if (shown.type === "done") this.#announce(`${path} is uploaded${shown.isVerified ? " and verified" : ""}.`);
      if (shown.type === "failed") this.#announce(`${path}: ${shown.message}.`);
    });
    const row: Row = { upload, element, isEnded: false };
    this.#rows.add(row);
    state.textContent = "waits";
    actions.replaceChildren(...this.#buttonsFor({ type: "waiting" }, row));
    this.#start(row);
  }

  #start(row: Row): void {
    this.#queue.push(row);
    this.#next();
  }

  #next(): void {
    if (this.#running >= MAX_RUNNING) return;
    const row = this.#queue.shift();
    if (row === undefined) return;
    this.#running++;
    void row.upload.run().then(() => {
      this.#running--;
      this.#onDone();
      this.#next();
    });
    this.#next();
  }

  #buttonsFor({ type, ...state }: UploadState, row: Row): readonly HTMLElement[] {
    const { upload } = row;
    const goOn = (): void => this.#start(row);
    const cancel = button("Cancel", upload, () => {
      this.#rows.delete(row);
      this.#queue.splice(0, this.#queue.length, ...this.#queue.filter((other) => other !== row));
      row.element.remove();
      void upload.cancel();
    });
    switch (type) {
      case "waiting":
        return [cancel];
      case "sending":
      case "retrying":
        return [button("Pause", upload, () => upload.pause()), " ", cancel].map(asElement);
      case "paused":
        return [button("Resume", upload, goOn), " ", cancel].map(asElement);
      case "failed":
        return "isFinal" in state && state.isFinal
          ? [cancel]
          : [button("Try again", upload, goOn), " ", cancel].map(asElement);
      case "checking":
      case "done":
        return [];
    }
  }

  #announce(text: string): void {
    this.#status.textContent = text;
  }
}

function asElement(given: HTMLElement | string): HTMLElement {
  if (typeof given !== "string") return given;
  const span = document.createElement("span");
  span.textContent = given;
  return span;
}

function button(text: string, { file }: Upload, run: () => void): HTMLButtonElement {
  const created = document.createElement("button");
  created.type = "button";
  created.textContent = text;
  created.setAttribute("aria-label", `${text} ${file.name}`);
  created.addEventListener("click", run);
  return created;
}

function wordsOf(state: UploadState, size: number, speed: Speed): string {
  switch (state.type) {
    case "waiting":
      return "waits";
    case "sending": {
      speed.add(state.bytes, performance.now());
      const rate = speed.bytesPerSecond;
      const left = rate === 0 ? "" : `, ${bytesText(rate)}/s, ${timeText((size - state.bytes) / rate)} left`;
      return `${bytesText(state.bytes)} of ${bytesText(size)}${left}`;
    }
    case "checking":
      return "is being verified";
    case "retrying":
      return `waits for the server, at ${bytesText(state.bytes)} of ${bytesText(size)}`;
    case "paused":
      return `paused at ${bytesText(state.bytes)} of ${bytesText(size)}`;
    case "failed":
      return state.message;
    case "done":
      return state.isVerified ? "uploaded and verified" : "uploaded";
  }
}
