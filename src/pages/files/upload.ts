import type { Digests } from "./digest.ts";
import { Remembered } from "./remembered.ts";

/** Bytes of one request. A dead connection costs at most so many. */
const SLICE_SIZE = 16 * 1024 * 1024;
/** Limits the attempts after which an upload that gets on no further gives up; a person can go on with it. */
const MAX_ATTEMPTS = 12;
/** Limits the wait between two attempts. */
const MAX_WAIT_MS = 30_000;
/** The wait after the first attempt; each further one is twice as long. */
const FIRST_WAIT_MS = 500;

/** What is shown of an upload. */
export type UploadState =
  | { readonly type: "waiting" }
  | { readonly type: "sending"; readonly bytes: number }
  | { readonly type: "checking" }
  | { readonly type: "retrying"; readonly bytes: number }
  | { readonly type: "paused"; readonly bytes: number }
  | { readonly type: "failed"; readonly message: string; readonly isFinal: boolean }
  | { readonly type: "done"; readonly isVerified: boolean; readonly url: string };

/** An answer of the server that ends an upload. */
class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
  field(name: string): string | undefined;
}

/** One file on its way: by the IETF draft for resumable uploads. */
export class Upload {
  readonly file: File;
  readonly url: string;
  readonly #digests: Digests;
  readonly #remembered: Remembered;
  readonly #show: (state: UploadState) => void;
  #request: XMLHttpRequest | undefined;
  readonly #pause = { isOn: false };
  #wake: () => void = () => undefined;
  #bytes = 0;

  /** @param url - of the file to be. */
  constructor(file: File, url: string, digests: Digests, show: (state: UploadState) => void) {
    this.file = file;
    this.url = url;
    this.#digests = digests;
    this.#remembered = new Remembered(url, file);
    this.#show = show;
  }

  /** Sends the file; resolves when it is complete, paused, or has failed. */
  async run(): Promise<void> {
    this.#pause.isOn = false;
    try {
      await this.#runToEnd();
    } catch (error) {
      const isFinal = error instanceof Refused && error.status !== 409;
      const message = error instanceof Error ? error.message : String(error);
      if (this.#isPaused()) this.#show({ type: "paused", bytes: this.#bytes });
      else this.#show({ type: "failed", message, isFinal });
    }
  }

  /** Stops sending; what the server has stays there. */
  pause(): void {
    this.#pause.isOn = true;
    this.#request?.abort();
    this.#wake();
  }

  /** Tries again at once, for example since the network is back. */
  hurry(): void {
    if (!this.#isPaused()) this.#wake();
  }

  /** Gives up, also on the server. */
  async cancel(): Promise<void> {
    this.pause();
    const { location } = this.#remembered;
    this.#remembered.forget();
    if (location !== undefined) await fetch(location, { method: "DELETE" }).catch(() => undefined);
  }

  #isPaused(): boolean {
    return this.#pause.isOn;
  }

  async #runToEnd(): Promise<void> {
    let attempts = 0;
    let best = -1;
    for (;;) {
      try {
        const answer = await this.#send();
        await this.#finish(answer);
        return;
      } catch (error) {
        if (this.#isPaused() || (error instanceof Refused && error.status !== 409)) throw error;
        // An attempt that got on counts as none.
        attempts = this.#bytes > best ? 1 : attempts + 1;
        best = Math.max(best, this.#bytes);
        if (attempts >= MAX_ATTEMPTS) throw error;
        this.#show({ type: "retrying", bytes: this.#bytes });
        await this.#wait(Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1)));
        if (this.#isPaused()) throw error;
      }
    }
  }

  /** Sends all that the server does not have. */
  async #send(): Promise<Answer> {
    let location = this.#remembered.location;
    let offset = 0;
    if (location !== undefined) {
      const head = await this.#ask("HEAD", location, {});
      if (head.status === 404 || head.status === 410) {
        this.#remembered.forget();
        location = undefined;
      } else {
        offset = Number(head.field("Upload-Offset"));
      }
    }
    if (location === undefined) {
      const length = { "Upload-Complete": "?0", "Upload-Length": `${this.file.size}` };
      const created = await this.#ask("POST", this.url, length);
      location = created.field("Location") ?? "";
      this.#remembered.set(location);
    }
    for (;;) {
      const end = Math.min(this.file.size, offset + SLICE_SIZE);
      const isLast = end === this.file.size;
      const headers = {
        "Content-Type": "application/partial-upload",
        "Upload-Offset": `${offset}`,
        "Upload-Complete": isLast ? "?1" : "?0",
      };
      this.#showSent(offset);
      const answer = await this.#ask("PATCH", location, headers, this.file.slice(offset, end), offset);
      if (isLast) return answer;
      offset = end;
    }
  }

  async #finish(answer: Answer): Promise<void> {
    this.#remembered.forget();
    this.#show({ type: "checking" });
    const [, theirs] = /sha-256=:([^:]+):/.exec(answer.field("Repr-Digest") ?? "") ?? [];
    const url = answer.field("Location") ?? this.url;
    if (theirs === undefined) {
      this.#show({ type: "done", isVerified: false, url });
      return;
    }
    if ((await this.#digests.of(this.file)) !== theirs) {
      throw new Refused(400, "The file on the server is not this one: it has changed, or was damaged on its way");
    }
    this.#show({ type: "done", isVerified: true, url });
  }

  #showSent(bytes: number): void {
    this.#bytes = bytes;
    this.#show({ type: "sending", bytes });
  }

  /** Rejects with {@link Refused} for a status of a refusal that another attempt would get, too. */
  #ask(method: string, url: string, headers: Record<string, string>, body?: Blob, offset = 0): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#isPaused()) throw new Error("Paused");
      // fetch() does not tell how much of a body was sent.
      const request = new XMLHttpRequest();
      this.#request = request;
      request.open(method, url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      if (body !== undefined) {
        request.upload.addEventListener("progress", (event) => this.#showSent(offset + event.loaded));
      }
      request.addEventListener("error", () => reject(new Error("The server does not answer")));
      request.addEventListener("abort", () => reject(new Error("Paused")));
      request.addEventListener("load", () => {
        const { status, responseText } = request;
        const isAnswer = status < 300 || (method === "HEAD" && (status === 404 || status === 410));
        const field = (name: string): string | undefined => request.getResponseHeader(name) ?? undefined;
        if (isAnswer) resolve({ status, text: responseText, field });
        else if (status >= 500 && status !== 507) reject(new Error(messageOf(responseText, status)));
        else reject(new Refused(status, messageOf(responseText, status)));
      });
      request.send(body ?? null);
    });
  }

  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The sentence of a problem: RFC 9457. */
export function messageOf(text: string, status: number): string {
  try {
    const { detail, title } = JSON.parse(text) as { readonly detail?: string; readonly title?: string };
    return detail ?? title ?? `The server answers ${status}`;
  } catch {
    // No problem document: a proxy may have answered.
    return `The server answers ${status}`;
  }
}
