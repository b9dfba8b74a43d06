import type { Service } from "./service.ts";

/** A service as a server runs it, from its start to its stop. Connections end with the service that they began with. */
export class ServiceRun {
  readonly service: Service;
  #calls = 0;
  #idle: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  constructor(service: Service) {
    this.service = service;
  }

  /** A function of the service is called for a connection or a datagram. */
  began(): void {
    this.#calls++;
  }

  /** Such a call has settled, and nothing more is done for it. */
  ended(): void {
    if (--this.#calls === 0) this.#idle?.();
  }

  async start(): Promise<void> {
    await this.service.start?.();
  }

  /** Settles when no call goes on. Asked once, when no more will begin. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#calls === 0) resolve();
      else this.#idle = resolve;
    });
  }

  /** Once, whoever asks. Rejects with what the service's function fails with. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.service.stop?.();
  }
}
