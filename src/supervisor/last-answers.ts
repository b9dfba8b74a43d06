/** Ended connections whose service is still remembered, beyond as many as are open. */
const MAX_FORGOTTEN = 1_024;

/** Which service has answered last on each connection of a listener that several share. */
export class LastAnswers {
  readonly #services = new Map<number, string>();
  readonly #openIds: () => Iterable<number>;
  #maxSize = MAX_FORGOTTEN;

  /** @param openIds - of the connections that are open now. */
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

  /** A connection that ends tells nobody here: its entry goes when there are too many, at little cost for each of them. */
  #forgetEnded(): void {
    const open = new Set(this.#openIds());
    for (const id of this.#services.keys()) if (!open.has(id)) this.#services.delete(id);
    this.#maxSize = 2 * this.#services.size + MAX_FORGOTTEN;
  }
}
