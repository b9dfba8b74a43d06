import { kernel } from "../native/load.ts";
import * as turn from "../native/turn.ts";
import { cut, reserve, reserveAhead, reservedAt } from "./buffer-pool.ts";
import { isUnfinished, type Outcome, PROGRESS, WOULD_BLOCK } from "./call.ts";
import { MSG_PEEK } from "./constants.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkReceived, ReceiveCall } from "./receive.ts";

const NEWLINE = 0x0a;

/** What a file reads from: received bytes come here. */
export interface FileSource {
  readonly endpoint: Endpoint;
  /** Throws what keeps every read from being made. */
  check(): void;
  /** Throws why nothing comes any more. */
  checkInput(): void;
  /** Keeps what was received; true at the end. */
  push(bytes: Buffer): boolean;
}

/** How one read of a file is made. */
export interface FileReadForm<R> {
  /**
   * Takes the result from what is there, all or nothing; or else gives how many bytes to receive. At the end there is always a
   * result.
   */
  take(isEnd: boolean): R | number;
  /** Not a byte beyond the end of a line is received. */
  readonly isUnbufferedLine?: boolean;
  /** The read has failed, or begins anew: gives back what it has taken. */
  giveBack?(): void;
  /** What the read gives where the file is closed meanwhile; without one it fails. */
  readonly whenClosed?: R;
}

/**
 * A read of a file: one call in the queue of its socket, which receives until it has its result. So reads are served in their
 * order, and one that has what it wants at once costs one promise.
 */
export class FileRead<R> extends ReceiveCall<R> {
  readonly source: FileSource;
  readonly form: FileReadForm<R>;

  /** @param wanted - how many bytes it will receive first, at least 1. */
  constructor(source: FileSource, form: FileReadForm<R>, wanted: number) {
    super(source.endpoint, 0, wanted);
    this.source = source;
    this.form = form;
  }

  attempt(): Outcome<R> {
    try {
      const outcome = this.#receive();
      // One that may not wait is over then, and where it was tried at once nobody abandons it.
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

  // Of datagrams: no further one comes.
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
      // A peer that sends without a pause has no more of the turn than others. A short receive may have ended at urgent data, or at
      // a descriptor that came along: whoever does not wait looks behind it.
      if (!isFirst && this.mayWait && (endpoint.drained || !turn.takeCall())) return PROGRESS;
      const bytes = this.form.isUnbufferedLine === true ? recvLine(endpoint, result) : recvBytes(endpoint, result);
      if (bytes === WOULD_BLOCK) return isFirst ? WOULD_BLOCK : PROGRESS;
      isEnd = source.push(bytes);
      // As in Python the time-out is that of each receive.
      endpoint.receiving.waitAnew(readsOf(source));
    }
  }

  #result(isEnd: boolean): R | number {
    return this.form.take(isEnd);
  }
}

/** The reads of a file that wait, in their order, for whoever ends none meanwhile. */
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
 * What has come of a line, up to its end and not a byte more, as recv(2) of single bytes would: it looks first, MSG_PEEK, and takes
 * in the same attempt, so that no other receive of the socket comes between the two.
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
