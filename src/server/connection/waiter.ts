import type { InputEnd } from "./read.ts";
import type { ReadBuffer } from "./read-buffer.ts";

/** Why a wait for input is over: no more will come, or the connection is lost, or it was given up here. */
export type WaitEnd = InputEnd | "lost" | "aborted";

/** Who waits for input: a read, or whoever has it pushed. */
export interface Waiter {
  /** Whether it can be given what comes without having it kept in the read buffer, which is empty then. */
  readonly takesLent: boolean;
  /** Whether it has what it waited for, and waits no more. */
  attempt(buffer: ReadBuffer, lent?: Uint8Array): boolean;
  /** No more will come. */
  end(buffer: ReadBuffer, how: WaitEnd, failure: Error | undefined): void;
}
