import type { Service } from "./service.ts";

/**
 * A service that several servers share: it starts for the first server, and stops after the last one. An example is a chat with
 * lines on one server and its page on another. Starts and stops run one after the other.
 */
export class SharedService<Shared extends Pick<Service, "start" | "stop"> = Service> {
  readonly service: Shared;
  #users = 0;
  /** The last start or stop, without its error. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(service: Shared) {
    this.service = service;
  }

  /** Resolves when the service has started. A caller whose start rejects must not call `stop`. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#users === 0) await this.service.start?.();
      this.#users++;
    });
  }

  /** Call it once for each start. The last call stops the service, and settles with the service's own stop. */
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
