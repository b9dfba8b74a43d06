import { type FSWatcher, watch } from "node:fs";
import { PreparedResponse } from "../../http/service/prepared-response.ts";
import { MAX_RESOURCE_AGE_MS } from "./resource-cache.ts";
import type { SiteAnswer } from "./site-answer.ts";

/** Where pages ask for it: a hidden name, so that no file is there. */
const RELOAD_PATH = "/.sockwright/reload";
const SCRIPT_PATH = "/.sockwright/reload.js";
/** Pages that wait for a change at once; further ones are not reloaded. */
export const MAX_RELOADERS = 256;
/**
 * An editor writes a file in several steps: the pages reload behind the last one, and when nothing that was kept before it is
 * sent any more.
 */
const SETTLE_MS = MAX_RESOURCE_AGE_MS + 50;

const SCRIPT = `new EventSource("${RELOAD_PATH}").onmessage = () => location.reload();\n`;

/** Tells the pages in browsers that a file has changed. It is for who writes pages, and for nobody else. */
export class LiveReload {
  /** What stands behind each page. */
  readonly script = Buffer.from(`\n<script src="${SCRIPT_PATH}" defer></script>\n`);
  readonly #watcher: FSWatcher;
  readonly #waiting = new Set<() => void>();
  readonly #scriptAnswer = new PreparedResponse({
    headers: { "Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-cache" },
    body: SCRIPT,
  });
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(root: string) {
    this.#watcher = watch(root, { recursive: true, persistent: false }, () => this.#changed());
    // What it cannot watch it does not tell of: the site is served all the same.
    this.#watcher.on("error", () => this.#watcher.close());
  }

  static start(root: string): LiveReload {
    return new LiveReload(root);
  }

  /** The answer for one of its own paths; undefined for any other. */
  answer(path: string): SiteAnswer | undefined {
    if (path === SCRIPT_PATH) return this.#scriptAnswer;
    if (path !== RELOAD_PATH) return undefined;
    if (this.#waiting.size >= MAX_RELOADERS || this.#isClosed) return { status: 503, headers: { "Retry-After": "1" } };
    const headers = { "Content-Type": "text/event-stream", "Cache-Control": "no-store" };
    return { headers, body: this.#events() };
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher.close();
    this.#wake();
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wake(), SETTLE_MS).unref();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** One event, then the end: the page is another one by then. */
  #events(): AsyncIterable<string> {
    let wake: (() => void) | undefined;
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
      this.#waiting.add(resolve);
    });
    const leave = (): void => {
      if (wake !== undefined) this.#waiting.delete(wake);
      wake?.();
    };
    const pieces = ["retry: 500\n\n", "data: changed\n\n"];
    return {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          if (pieces.length === 1) await changed;
          const value = pieces.shift();
          if (value !== undefined && !this.#isClosed) return { value, done: false as const };
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
