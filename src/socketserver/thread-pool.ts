import { SockwrightError } from "../socket/values.ts";
import type { HandlerLocation } from "./module-handler.ts";
import { RequestThread } from "./request-thread.ts";
import type { WorkerRequest } from "./worker.ts";

interface PoolSettings {
  readonly location: HandlerLocation;
  readonly maxThreads: number;
  /** Whether the process may end while threads handle requests. */
  readonly isDaemon: boolean;
  /** Called when a thread without a request has ended. */
  readonly onIdleLoss: (error: unknown) => void;
}

interface Waiter {
  readonly resolve: (thread: RequestThread) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The worker threads of a server. The pool starts a thread when a request comes and no thread is idle. A thread handles one
 * request at a time, and is reused. The next request replaces a lost thread.
 */
export class ThreadPool {
  readonly #settings: PoolSettings;
  readonly #threads = new Set<RequestThread>();
  readonly #idle: RequestThread[] = [];
  readonly #waiters: Waiter[] = [];
  #isClosing = false;
  #isTerminated = false;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  /** Whether {@link terminate} was called: running and waiting requests then fail. */
  get isTerminated(): boolean {
    return this.#isTerminated;
  }

  /** Runs a handler in a thread, as soon as one is free. Rejects with the error that it threw, or when its thread is lost. */
  async run(request: WorkerRequest): Promise<void> {
    const thread = await this.#acquire();
    try {
      await thread.run(request);
    } finally {
      this.#release(thread);
    }
  }

  /** Ends the idle threads, and each other thread once its request is done and no request waits. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#idle.splice(0).map((thread) => thread.terminate()));
  }

  /** Terminates all threads at once. */
  async terminate(): Promise<void> {
    this.#isClosing = true;
    this.#isTerminated = true;
    const error = closedError();
    for (const { reject } of this.#waiters.splice(0)) reject(error);
    this.#idle.length = 0;
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }

  async #acquire(): Promise<RequestThread> {
    if (this.#isTerminated) throw closedError();
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#threads.size < this.#settings.maxThreads) return this.#start();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #start(): RequestThread {
    const { location, isDaemon } = this.#settings;
    const thread = new RequestThread(location, isDaemon, (ended, error) => this.#remove(ended, error));
    this.#threads.add(thread);
    return thread;
  }

  #release(thread: RequestThread): void {
    if (!this.#threads.has(thread) || this.#isTerminated) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.resolve(thread);
    else if (this.#isClosing) void thread.terminate();
    else this.#idle.push(thread);
  }

  #remove(thread: RequestThread, error: unknown): void {
    this.#threads.delete(thread);
    const index = this.#idle.indexOf(thread);
    if (index >= 0) this.#idle.splice(index, 1);
    if (error !== undefined) this.#settings.onIdleLoss(error);
    this.#replace();
  }

  /** Starts a thread for a waiting request. If that fails, the request waits for the next free thread, or fails if there is none. */
  #replace(): void {
    for (let [waiter] = this.#waiters; waiter !== undefined; [waiter] = this.#waiters) {
      try {
        const thread = this.#start();
        this.#waiters.shift();
        waiter.resolve(thread);
        return;
      } catch (cause) {
        if (this.#threads.size > 0) return;
        this.#waiters.shift();
        waiter.reject(cause);
      }
    }
  }
}

function closedError(): SockwrightError {
  return new SockwrightError("ERR_SOCKWRIGHT_CLOSED");
}
