import { sha256 } from "@noble/hashes/sha2.js";

/** The script of the page is the program of its worker, too. */
export const isWorker = typeof document === "undefined";

/** Bytes that are read of a file at once. */
const PIECE_SIZE = 4 * 1024 * 1024;

/** In the worker: answers each file with its SHA-256 in Base64, or with the text of an error. */
export function runWorker(): void {
  addEventListener("message", (event: MessageEvent<{ readonly file: Blob; readonly call: number }>) => {
    const { file, call } = event.data;
    void digestOf(file).then(
      (digest) => postMessage({ call, digest }),
      (error: unknown) => postMessage({ call, error: String(error) }),
    );
  });
}

async function digestOf(file: Blob): Promise<string> {
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += PIECE_SIZE) {
    hash.update(new Uint8Array(await file.slice(at, at + PIECE_SIZE).arrayBuffer()));
  }
  return btoa(String.fromCharCode(...hash.digest()));
}

/** What the worker answers. */
type Reply = { readonly call: number; readonly digest?: string; readonly error?: string };

/** Computes the SHA-256 of files in a worker, so that the page stays usable. */
export class Digests {
  readonly #worker = new Worker(new URL(import.meta.url), { type: "module" });
  readonly #calls = new Map<number, (reply: Reply) => void>();
  #lastCall = 0;

  constructor() {
    this.#worker.addEventListener("message", (event: MessageEvent<Reply>) => {
      this.#calls.get(event.data.call)?.(event.data);
      this.#calls.delete(event.data.call);
    });
  }

  /** Resolves with the digest in Base64. */
  of(file: Blob): Promise<string> {
    const call = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, ({ digest, error }) => {
        if (digest === undefined) reject(new Error(error));
        else resolve(digest);
      });
      this.#worker.postMessage({ file, call });
    });
  }
}
