import { PreparedResponse } from "../../http/service/prepared-response.ts";
import type { Clock } from "../../server/time/clock.ts";
import type { SiteRequest } from "./site.ts";
import type { SiteAnswer } from "./site-answer.ts";
import { TreeWatcher } from "./tree-watcher.ts";

/** Where pages ask for it: a hidden name, so that no file is there. */
const RELOAD_PATH = "/.sockwright/reload";
const SCRIPT_PATH = "/.sockwright/reload.js";
/** Limits the pages that wait for a change; further pages do not reload. */
export const MAX_RELOADERS = 256;
/**
 * The delay between the last change and the reload of pages. An editor writes a file in several steps, and a formatter or a build writes
 * several files.
 */
export const SETTLE_MS = 50;

/** The script of each page. It sends the age of the page, which may lack changes since then. */
const SCRIPT = `new EventSource("${RELOAD_PATH}?" + Math.ceil(performance.now())).onmessage = () => location.reload();\n`;

/** The HTML that the server appends to each page. */
export const RELOAD_SUFFIX = Buffer.from(`\n<script src="${SCRIPT_PATH}" defer></script>\n`);

type Field = readonly [name: string, value: string];

/** Tells open pages in browsers that a file has changed; for development only. */
export class LiveReload {
  readonly #watcher: TreeWatcher;
  readonly #expire: () => void;
  readonly #clock: Clock;
  readonly #headers: readonly Field[];
  readonly #waiting = new Set<() => void>();
  readonly #scriptAnswer: PreparedResponse;
  #changedAtMs = Number.NEGATIVE_INFINITY;
  #callOff: (() => void) | undefined;
  #isClosed = false;

  /**
   * @param expire - called at each change, before the pages are notified: it empties the caches, so that no page gets old content.
   * @param headers - of each answer.
   */
  constructor(root: string, expire: () => void, clock: Clock, headers: readonly Field[]) {
    this.#expire = expire;
    this.#clock = clock;
    this.#headers = headers;
    this.#scriptAnswer = new PreparedResponse({
      headers: this.#fields("text/javascript; charset=utf-8", "no-cache"),
      body: SCRIPT,
    });
    this.#watcher = new TreeWatcher(root, () => this.#changed());
  }

  /** The answer for one of its own paths; undefined for any other. */
  answer({ path, rawQuery, server }: Pick<SiteRequest, "path" | "rawQuery" | "server">): SiteAnswer | undefined {
    if (path === SCRIPT_PATH) return this.#scriptAnswer;
    if (path !== RELOAD_PATH) return undefined;
    if (this.#waiting.size >= MAX_RELOADERS || this.#isClosed)
      return { status: 503, headers: [...this.#headers, ["Retry-After", "1"]] };
    const headers = this.#fields("text/event-stream", "no-store");
    return { headers, body: this.#events(this.#hasMissed(Number(rawQuery)), server?.stopping) };
  }

  close(): void {
    this.#isClosed = true;
    this.#callOff?.();
    this.#watcher.close();
    this.#wake();
  }

  #fields(mediaType: string, cacheControl: string): readonly Field[] {
    return [["Content-Type", mediaType], ["Cache-Control", cacheControl], ...this.#headers];
  }

  #changed(): void {
    this.#expire();
    this.#changedAtMs = this.#clock.now();
    this.#callOff?.();
    this.#callOff = this.#clock.after(SETTLE_MS, () => {
      this.#callOff = undefined;
      this.#wake();
    });
  }

  /** Whether pages were told of a change that came since a page was asked for. */
  #hasMissed(pageAgeMs: number): boolean {
    return this.#callOff === undefined && this.#changedAtMs > this.#clock.now() - pageAgeMs;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** One event, then the end: the page is another one by then. A server that closes waits for no change. */
  #events(isLate: boolean, stopping: AbortSignal | undefined): AsyncIterable<string> {
    let wake: (() => void) | undefined;
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
      this.#waiting.add(resolve);
    });
    if (isLate) wake?.();
    const stop = (): void => wake?.();
    stopping?.addEventListener("abort", stop, { once: true });
    const leave = (): void => {
      stopping?.removeEventListener("abort", stop);
      if (wake !== undefined) this.#waiting.delete(wake);
      wake?.();
    };
    const pieces = ["retry: 500\n\n", "data: changed\n\n"];
    return {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          if (pieces.length === 1 && stopping?.aborted !== true) await changed;
          const value = pieces.shift();
          const isOver = this.#isClosed || stopping?.aborted === true;
          if (value !== undefined && !isOver) return { value, done: false as const };
          leave();
          return { value: undefined, done: true as const };
        },
        return: () => {
          leave();
          return Promise.resolve({ value: undefined, done: true as const });
        },
      }),
    };
  }
}
