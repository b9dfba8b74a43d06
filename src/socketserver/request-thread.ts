import { Worker } from "node:worker_threads";
import { checkDescriptorCapacity } from "./descriptor-capacity.ts";
import { handlerLostError } from "./handler-lost-error.ts";
import { type HandlerReport, isReport, thrownValueOf } from "./handler-report.ts";
import type { HandlerLocation } from "./module-handler.ts";
import type { IMPORTED as WORKER_IMPORTED, WorkerRequest } from "./worker.ts";

// Always the compiled program, even when this file runs as TypeScript: a worker cannot load TypeScript.
const PROGRAM = new URL("../../dist/socketserver/worker.js", import.meta.url);

/** The message of a worker that has imported its modules. Only its type is imported: importing the program would run it. */
const IMPORTED: typeof WORKER_IMPORTED = "sockwright:socketserver:imported";
/**
 * How long {@link RequestThread.terminate} waits for an import in progress; then it terminates the thread. Node never closes a
 * file that a worker was about to read when it ended.
 */
const IMPORT_GRACE_MS = 5_000;

/** The number of threads that are starting and have not yet opened their descriptors. */
let starting = 0;

interface Run {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One worker thread, which handles one request at a time. While idle it does not keep the process alive. */
export class RequestThread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #isDaemon: boolean;
  readonly #imported: Promise<void>;
  #run: Run | undefined;
  /** The error that ended the thread, before its exit. */
  #failure: unknown;
  #isTerminated = false;

  /**
   * The thread calls `onExit` when it has ended, after its request has failed; with an error if no request received that.
   *
   * @throws SocketError `EMFILE`, `ENFILE`.
   */
  constructor(location: HandlerLocation, isDaemon: boolean, onExit: (thread: RequestThread, error: unknown) => void) {
    this.#isDaemon = isDaemon;
    checkDescriptorCapacity(starting + 1);
    this.#worker = new Worker(PROGRAM, { workerData: location, name: "sockwright request" });
    this.#worker.unref();
    this.#countStart();
    this.#imported = new Promise((resolve) => {
      this.#worker.on("message", (message: unknown) => {
        if (message === IMPORTED) resolve();
        else if (isReport(message)) this.#receiveReport(message);
      });
      this.#worker.once("exit", () => resolve());
    });
    this.#worker.on("messageerror", (error) => this.#settle((run) => run.reject(error)));
    this.#worker.on("error", (error) => {
      this.#failure = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", (exitCode) => {
        const error = handlerLostError({ exitCode }, this.#failure);
        const isReported = this.#settle((run) => run.reject(error)) || this.#isTerminated;
        onExit(this, isReported ? undefined : error);
        resolve();
      });
    });
  }

  /** Runs a handler. Resolves when it is done; rejects with the error that it threw, or when the thread is lost. */
  run(request: WorkerRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.postMessage(request);
      if (!this.#isDaemon) this.#worker.ref();
      this.#run = { resolve, reject };
    });
  }

  /** Terminates the thread, once an import in progress has ended; its request fails. */
  async terminate(): Promise<void> {
    this.#isTerminated = true;
    await this.#awaitImport();
    await this.#worker.terminate();
    await this.#exited;
  }

  async #awaitImport(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, IMPORT_GRACE_MS);
    });
    await Promise.race([this.#imported, isOver]);
    clearTimeout(timer);
  }

  #countStart(): void {
    starting++;
    let isStarting = true;
    const countStarted = (): void => {
      if (isStarting) starting--;
      isStarting = false;
    };
    this.#worker.once("online", countStarted);
    this.#worker.once("exit", countStarted);
  }

  #receiveReport(report: HandlerReport): void {
    const thrown = thrownValueOf(report);
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
