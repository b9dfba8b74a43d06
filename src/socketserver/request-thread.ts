import { Worker } from "node:worker_threads";
import { checkDescriptorRoom } from "./descriptor-room.ts";
import { handlerLost } from "./handler-lost.ts";
import { type HandlerReport, isReport, thrownIn } from "./handler-report.ts";
import type { HandlerPlace } from "./module-handler.ts";
import type { IMPORTED as WORKER_IMPORTED, WorkerRequest } from "./worker.ts";

// The compiled program, also where this file is not compiled: a worker has no loader of types.
const PROGRAM = new URL("../../dist/socketserver/worker.js", import.meta.url);

/** What a worker says when its modules are there; its own file is not imported here, where it would begin to work. */
const IMPORTED: typeof WORKER_IMPORTED = "sockwright:socketserver:imported";
/**
 * How long a thread that is to end may still import its modules. Node never closes a file that a worker was about to read when it
 * ended.
 */
const IMPORT_GRACE_MS = 5_000;

/** How many threads have been started, and have not yet taken the descriptors that they need. */
let starting = 0;

interface Run {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One worker thread, with one request at a time. While it has none, it keeps no process alive. */
export class RequestThread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #isDaemon: boolean;
  readonly #imported: Promise<void>;
  #run: Run | undefined;
  /** What it failed of, before it exits. */
  #failure: unknown;
  #isTerminated = false;

  /**
   * `onExit` is called when the thread has ended, after its request has failed; with an error where it had none to tell.
   *
   * @throws SocketError `EMFILE`, `ENFILE`.
   */
  constructor(place: HandlerPlace, isDaemon: boolean, onExit: (thread: RequestThread, error: unknown) => void) {
    this.#isDaemon = isDaemon;
    checkDescriptorRoom(starting + 1);
    this.#worker = new Worker(PROGRAM, { workerData: place, name: "sockwright request" });
    this.#worker.unref();
    this.#noteStart();
    this.#imported = new Promise((resolve) => {
      this.#worker.on("message", (message: unknown) => {
        if (message === IMPORTED) resolve();
        else if (isReport(message)) this.#answered(message);
      });
      this.#worker.once("exit", () => resolve());
    });
    this.#worker.on("messageerror", (error) => this.#settle((run) => run.reject(error)));
    this.#worker.on("error", (error) => {
      this.#failure = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", (exitCode) => {
        const error = handlerLost({ exitCode }, this.#failure);
        const isTold = this.#settle((run) => run.reject(error)) || this.#isTerminated;
        onExit(this, isTold ? undefined : error);
        resolve();
      });
    });
  }

  /** Runs a handler: resolves when it is done, and rejects with what it threw, or when the thread is lost. */
  run(request: WorkerRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.postMessage(request);
      if (!this.#isDaemon) this.#worker.ref();
      this.#run = { resolve, reject };
    });
  }

  /** Ends the thread, whatever it does but importing; its request is lost. */
  async terminate(): Promise<void> {
    this.#isTerminated = true;
    await this.#importedInTime();
    await this.#worker.terminate();
    await this.#exited;
  }

  async #importedInTime(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, IMPORT_GRACE_MS);
    });
    await Promise.race([this.#imported, isOver]);
    clearTimeout(timer);
  }

  #noteStart(): void {
    starting++;
    let isStarting = true;
    const started = (): void => {
      if (isStarting) starting--;
      isStarting = false;
    };
    this.#worker.once("online", started);
    this.#worker.once("exit", started);
  }

  #answered(report: HandlerReport): void {
    const thrown = thrownIn(report);
    this.#settle((run) => (thrown === undefined ? run.resolve() : run.reject(thrown.error)));
  }

  #settle(how: (run: Run) => void): boolean {
    const run = this.#run;
    if (run === undefined) return false;
    this.#run = undefined;
    this.#worker.unref();
    how(run);
    return true;
  }
}
