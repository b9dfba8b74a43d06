import type { InputEnd } from "./read.ts";
import type { ReadBuffer } from "./read-buffer.ts";

/** Why a wait for input is over: no more will come, the connection is lost, or this side gave up. */
export type WaitEnd = InputEnd | "lost" | "aborted";

/** A waiter for input: a read, or a push. */
export interface Waiter {
  /** Whether it takes input directly, without the read buffer, which is empty then. */
  readonly takesLent: boolean;
  /** Takes from the buffer; returns whether it is done and waits no more. */
  attempt(buffer: ReadBuffer, lent?: Uint8Array): boolean;
  /** No more will come. */
  end(buffer: ReadBuffer, how: WaitEnd, failure: Error | undefined): void;
}
