import { Worker } from "node:worker_threads";
import { DIGEST_PROGRAM } from "../digest-program.ts";
import type { DigestReply, DigestRequest } from "./digest-worker.ts";
import type { HashMark, PrefixHash } from "./prefix-hash.ts";

interface Call {
  readonly resolve: (sha256: string) => void;
  readonly reject: (error: Error) => void;
}

type Unnumbered<Request> = Request extends unknown ? Omit<Request, "call"> : never;

/** A thread that computes the SHA-256 of files. It starts with the first call, and does not keep the process alive. */
export class DigestThread {
  #worker: Worker | undefined;
  #calls = new Map<number, Call>();
  #lastCall = 0;
  #lastKey = 0;
  #isClosed = false;

  /** Resolves with the digest of a whole file, in hexadecimal. */
  digestOf(path: string): Promise<string> {
    return this.#ask({ type: "open", key: ++this.#lastKey, path, length: -1, keep: false });
  }

  /**
   * Reads the first bytes of a file whose digest is known. Resolves with a hash that reads further bytes from the file, or with undefined
   * when the file is shorter or has another digest.
   */
  async verify(path: string, length: number, sha256: string | undefined): Promise<PrefixHash | undefined> {
    const key = ++this.#lastKey;
    const hash = new FileHash(
      length,
      (end) => this.#ask({ type: "advance", key, length: end }),
      () => this.#tell({ type: "close", key }),
    );
    try {
      const found = await this.#ask({ type: "open", key, path, length, keep: true });
      if (sha256 === undefined || found === sha256) return hash;
    } catch (error) {
      hash.close();
      if (error instanceof Error && "code" in error && error.code === "ERR_SHORT") return undefined;
      throw error;
    }
    hash.close();
    return undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#fail(new Error("The store is closed"));
    await this.#worker?.terminate();
  }

  #ask(request: Unnumbered<Exclude<DigestRequest, { type: "close" }>>): Promise<string> {
    if (this.#isClosed) return Promise.reject(new Error("The store is closed"));
    const call = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      this.#worker ??= this.#start();
      const worker = this.#worker;
      // A caller waits: the process must not end before it has its answer.
      worker.ref();
      worker.postMessage({ ...request, call });
    });
  }

  #tell(request: Extract<DigestRequest, { type: "close" }>): void {
    if (!this.#isClosed) this.#worker?.postMessage(request);
  }

  #start(): Worker {
    const worker = new Worker(DIGEST_PROGRAM, { name: "sockwright digest" });
    worker.on("message", (reply: DigestReply) => {
      const call = this.#calls.get(reply.call);
      this.#calls.delete(reply.call);
      if (this.#calls.size === 0) worker.unref();
      if ("sha256" in reply) call?.resolve(reply.sha256);
      else call?.reject(Object.assign(new Error(reply.message), { code: reply.code }));
    });
    const lost = (error: Error): void => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#fail(error);
    };
    worker.on("error", lost);
    worker.on("exit", () => lost(new Error("The thread that computes digests has ended")));
    return worker;
  }

  #fail(error: Error): void {
    const calls = this.#calls;
    this.#calls = new Map();
    for (const { reject } of calls.values()) reject(error);
  }
}

/** A hash whose state is in the thread; it reads the bytes from the file when a digest is asked for. */
class FileHash implements PrefixHash {
  #length: number;
  /** The bytes that the thread has read: it cannot go back behind them. */
  #read: number;
  readonly #digestAt: (length: number) => Promise<string>;
  readonly #close: () => void;

  constructor(length: number, digestAt: (length: number) => Promise<string>, close: () => void) {
    this.#length = length;
    this.#read = length;
    this.#digestAt = (end) => {
      this.#read = end;
      return digestAt(end);
    };
    this.#close = close;
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
  }

  mark(): FileMark {
    return new FileMark(this.#length, this.#digestAt);
  }

  reset(mark: HashMark): boolean {
    if (!(mark instanceof FileMark) || mark.length < this.#read) return false;
    this.#length = mark.length;
    return true;
  }

  close(): void {
    this.#close();
  }
}

class FileMark implements HashMark {
  readonly length: number;
  readonly #digestAt: (length: number) => Promise<string>;

  constructor(length: number, digestAt: (length: number) => Promise<string>) {
    this.length = length;
    this.#digestAt = digestAt;
  }

  digest(): Promise<string> {
    return this.#digestAt(this.length);
  }
}
