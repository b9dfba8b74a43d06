/**
 * Runs a repeated task one run at a time. Callers that request a run while one is under way share the next run, which begins after their
 * requests.
 */
export class JoinedCalls<Result> {
  readonly #task: () => Promise<Result>;
  #running: Promise<unknown> | undefined;
  #next: Promise<Result> | undefined;

  constructor(task: () => Promise<Result>) {
    this.#task = task;
  }

  /** Settles as the task does, in a run that begins after this call. */
  call(): Promise<Result> {
    this.#next ??= this.#run();
    return this.#next;
  }

  async #run(): Promise<Result> {
    await this.#running;
    this.#next = undefined;
    const done = this.#task();
    this.#running = done.catch(() => undefined);
    return done;
  }
}
