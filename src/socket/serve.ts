import {
  ACCEPT_PAUSE_MS,
  type AcceptBatch,
  type AcceptedSocket,
  accept,
  acceptAction,
  acceptBatch,
  adoptIncoming,
  type Incoming,
  MAX_ACCEPTS_PER_TURN,
  shedBacklog,
} from "./accept.ts";
import type { AcceptGate } from "./accept-gate.ts";
import type { Address } from "./address.ts";
import { wrongType } from "./argument.ts";
import { Call, type Outcome, PARKED } from "./call.ts";
import { acceptError, serveError } from "./diagnostics.ts";
import type { Endpoint } from "./endpoint.ts";
import { EINVAL } from "./errno.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import { promiseOf } from "./promise-of.ts";
import { SocketError } from "./socket-error.ts";
import { AbortError } from "./sockwright-error.ts";
import { SpareDescriptor } from "./spare-descriptor.ts";
import { isStreamed } from "./stream.ts";
import { signalOf, type WaitOptions, waitForm } from "./wait-options.ts";

/** The options of `serve`, which runs until `signal` aborts or the listener is closed. */
export interface ServeOptions extends WaitOptions {
  /**
   * Called with the error of every handler that failed; the diagnostics channel `sockwright:serve:error` also publishes it. An
   * error of this function is published there with `hook: "onError"`, and the server continues.
   */
  readonly onError?: ((error: unknown, address: Address) => void) | undefined;
}

const SERVE_OPTIONS: OptionNames<ServeOptions> = { signal: true, onError: true };

/** Runs a handler for a connection. The connection is closed when the handler ends; if it has a stream, the stream closes it. */
export type Session = (accepted: AcceptedSocket) => unknown;

/** Runs a session for each connection that {@link acceptAll} accepts. Sessions that still run at its end continue. */
export async function serve(listener: Endpoint, session: Session, options: ServeOptions): Promise<void> {
  listener.check();
  checkOptions("serve()", options, SERVE_OPTIONS, waitForm);
  const signal = signalOf(options);
  const { onError } = options;
  if (onError !== undefined && typeof onError !== "function") {
    throw wrongType("options.onError", "of type function", onError);
  }
  // Each option is read once: a getter that throws must not throw later, while the server runs.
  const read = { signal, onError };
  await acceptAll(listener, (incoming) => runSession(session, adoptIncoming(listener, incoming), read), signal);
}

/**
 * Accepts connections until the listener is closed or the signal aborts, and passes each to `take`. The table in accept.ts
 * decides what follows an error of accept(2); an error that ends the server is thrown. With a gate it accepts no more connections
 * than the gate's capacity, and keeps a spare descriptor for the time when there is no other.
 *
 * @param take - must not throw.
 */
export async function acceptAll(
  listener: Endpoint,
  take: (incoming: Incoming) => void,
  signal: AbortSignal | undefined,
  gate?: AcceptGate,
): Promise<void> {
  const spare = new SpareDescriptor();
  if (gate !== undefined) spare.keep();
  try {
    // Most turns bring one connection, and a second accept would find none; in a burst the limit doubles each time.
    let limit = 1;
    for (let isFirst = true; ; isFirst = false) {
      if (gate !== undefined && gate.capacity <= 0 && !(await awaitOpenGate(listener, signal, gate))) return;
      const batch = await untilEnd(listener, signal, nextBatch(listener, limit, signal, isFirst, gate));
      if (batch === undefined) return;
      for (const incoming of batch.accepted) take(incoming);
      limit = Math.min(MAX_ACCEPTS_PER_TURN, Math.max(1, batch.accepted.length * 2));
      if (batch.error !== undefined && !(await recover(listener, signal, batch.error, spare, gate))) return;
    }
  } finally {
    spare.release();
  }
}

/**
 * Accepts the next batch. An error of the wait itself becomes part of the batch if it is temporary: epoll_create(2) and
 * epoll_ctl(2) report the same shortages as accept(2).
 */
async function nextBatch(...call: Parameters<typeof acceptBatch>): Promise<AcceptBatch> {
  try {
    return await acceptBatch(...call);
  } catch (error) {
    if (acceptAction(error, false) === "stop") throw error;
    return { accepted: [], error };
  }
}

/** Yields connections one by one and accepts none ahead, so that leaving the loop loses no peer. */
export async function* connections(listener: Endpoint): AsyncGenerator<AcceptedSocket, void> {
  listener.check();
  for (;;) {
    let next: AcceptedSocket | undefined;
    try {
      next = await untilEnd(listener, undefined, accept(listener, undefined));
    } catch (error) {
      if (await recover(listener, undefined, error)) continue;
      return;
    }
    if (next === undefined) return;
    yield next;
  }
}

