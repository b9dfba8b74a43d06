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

/** Whom a server tells of what failed. */
type ErrorHook = (error: unknown, peer: Peer | undefined) => unknown;

/**
 * What happens in a server is counted, published and told to its hooks here. Nothing throws: a hook that throws, or whose
 * promise rejects, is itself what is reported, with its name, and changes nothing for anybody else.
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

  /** What comes from now on is of a service of that name, and goes to that hook. */
  use(service: string, onError: ErrorHook | undefined): void {
    this.service = service;
    this.counters.service = service;
    this.#onError = onError;
  }

  /** A connection did not come to the service. What the handshake failed with is told as what a service fails with. */
  handshakeFailed(reason: HandshakeFailure, error: Error | undefined, peer: Peer): void {
    this.counters.handshakeFailed(reason);
    if (failedHandshakes.hasSubscribers) failedHandshakes.publish({ reason, error, peer, service: this.service });
  }

  /** The service failed, or a listener: then there is no peer. */
  failed(error: unknown, peer: Peer | undefined): void {
    this.#publish({ error, peer });
    this.#tell(error, peer);
  }

  /** A function of the options failed, or the one with which the service stops. */
  hookFailed(hook: HookName, error: unknown, peer: Peer | undefined): void {
    this.#publish({ error, peer, hook });
    this.#tell(error, peer);
  }

  /** Calls a function of the program's that nothing depends on. */
  callHook(hook: HookName, call: () => unknown, peer?: Peer): void {
    attempt(call, (error) => this.hookFailed(hook, error, peer));
  }

  refused(reason: RefusalReason, peer: Peer): void {
    this.counters.refused(reason);
    if (refusals.hasSubscribers) refusals.publish({ reason, peer, service: this.service });
  }

  writeBufferFull(whenWriteBufferFull: WhenWriteBufferFull, peer: Peer): void {
    this.counters.writeBufferFull++;
    if (fullWriteBuffers.hasSubscribers) fullWriteBuffers.publish({ whenWriteBufferFull, peer, service: this.service });
  }

  expired(deadline: ExpiryReason, peer: Peer): void {
    this.counters.expired(deadline);
    if (timeouts.hasSubscribers) timeouts.publish({ deadline, peer, service: this.service });
  }

  dropped(reason: DropReason, peer: Peer): void {
    this.counters.dropped(reason);
    if (drops.hasSubscribers) drops.publish({ reason, peer, service: this.service });
  }

  #publish(message: { error: unknown; peer: Peer | undefined; hook?: HookName }): void {
    this.counters.failed(message.error);
    // Node raises what a subscriber throws as an uncaught exception of the process, in a tick of its own: it never comes here.
    if (errors.hasSubscribers) errors.publish({ ...message, service: this.service });
  }

  /** What `onError` itself fails with it is not told. */
  #tell(error: unknown, peer: Peer | undefined): void {
    attempt(
      () => this.#onError?.(error, peer),
      (thrown) => this.#publish({ error: thrown, peer, hook: "onError" }),
    );
  }
}
