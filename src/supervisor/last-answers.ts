/** Limits the entries of ended connections, in addition to as many as are open; beyond it, they are removed. */
const MAX_FORGOTTEN = 1_024;

/** The service that answered last on each connection of a shared listener. */
export class LastAnswers {
  readonly #services = new Map<number, string>();
  readonly #openIds: () => Iterable<number>;
  #maxSize = MAX_FORGOTTEN;

  /** @param openIds - returns the ids of the open connections. */
  constructor(openIds: () => Iterable<number>) {
    this.#openIds = openIds;
  }

  set(connectionId: number, service: string): void {
    this.#services.set(connectionId, service);
    if (this.#services.size > this.#maxSize) this.#forgetEnded();
  }

  get(connectionId: number): string | undefined {
    return this.#services.get(connectionId);
  }

  /** Removes the entries of ended connections when there are too many: the end of a connection is not reported here. */
  #forgetEnded(): void {
    const open = new Set(this.#openIds());
    for (const id of this.#services.keys()) if (!open.has(id)) this.#services.delete(id);
    this.#maxSize = 2 * this.#services.size + MAX_FORGOTTEN;
  }
}
