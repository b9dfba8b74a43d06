/**
 * A task that is asked for again and again, and done one after the other. Whoever asks while it is done gets the next run, which
 * begins after the question, and shares it with all who ask until then.
 */
export class JoinedCalls<Result> {
  readonly #task: () => Promise<Result>;
  #running: Promise<unknown> | undefined;
  #next: Promise<Result> | undefined;

  constructor(task: () => Promise<Result>) {
    this.#task = task;
  }

  /** Settles as the task does, in a run that had not begun when this was called. */
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
