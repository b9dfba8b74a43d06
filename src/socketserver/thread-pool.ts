import { SockwrightError } from "../socket/values.ts";
import type { HandlerPlace } from "./module-handler.ts";
import { RequestThread } from "./request-thread.ts";
import type { WorkerRequest } from "./worker.ts";

interface PoolSettings {
  readonly place: HandlerPlace;
  readonly maxThreads: number;
  /** Whether threads with a request let the process end, too. */
  readonly isDaemon: boolean;
  /** A thread has ended that had no request. */
  readonly onIdleLoss: (error: unknown) => void;
}

interface Waiter {
  readonly resolve: (thread: RequestThread) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The worker threads of a server: each is started when there is a request for it and no other is idle, has one request at a
 * time, and is used again. One that is lost is replaced by the next request.
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

  /** Whether what has a thread, or waits for one, has lost it to {@link terminate}. */
  get isTerminated(): boolean {
    return this.#isTerminated;
  }

  /** Runs a handler in a thread, as soon as there is one; rejects with what it threw, or when its thread is lost. */
  async run(request: WorkerRequest): Promise<void> {
    const thread = await this.#take();
    try {
      await thread.run(request);
    } finally {
      this.#giveBack(thread);
    }
  }

  /** Ends the idle threads, and each of the others when its request is done and nobody waits for it. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#idle.splice(0).map((thread) => thread.terminate()));
  }

  /** Ends all threads at once, whatever they do. */
  async terminate(): Promise<void> {
    this.#isClosing = true;
    this.#isTerminated = true;
    const error = closed();
    for (const { reject } of this.#waiters.splice(0)) reject(error);
    this.#idle.length = 0;
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }

  async #take(): Promise<RequestThread> {
    if (this.#isTerminated) throw closed();
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#threads.size < this.#settings.maxThreads) return this.#start();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #start(): RequestThread {
    const { place, isDaemon } = this.#settings;
    const thread = new RequestThread(place, isDaemon, (ended, error) => this.#ended(ended, error));
    this.#threads.add(thread);
    return thread;
  }

  #giveBack(thread: RequestThread): void {
    if (!this.#threads.has(thread) || this.#isTerminated) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.resolve(thread);
    else if (this.#isClosing) void thread.terminate();
    else this.#idle.push(thread);
  }

  #ended(thread: RequestThread, error: unknown): void {
    this.#threads.delete(thread);
    const place = this.#idle.indexOf(thread);
    if (place >= 0) this.#idle.splice(place, 1);
    if (error !== undefined) this.#settings.onIdleLoss(error);
    this.#replace();
  }

  /** Who waits is given another thread. Where none can be started, the next one that is free; where there is none, an error. */
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

function closed(): SockwrightError {
  return new SockwrightError("ERR_SOCKWRIGHT_CLOSED");
}
