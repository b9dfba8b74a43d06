import { mapPromise } from "./call.ts";

/** A queue of tasks that run one after another, in the order of their calls: each begins when those before it have ended. */
export class InOrder {
  #last: Promise<void> | undefined;

  /** Nothing runs, and nothing waits. */
  get isIdle(): boolean {
    return this.#last === undefined;
  }

  /** With nothing before it, the task begins at once. It does not throw; its failure is the caller's alone. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last === undefined ? task() : this.#last.then(task);
    const end = (): void => {
      if (this.#last === ended) this.#last = undefined;
    };
    const ended: Promise<void> = result.then(end, end);
    this.#last = ended;
    return mapPromise(result, (value) => value);
  }
}
