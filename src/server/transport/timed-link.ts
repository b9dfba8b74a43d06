import { DeadlineError, type DeadlineName } from "../time/deadline-error.ts";
import { Deadline, type DeadlineWheel } from "../time/deadline-wheel.ts";
import type { PeerCredentials } from "./peer-credentials.ts";
import type { Link, LinkEvents, Peer } from "./transport.ts";

/** How long a connection may take, in ms; undefined is for ever. How long it may take nothing, its output looks at. */
export interface LinkTimeouts {
  readonly firstByteTimeoutMs: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly readTimeoutMs: number | undefined;
  readonly totalTimeoutMs: number | undefined;
}

/** The link itself where there is no deadline: then it costs nothing. */
export function timed(
  link: Link,
  timeouts: LinkTimeouts,
  wheel: DeadlineWheel,
  expired: (name: DeadlineName, peer: Peer) => void,
): Link {
  const { firstByteTimeoutMs, idleTimeoutMs, readTimeoutMs, totalTimeoutMs } = timeouts;
  const all = [firstByteTimeoutMs, idleTimeoutMs, readTimeoutMs, totalTimeoutMs];
  const isTimed = all.some((timeoutMs) => timeoutMs !== undefined);
  return isTimed ? new TimedLink(link, timeouts, wheel, expired) : link;
}

/**
 * A link with deadlines, between a transport's link and the connection. It only looks at what passes: a message costs a
 * look at the clock, and no timer. The link whose deadline passes is aborted.
 */
class TimedLink implements Link, LinkEvents {
  readonly peer: Peer;
  readonly isRecords: boolean;
  readonly isDatagram: boolean;
  readonly endsAtClose: boolean;
  readonly #link: Link;
  readonly #timeouts: LinkTimeouts;
  readonly #wheel: DeadlineWheel;
  readonly #expired: (name: DeadlineName, peer: Peer) => void;
  readonly #firstByte: Deadline | undefined;
  readonly #idle: Deadline | undefined;
  readonly #read: Deadline | undefined;
  readonly #total: Deadline | undefined;
  #events: LinkEvents | undefined;

  constructor(
    link: Link,
    timeouts: LinkTimeouts,
    wheel: DeadlineWheel,
    expired: (name: DeadlineName, peer: Peer) => void,
  ) {
    this.peer = link.peer;
    this.isRecords = link.isRecords;
    this.isDatagram = link.isDatagram;
    this.endsAtClose = link.endsAtClose;
    this.#link = link;
    this.#timeouts = timeouts;
    this.#wheel = wheel;
    this.#expired = expired;
    this.#firstByte = this.#deadline("first-byte", timeouts.firstByteTimeoutMs);
    this.#idle = this.#deadline("idle", timeouts.idleTimeoutMs);
    this.#read = this.#deadline("read", timeouts.readTimeoutMs);
    this.#total = this.#deadline("total", timeouts.totalTimeoutMs);
  }

  get peerCredentials(): PeerCredentials | undefined {
    return this.#link.peerCredentials;
  }

  open(events: LinkEvents): void {
    this.#events = events;
    const { firstByteTimeoutMs = 0, idleTimeoutMs = 0, totalTimeoutMs = 0 } = this.#timeouts;
    this.#firstByte?.start(firstByteTimeoutMs);
    this.#idle?.start(idleTimeoutMs);
    this.#total?.start(totalTimeoutMs);
    this.#link.open(this);
  }

  /** The peer's silence counts from when somebody waits for it to end. */
  awaited(): void {
    const { readTimeoutMs = 0 } = this.#timeouts;
    this.#read?.start(readTimeoutMs);
  }

  resume(): void {
    if (this.isAwaited) this.awaited();
    this.#link.resume();
  }

  pause(): void {
    this.#read?.cancel();
    this.#link.pause();
  }

  send(bytes: Uint8Array, offset: number, length: number): number | undefined {
    const taken = this.#link.send(bytes, offset, length);
    if (taken !== undefined) this.#idle?.refresh();
    return taken;
  }

  sendMany(pieces: readonly Uint8Array[]): number | undefined {
    const taken = this.#link.sendMany(pieces);
    if (taken !== undefined) this.#idle?.refresh();
    return taken;
  }

  awaitWritable(): void {
    this.#link.awaitWritable();
  }

  awaitLoss(): void {
    this.#link.awaitLoss?.();
  }

  isDue(what: "input" | "output"): boolean {
    return this.#link.isDue?.(what) === true;
  }

  end(): void {
    this.#link.end();
  }

  close(): void {
    this.#cancelAll();
    this.#link.close();
  }

  abort(): void {
    this.#cancelAll();
    this.#link.abort();
  }

  get isAwaited(): boolean {
    return this.#events?.isAwaited === true;
  }

  received(bytes: Uint8Array): void {
    this.#firstByte?.cancel();
    this.#idle?.refresh();
    this.#read?.refresh();
    this.#events?.received(bytes);
  }

  ended(): void {
    this.#firstByte?.cancel();
    this.#read?.cancel();
    this.#events?.ended();
  }

  writable(): void {
    this.#events?.writable();
  }

  datagramFailed(error: Error): void {
    this.#events?.datagramFailed?.(error);
  }

  failed(error: Error): void {
    this.#cancelAll();
    this.#events?.failed(error);
  }

  #deadline(name: DeadlineName, timeoutMs: number | undefined): Deadline | undefined {
    if (timeoutMs === undefined) return undefined;
    const deadline = new Deadline(this.#wheel, () => {
      // Who does something else than wait has nothing to be late for; the next wait starts it again.
      if (name === "read" && !this.isAwaited) return;
      // A process that was held up may look at the clock before it has heard of everybody.
      if (name !== "total" && this.isDue("input")) {
        deadline.start(timeoutMs);
        return;
      }
      this.#expired(name, this.peer);
      this.abort();
      this.#events?.failed(new DeadlineError(name));
    });
    return deadline;
  }

  #cancelAll(): void {
    this.#firstByte?.cancel();
    this.#idle?.cancel();
    this.#read?.cancel();
    this.#total?.cancel();
  }
}