/** Returns the result of the call, or undefined if a local close or the signal ended it. */
export async function untilEnd<T>(
  endpoint: Endpoint,
  signal: AbortSignal | undefined,
  call: Promise<T>,
): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (endpoint.closed || (error instanceof AbortError && signal?.aborted === true)) return undefined;
    throw error;
  }
}

function runSession(session: Session, { endpoint, address }: AcceptedSocket, options: ServeOptions): void {
  settle(
    () => session({ endpoint, address }),
    () => {
      if (!isStreamed(endpoint)) endpoint.close();
    },
    (error) => {
      endpoint.close();
      report(error, address, options);
    },
  );
}

function report(error: unknown, address: Address, { signal, onError }: ServeOptions): void {
  // A handler that waits with the server's signal rejects with this error when the signal aborts.
  if (signal?.aborted === true && isAbortError(error)) return;
  serveError.publish({ error, address });
  if (onError === undefined) return;
  settle(
    () => onError(error, address),
    () => undefined,
    (failure) => serveError.publish({ error: failure, address, hook: "onError" }),
  );
}

/**
 * Runs a function of the program and calls `done` or `onError` when it has ended. It never throws, also if the function returns a
 * thenable or a promise whose `then` throws. It is not an async function and creates no promise for a native one, since the
 * server keeps this for every idle connection.
 *
 * @param done - must not throw, nor may `onError`.
 */
function settle(run: () => unknown, done: () => void, onError: (error: unknown) => void): void {
  try {
    void promiseOf(run()).then(done, onError);
  } catch (error) {
    void Promise.reject(error).catch(onError);
  }
}

/** A handler may throw anything, also a proxy whose prototype cannot be read. */
function isAbortError(error: unknown): boolean {
  try {
    return error instanceof AbortError;
  } catch {
    return false;
  }
}

/** Takes the action of the accept table for an error. Returns whether the server continues to accept; throws the error if not. */
async function recover(
  listener: Endpoint,
  signal: AbortSignal | undefined,
  error: unknown,
  spare?: SpareDescriptor,
  gate?: AcceptGate,
): Promise<boolean> {
  // If the spare was lost to a faster thread, `keep` tries to open one again; if it can, the shortage is over.
  const action = acceptAction(error, gate !== undefined && spare?.keep() === true);
  acceptError.publish({ error, action });
  gate?.countAcceptError(error);
  if (action === "stop") throw error;
  if (action === "retry") return true;
  if (action === "shed" && spare !== undefined && gate !== undefined) shedBacklog(listener, spare, gate);
  return pauseForShortage(listener, signal);
}

/** Pauses after a shortage of descriptors or memory. Returns true after the pause, false if a close or the signal ends it before. */
export function pauseForShortage(endpoint: Endpoint, signal: AbortSignal | undefined): Promise<boolean> {
  return pauseUntil(endpoint, signal, (end) => {
    const timer = setTimeout(end, ACCEPT_PAUSE_MS).unref();
    return () => clearTimeout(timer);
  });
}

/** Waits until the gate has capacity for a connection. Returns false if a close or the signal ends the wait before. */
function awaitOpenGate(listener: Endpoint, signal: AbortSignal | undefined, gate: AcceptGate): Promise<boolean> {
  return pauseUntil(listener, signal, (end) => gate.whenOpen(end));
}

/** Starts a pause: calls `end` at its end, and returns a function that cancels this. */
type StartPause = (end: () => void) => () => void;

/** Returns true after the pause, false if a local close or the signal ends it before. */
async function pauseUntil(listener: Endpoint, signal: AbortSignal | undefined, start: StartPause): Promise<boolean> {
  const pause = listener.receiving.run(new Pause(listener, start), signal);
  const isOver = pause.then(() => true);
  return (await untilEnd(listener, signal, isOver)) ?? false;
}

/** A wait in the listener's queue, so that a close or an abort ends it like any other call. */
class Pause extends Call<void> {
  readonly #cancel: () => void;
  #isOver = false;

  constructor(listener: Endpoint, start: StartPause) {
    super();
    this.#cancel = start(() => {
      this.#isOver = true;
      listener.receiving.wake(0);
    });
  }

  get syscall(): string {
    return "accept";
  }

  get interest(): number {
    return 0;
  }

  attempt(): Outcome<void> {
    return this.#isOver ? undefined : PARKED;
  }

  // No connection can come after a shutdown; accept(2) reports EINVAL.
  override shutDown(): never {
    this.#cancel();
    throw new SocketError("accept", EINVAL);
  }

  override abandon(): void {
    this.#cancel();
  }
}
