import type { Service } from "./service.ts";

/**
 * A service that several servers have: it is started for the first of them, and stopped when the last has let it go. A chat has lines
 * on one server, and its page on another one. What was begun is ended before the next begins.
 */
export class SharedService<Shared extends Pick<Service, "start" | "stop"> = Service> {
  readonly service: Shared;
  #users = 0;
  /** What was begun last. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(service: Shared) {
    this.service = service;
  }

  /** Settles when the service has started. Who is rejected has nothing to stop. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#users === 0) await this.service.start?.();
      this.#users++;
    });
  }

  /** Once for each start. Settles with the service's own stop for whoever is the last. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#users === 0) return;
      this.#users--;
      if (this.#users === 0) await this.service.stop?.();
    });
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(run);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
