import type { History, PlotHistory, Sample } from "./plot-history.ts";

/** After how long the server is asked again that has refused. */
const RETRY_MS = 3_000;

/** What the server sends, one sample a second. It is not asked for while nobody looks. */
export class Samples {
  readonly #history: PlotHistory;
  readonly #changed: () => void;
  readonly #live = document.querySelector("#live");
  #source: EventSource | undefined;
  #retry: number | undefined;
  #goneSince: Date | undefined;

  constructor(history: PlotHistory, changed: () => void) {
    this.#history = history;
    this.#changed = changed;
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
      this.#came();
    });
    source.addEventListener("sample", ({ data }) => {
      this.#history.append(JSON.parse(String(data)) as Sample);
      this.#came();
    });
    source.addEventListener("error", () => this.#lost(source));
  }

  #came(): void {
    this.#goneSince = undefined;
    this.#say("Live.", false);
    this.#changed();
  }

  /** A stream that has broken off is asked for again by the browser; one that was refused is not. */
  #lost(source: EventSource): void {
    this.#goneSince ??= new Date();
    const since = this.#goneSince.toLocaleTimeString();
    this.#say(`The server does not answer since ${since}: these numbers are old. Trying again.`, true);
    if (source.readyState === EventSource.CLOSED) this.#retry = window.setTimeout(() => this.#connect(), RETRY_MS);
  }

  /** Only what is new, since it is read out. */
  #say(text: string, isGone: boolean): void {
    if (this.#live !== null && this.#live.textContent !== text) this.#live.textContent = text;
    document.body.classList.toggle("gone", isGone);
  }
}
