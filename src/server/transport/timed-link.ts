// The deadlines of a connection: a link over the connection's link.
import { DeadlineError, type DeadlineName } from "../time/deadline-error.ts";
import { Deadline, type DeadlineWheel } from "../time/deadline-wheel.ts";
import type { Link, LinkFile, LinkInput, LinkOutput, LinkSocket } from "./link.ts";
import { LinkDecorator, withBase } from "./link-decorator.ts";
import type { Peer } from "./peer.ts";

/** The timeouts of a link, in ms; undefined means no limit. The output of a connection handles those for writing. */
export interface LinkTimeouts {
  readonly firstByteTimeoutMs: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly readTimeoutMs: number | undefined;
  readonly totalTimeoutMs: number | undefined;
}

/** Returns the link itself when there is no deadline, which then costs nothing. */
export function timedLinkOf(
  link: Link,
  timeouts: LinkTimeouts,
  wheel: DeadlineWheel,
  onExpired: (name: DeadlineName, peer: Peer) => void,
): Link {
  const { firstByteTimeoutMs, idleTimeoutMs, readTimeoutMs, totalTimeoutMs } = timeouts;
  const all = [firstByteTimeoutMs, idleTimeoutMs, readTimeoutMs, totalTimeoutMs];
  const isTimed = all.some((timeoutMs) => timeoutMs !== undefined);
  return isTimed ? new TimedLink(link, timeouts, wheel, onExpired) : link;
}

/**
 * A link with deadlines, between a transport's link and the connection. It only observes what passes: a message costs a
 * look at the clock, and no timer. It aborts the link whose deadline passes.
 */
class TimedLink extends LinkDecorator {
  readonly #timeouts: LinkTimeouts;
  readonly #wheel: DeadlineWheel;
  readonly #onExpired: (name: DeadlineName, peer: Peer) => void;
  readonly #firstByte: Deadline | undefined;
  readonly #idle: Deadline | undefined;
  readonly #read: Deadline | undefined;
  readonly #total: Deadline | undefined;

  constructor(
    link: Link,
    timeouts: LinkTimeouts,
    wheel: DeadlineWheel,
    onExpired: (name: DeadlineName, peer: Peer) => void,
  ) {
    super(link);
    this.#timeouts = timeouts;
    this.#wheel = wheel;
    this.#onExpired = onExpired;
    this.#firstByte = this.#deadline("first-byte", timeouts.firstByteTimeoutMs);
    this.#idle = this.#deadline("idle", timeouts.idleTimeoutMs);
    this.#read = this.#deadline("read", timeouts.readTimeoutMs);
    this.#total = this.#deadline("total", timeouts.totalTimeoutMs);
  }

  override open(input: LinkInput, output: LinkOutput): void {
    const isOpen = this.input !== undefined;
    super.open(input, output);
    if (isOpen) return;
    const { firstByteTimeoutMs = 0, idleTimeoutMs = 0, totalTimeoutMs = 0 } = this.#timeouts;
    this.#firstByte?.start(firstByteTimeoutMs);
    this.#idle?.start(idleTimeoutMs);
    this.#total?.start(totalTimeoutMs);
  }

  /** The deadlines belong to the connection and continue to run. */
  replaceBase(make: (base: Link) => Link): void {
    this.link = withBase(this.link, make, this, this);
  }

  /** Starts the read deadline: it measures the time that a reader waits. */
  override beginWait(): void {
    const { readTimeoutMs = 0 } = this.#timeouts;
    this.#read?.start(readTimeoutMs);
    this.link.beginWait?.();
  }

  override resume(): void {
    if (this.isAwaited) this.beginWait();
    this.link.resume();
  }

  override pause(): void {
    this.#read?.cancel();
    this.link.pause();
  }

  override send(bytes: Uint8Array, offset: number, length: number, hasMore?: boolean): number | undefined {
    const taken = this.link.send(bytes, offset, length, hasMore);
    if (taken !== undefined) this.#idle?.refresh();
    return taken;
  }

  get socket(): LinkSocket | undefined {
    return this.link.socket;
  }

  takeSendResult(result: number): number | undefined {
    const taken = this.link.takeSendResult?.(result);
    if (taken !== undefined) this.#idle?.refresh();
    return taken;
  }

  override sendMany(pieces: readonly Uint8Array[], hasMore?: boolean): number | undefined {
    const taken = this.link.sendMany(pieces, hasMore);
    if (taken !== undefined) this.#idle?.refresh();
    return taken;
  }

  openFile(descriptor: number): LinkFile | undefined {
    return this.link.openFile?.(descriptor);
  }

  sendFile(file: LinkFile, position: number, length: number): number | undefined {
    const taken = this.link.sendFile?.(file, position, length);
    if (taken !== undefined) this.#idle?.refresh();
    return taken;
  }

  override close(): void {
    this.#cancelAll();
    this.link.close();
  }

  override abort(): void {
    this.#cancelAll();
    this.link.abort();
  }

  override onReceived(bytes: Uint8Array): void {
    this.#firstByte?.cancel();
    this.#idle?.refresh();
    this.#read?.refresh();
    this.input?.onReceived(bytes);
  }

  override onEnd(): void {
    this.#firstByte?.cancel();
    this.#read?.cancel();
    this.input?.onEnd();
  }

  override onError(error: Error): void {
    this.#cancelAll();
    this.input?.onError(error);
  }

  #deadline(name: DeadlineName, timeoutMs: number | undefined): Deadline | undefined {
    if (timeoutMs === undefined) return undefined;
    const deadline = new Deadline(this.#wheel, () => {
      // No reader waits: the next wait starts the deadline again.
      if (name === "read" && !this.isAwaited) return;
      // A process that was held up may check the clock before it has received the pending events.
      if (name !== "total" && this.isDue("input")) {
        deadline.start(timeoutMs);
        return;
      }
      this.run(() => this.#expire(name));
    });
    return deadline;
  }

  #expire(name: DeadlineName): void {
    this.#onExpired(name, this.peer);
    this.abort();
    this.input?.onError(new DeadlineError(name));
  }

  #cancelAll(): void {
    this.#firstByte?.cancel();
    this.#idle?.cancel();
    this.#read?.cancel();
    this.#total?.cancel();
  }
}
