import type { Service } from "../server/service.ts";

/**
 * A service that several servers have: it is started for the first of them, and stopped when the last has let it go. A chat has lines
 * on one server, and its page on another one.
 */
export class SharedService {
  readonly service: Service;
  #users = 0;
  #started: Promise<void> | undefined;

  constructor(service: Service) {
    this.service = service;
  }

  /** Settles when the service has started. Who is rejected has nothing to stop. */
  async start(): Promise<void> {
    this.#users++;
    this.#started ??= startOf(this.service);
    try {
      await this.#started;
    } catch (error) {
      if (--this.#users === 0) this.#started = undefined;
      throw error;
    }
  }

  /** Once for each start. Settles with the service's own stop for whoever is the last. */
  async stop(): Promise<void> {
    if (--this.#users > 0) return;
    this.#started = undefined;
    await this.service.stop?.();
  }
}

async function startOf(service: Service): Promise<void> {
  await service.start?.();
}
