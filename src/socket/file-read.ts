import { kernel } from "../native/load.ts";
import * as turn from "../native/turn.ts";
import { cut, reserve, reserveAhead, reservedAt } from "./buffer-pool.ts";
import { isUnfinished, type Outcome, PROGRESS, WOULD_BLOCK } from "./call.ts";
import { MSG_PEEK } from "./constants.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkReceived, ReceiveCall } from "./receive.ts";

const NEWLINE = 0x0a;

/** The input of a file: its reads receive bytes from the endpoint and push them here. */
export interface FileSource {
  readonly endpoint: Endpoint;
  /** Throws if no read can be made. */
  check(): void;
  /** Throws if the input has failed, so that no further bytes come. */
  checkInput(): void;
  /** Stores received bytes; returns true at the end of the input. */
  push(bytes: Buffer): boolean;
}

/** The form of one read of a file: what it takes from the input. */
export interface FileReadForm<R> {
  /**
   * Takes the whole result from the stored bytes, or takes nothing and returns how many bytes to receive. At the end of the input
   * it always returns a result.
   */
  take(isEnd: boolean): R | number;
  /** Whether the read must not receive a byte beyond the end of a line. */
  readonly isUnbufferedLine?: boolean;
  /** Called when the read fails or starts again: returns the bytes it has taken to the input. */
  giveBack?(): void;
  /** The result if the file is closed while the read waits; if it is undefined, the read fails. */
  readonly whenClosed?: R;
}

/**
 * A read of a file: one call in the socket's queue, which receives until its result is complete. The queue keeps reads in their
 * order, and a read that completes at once costs one promise.
 */
export class FileRead<R> extends ReceiveCall<R> {
  readonly source: FileSource;
  readonly form: FileReadForm<R>;

  /** @param wanted - the number of bytes of the first receive, at least 1. */
  constructor(source: FileSource, form: FileReadForm<R>, wanted: number) {
    super(source.endpoint, 0, wanted);
    this.source = source;
    this.form = form;
  }

  attempt(): Outcome<R> {
    try {
      const outcome = this.#receive();
      // A read that may not wait ends here; the queue does not abandon a call that it tried at once.
      if (!this.mayWait && isUnfinished(outcome)) this.abandon();
      return outcome;
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  override abandon(): void {
    this.form.giveBack?.();
  }

  // For datagram sockets after shutdown: no further datagram comes.
  nothing(): R {
    try {
      this.source.push(Buffer.alloc(0));
      return this.#result(true) as R;
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  #receive(): Outcome<R> {
    const { endpoint, source } = this;
    source.check();
    let isEnd = false;
    for (let isFirst = true; ; isFirst = false) {
      const result = this.#result(isEnd);
      if (typeof result !== "number") return result;
      source.checkInput();
      // A peer that sends without a pause gets no larger share of the turn than others. A short receive may have stopped at urgent
      // data or at a passed descriptor: a read that does not wait receives again to get the data behind it.
      if (!isFirst && this.mayWait && (endpoint.drained || !turn.takeCall())) return PROGRESS;
      const bytes = this.form.isUnbufferedLine === true ? recvLine(endpoint, result) : recvBytes(endpoint, result);
      if (bytes === WOULD_BLOCK) return isFirst ? WOULD_BLOCK : PROGRESS;
      isEnd = source.push(bytes);
      // As in Python, the timeout applies to each receive.
      endpoint.receiving.waitAnew(readsOf(source));
    }
  }

  #result(isEnd: boolean): R | number {
    return this.form.take(isEnd);
  }
}

/** Yields the waiting reads of a file in their order. The caller must not end one of them during the iteration. */
export function* readsOf(source: FileSource): Generator<FileRead<unknown>, void> {
  for (const call of source.endpoint.receiving.waiting()) {
    if (call instanceof FileRead && call.source === source) yield call;
  }
}

function recvBytes(endpoint: Endpoint, count: number): Buffer | typeof WOULD_BLOCK {
  const { slot, generation } = endpoint;
  const memory = reserveAhead(count);
  const result = kernel.recv(slot, generation, memory, reservedAt, count, 0);
  const taken = checkReceived(endpoint, "recv", result, count, 0);
  return taken === WOULD_BLOCK ? WOULD_BLOCK : cut(memory, taken);
}

/**
 * Receives the available part of a line, up to its end and not a byte more, as recv(2) of single bytes would. It peeks first
 * (MSG_PEEK) and receives in the same attempt, so that no other receive of the socket comes between the two.
 */
function recvLine(endpoint: Endpoint, most: number): Buffer | typeof WOULD_BLOCK {
  const { slot, generation } = endpoint;
  const memory = reserve(most, MSG_PEEK);
  const offset = reservedAt;
  const result = kernel.recv(slot, generation, memory, offset, most, MSG_PEEK);
  const seen = checkReceived(endpoint, "recv", result, most, MSG_PEEK);
  if (seen === WOULD_BLOCK || seen === 0) return seen === 0 ? Buffer.alloc(0) : seen;
  const at = memory.subarray(offset, offset + seen).indexOf(NEWLINE);
  const wanted = at < 0 ? seen : at + 1;
  const count = kernel.recv(slot, generation, memory, offset, wanted, 0);
  const taken = checkReceived(endpoint, "recv", count, wanted, 0);
  return taken === WOULD_BLOCK ? WOULD_BLOCK : cut(memory, taken);
}
