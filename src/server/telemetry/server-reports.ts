import type { WhenWriteBufferFull } from "../connection/connection-options.ts";
import type { ExpiryReason } from "../connection/policy.ts";
import type { RefusalReason } from "../limits/admission.ts";
import type { DropReason } from "../limits/datagram-limit.ts";
import type { HandshakeFailure } from "../limits/handshakes.ts";
import type { Peer } from "../transport/peer.ts";
import { attempt } from "./attempt.ts";
import { drops, errors, failedHandshakes, fullWriteBuffers, refusals, timeouts } from "./channels.ts";
import { ServerCounters } from "./server-counters.ts";
import type { HookName } from "./server-messages.ts";

/** The option `onError` of a server. */
type ErrorHook = (error: unknown, peer: Peer | undefined) => unknown;

/**
 * Counts and publishes the events of a server, and calls its hooks. Its methods do not throw: when a hook throws, or its promise
 * rejects, that is reported too, with the name of the hook, and affects nothing else.
 */
export class ServerReports {
  service: string;
  readonly counters: ServerCounters;
  #onError: ErrorHook | undefined;

  constructor(service: string, onError: ErrorHook | undefined) {
    this.service = service;
    this.counters = new ServerCounters(service);
    this.#onError = onError;
  }

  /** Uses another name of the service and another hook from now on. */
  use(service: string, onError: ErrorHook | undefined): void {
    this.service = service;
    this.counters.service = service;
    this.#onError = onError;
  }

  /** Reports a failed handshake. Its error is reported separately, like an error of the service. */
  reportHandshakeFailure(reason: HandshakeFailure, error: Error | undefined, peer: Peer): void {
    this.counters.countHandshakeFailure(reason);
    if (failedHandshakes.hasSubscribers) failedHandshakes.publish({ reason, error, peer, service: this.service });
  }

  /** Reports an error of the service, or of a listener, which has no peer. */
  reportError(error: unknown, peer: Peer | undefined): void {
    this.#publish({ error, peer });
    this.#callOnError(error, peer);
  }

  /** Reports an error of a hook: a function of the options, or `stop` of the service. */
  reportHookError(hook: HookName, error: unknown, peer: Peer | undefined): void {
    this.#publish({ error, peer, hook });
    this.#callOnError(error, peer);
  }

  /** Calls a hook whose result nothing depends on. */
  callHook(hook: HookName, call: () => unknown, peer?: Peer): void {
    attempt(call, (error) => this.reportHookError(hook, error, peer));
  }

  reportRefusal(reason: RefusalReason, peer: Peer): void {
    this.counters.countRefusal(reason);
    if (refusals.hasSubscribers) refusals.publish({ reason, peer, service: this.service });
  }

  reportFullWriteBuffer(whenWriteBufferFull: WhenWriteBufferFull, peer: Peer): void {
    this.counters.writeBufferFull++;
    if (fullWriteBuffers.hasSubscribers) fullWriteBuffers.publish({ whenWriteBufferFull, peer, service: this.service });
  }

  reportExpiry(deadline: ExpiryReason, peer: Peer): void {
    this.counters.countExpiry(deadline);
    if (timeouts.hasSubscribers) timeouts.publish({ deadline, peer, service: this.service });
  }

  reportDrop(reason: DropReason, peer: Peer): void {
    this.counters.countDrop(reason);
    if (drops.hasSubscribers) drops.publish({ reason, peer, service: this.service });
  }

  #publish(message: { error: unknown; peer: Peer | undefined; hook?: HookName }): void {
    this.counters.countError(message.error);
    // Node raises an error of a subscriber as an uncaught exception, in a tick of its own: it never comes here.
    if (errors.hasSubscribers) errors.publish({ ...message, service: this.service });
  }

  /** Calls `onError`. Its own errors are only published. */
  #callOnError(error: unknown, peer: Peer | undefined): void {
    attempt(
      () => this.#onError?.(error, peer),
      (thrown) => this.#publish({ error: thrown, peer, hook: "onError" }),
    );
  }
}
