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
import { promiseOf } from "./given-promise.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import { SocketError } from "./socket-error.ts";
import { AbortError } from "./sockwright-error.ts";
import { SpareDescriptor } from "./spare-descriptor.ts";
import { isStreamed } from "./stream.ts";
import { signalOf, type WaitOptions, waitForm } from "./wait-options.ts";

/** The options of `serve`, which runs until `signal` aborts or the listener is closed. */
export interface ServeOptions extends WaitOptions {
  /**
   * Called with the error of every handler that failed, besides the diagnostics channel `sockwright:serve:error`. When it
   * throws or rejects itself, that is published there, too, with `hook: "onError"`, and ends nothing.
   */
  readonly onError?: ((error: unknown, address: Address) => void) | undefined;
}

const SERVE_OPTIONS: OptionNames<ServeOptions> = { signal: true, onError: true };

/** Runs a handler for a connection; the connection is closed when it ends, unless it has a stream, which does that. */
export type Session = (accepted: AcceptedSocket) => unknown;

/** Runs a session for each connection, as {@link acceptAll} takes them. Those that run at its end go on by themselves. */
export async function serve(listener: Endpoint, session: Session, options: ServeOptions): Promise<void> {
  listener.check();
  checkOptions("serve()", options, SERVE_OPTIONS, waitForm);
  const signal = signalOf(options);
  const { onError } = options;
  if (onError !== undefined && typeof onError !== "function") {
    throw wrongType("options.onError", "of type function", onError);
  }
  // Read once: a getter of the program's own that throws must not do so in the middle.
  const read = { signal, onError };
  await acceptAll(listener, (incoming) => runSession(session, adoptIncoming(listener, incoming), read), signal);
}

/**
 * Accepts until the listener is closed or the signal fires, and hands over each connection. Errors of accept(2) go by the
 * table in accept.ts; one that ends the server is thrown. With a gate no more is taken than there is room for, and a spare
 * descriptor is kept for when there is no other.
 *
 * @param take - throws nothing.
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
    // Most turns bring one connection, and a second accept would find nothing; in a burst the limit soon has its height.
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

/** With an error of the wait for it in it, where that is a shortage: epoll_create(2) and epoll_ctl(2) have those of accept(2). */
async function nextBatch(...call: Parameters<typeof acceptBatch>): Promise<AcceptBatch> {
  try {
    return await acceptBatch(...call);
  } catch (error) {
    if (acceptAction(error, false) === "stop") throw error;
    return { accepted: [], error };
  }
}

/** Connections one by one, never one ahead: a loop that is left has lost no peer. */
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

/** What the call gives, or undefined when a local close or the signal is why it gave nothing. */
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
  // A handler that waits with the server's own signal ends this way when the server is told to end.
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
 * Runs a function of the program's own, and tells how it ended. Whatever it throws or gives, a rejection, a thenable or a
 * promise whose `then` throws, nothing is thrown here. No async function, and no promise but the one it gave: of every idle
 * connection this is what the server itself keeps.
 *
 * @param done - throws nothing, nor does `failed`.
 */
function settle(run: () => unknown, done: () => void, failed: (error: unknown) => void): void {
  try {
    void promiseOf(run()).then(done, failed);
  } catch (error) {
    void Promise.reject(error).catch(failed);
  }
}

/** A handler may throw anything, also a proxy that cannot be asked for its prototype. */
function isAbortError(error: unknown): boolean {
  try {
    return error instanceof AbortError;
  } catch {
    return false;
  }
}

/** By the accept table: true when accepting goes on. */
async function recover(
  listener: Endpoint,
  signal: AbortSignal | undefined,
  error: unknown,
  spare?: SpareDescriptor,
  gate?: AcceptGate,
): Promise<boolean> {
  // A spare that was lost to somebody faster is looked for again; where one is to be had, the shortage is over.
  const action = acceptAction(error, gate !== undefined && spare?.keep() === true);
  acceptError.publish({ error, action });
  gate?.countAcceptError(error);
  if (action === "stop") throw error;
  if (action === "retry") return true;
  if (action === "shed" && spare !== undefined && gate !== undefined) shedBacklog(listener, spare, gate);
  return pauseForShortage(listener, signal);
}

/** True after the pause that a shortage of descriptors or memory is given; false when a close or the signal ends it before. */
export function pauseForShortage(endpoint: Endpoint, signal: AbortSignal | undefined): Promise<boolean> {
  return pauseUntil(endpoint, signal, (end) => {
    const timer = setTimeout(end, ACCEPT_PAUSE_MS).unref();
    return () => clearTimeout(timer);
  });
}

/** True as soon as there is room for a connection. */
function awaitOpenGate(listener: Endpoint, signal: AbortSignal | undefined, gate: AcceptGate): Promise<boolean> {
  return pauseUntil(listener, signal, (end) => gate.whenOpen(end));
}

/** What calls back at the end of a pause, and gives what calls that off. */
type Beginning = (end: () => void) => () => void;

/** True after the pause; false when a local close or the signal ends it before. */
async function pauseUntil(listener: Endpoint, signal: AbortSignal | undefined, begin: Beginning): Promise<boolean> {
  const pause = listener.receiving.run(new Pause(listener, begin), signal);
  const isOver = pause.then(() => true);
  return (await untilEnd(listener, signal, isOver)) ?? false;
}

/** A wait in the listener's own queue, so that closing or aborting ends it like any other. */
class Pause extends Call<void> {
  readonly #callOff: () => void;
  #isOver = false;

  constructor(listener: Endpoint, begin: Beginning) {
    super();
    this.#callOff = begin(() => {
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

  // What the pause is for will not come: accept(2) says so.
  override shutDown(): never {
    this.#callOff();
    throw new SocketError("accept", EINVAL);
  }

  override abandon(): void {
    this.#callOff();
  }
}
