import type { AsyncResource } from "node:async_hooks";
import { Connection } from "../connection/connection.ts";
import type { ConnectionPolicy } from "../connection/policy.ts";
import type { Link } from "./transport.ts";

/**
 * A connection with an asynchronous context of its own: what its events call, the functions that are given what comes and
 * the listeners of its signal, is called in that context. Without it an event is in nobody's context or, where one tick
 * serves several connections, in that of another.
 */
export class ConnectionInContext extends Connection {
  readonly #context: AsyncResource;

  constructor(link: Link, policy: ConnectionPolicy, id: number, context: AsyncResource) {
    super(link, policy, id);
    this.#context = context;
  }

  override received(bytes: Uint8Array): void {
    this.#context.runInAsyncScope(super.received, this, bytes);
  }

  override ended(): void {
    this.#context.runInAsyncScope(super.ended, this);
  }

  override writable(): void {
    this.#context.runInAsyncScope(super.writable, this);
  }

  override failed(error: Error, phase?: "lost" | "aborted"): void {
    this.#context.runInAsyncScope(super.failed, this, error, phase);
  }

  override endInput(): void {
    this.#context.runInAsyncScope(super.endInput, this);
  }
}
