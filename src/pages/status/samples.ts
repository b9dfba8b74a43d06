import type { History, PlotHistory, Sample } from "./plot-history.ts";

/** The wait before the page asks a server again that has refused the stream. */
const RETRY_MS = 3_000;

/** The stream of samples from the server, one a second. It is closed while the page is hidden. */
export class Samples {
  readonly #history: PlotHistory;
  readonly #onChange: () => void;
  readonly #live = document.querySelector("#live");
  #source: EventSource | undefined;
  #retry: number | undefined;
  #failedSince: Date | undefined;

  constructor(history: PlotHistory, onChange: () => void) {
    this.#history = history;
    this.#onChange = onChange;
  }

  start(): void {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#stop() : this.#connect()));
    if (!document.hidden) this.#connect();
  }

  #stop(): void {
    window.clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }

  #connect(): void {
    this.#stop();
    const source = new EventSource("events");
    this.#source = source;
    source.addEventListener("history", ({ data }) => {
      this.#history.replace(JSON.parse(String(data)) as History);
      this.#onData();
    });
    source.addEventListener("sample", ({ data }) => {
      this.#history.append(JSON.parse(String(data)) as Sample);
      this.#onData();
    });
    source.addEventListener("error", () => this.#onError(source));
  }

  #onData(): void {
    this.#failedSince = undefined;
    this.#show("Live.", false);
    this.#onChange();
  }

  /** The browser reconnects a stream that was interrupted, and not one that was refused: that one is retried here. */
  #onError(source: EventSource): void {
    this.#failedSince ??= new Date();
    const since = this.#failedSince.toLocaleTimeString();
    this.#show(`The server has not answered since ${since}: these numbers are old. Trying again.`, true);
    if (source.readyState === EventSource.CLOSED) this.#retry = window.setTimeout(() => this.#connect(), RETRY_MS);
  }

  /** Shows a text. It changes the element only for a new text, because a screen reader reads each change aloud. */
  #show(text: string, isGone: boolean): void {
    if (this.#live !== null && this.#live.textContent !== text) this.#live.textContent = text;
    document.body.classList.toggle("gone", isGone);
  }
}
