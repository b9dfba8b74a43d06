import type { Service } from "./service.ts";

/** One run of a service on a server, from `start` to `stop`. A connection keeps the run that it began with. */
export class ServiceRun {
  readonly service: Service;
  #calls = 0;
  #onIdle: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  constructor(service: Service) {
    this.service = service;
  }

  /** Counts a call of the service's function, for a connection or a datagram. */
  beginCall(): void {
    this.#calls++;
  }

  /** Counts the end of such a call: it has settled, and nothing more happens for it. */
  endCall(): void {
    if (--this.#calls === 0) this.#onIdle?.();
  }

  async start(): Promise<void> {
    await this.service.start?.();
  }

  /** Resolves when no call is in progress. Call it once, when no more calls will begin. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#calls === 0) resolve();
      else this.#onIdle = resolve;
    });
  }

  /** Stops the service; further calls return the same promise. Rejects with the error of the service's `stop`. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.service.stop?.();
  }
}
