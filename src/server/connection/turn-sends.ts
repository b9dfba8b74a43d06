// The connections that have written in a turn, and send together.
import type { Kernel } from "../../native/kernel.ts";
import { atEndOfTurn, type TurnEnder } from "../../native/turn.ts";
import { forgetCopies, GATHERED } from "./write-buffer.ts";

/** Sends in one call of the addon; more need another call. */
export const MAX_SENDS = 256;

/** Slot, generation, offset, and length or result: the contract of `sendAll`. */
const INT32S_PER_SEND = 4;

/** A connection that has written in the turn. Its methods do not throw. */
export interface TurnWriter {
  /**
   * Adds a send of all waiting bytes to the list, if one send does it, and returns the sender; else {@link endTurn} is
   * called.
   */
  stage(sends: Int32Array, at: number): Pick<Kernel, "sendAll"> | undefined;
  /** The result of that send: a count, or a negated errno. */
  takeSendResult(result: number): void;
  endTurn(): void;
}

/** The writers of a turn, most of whom send together at its end. */
class TurnSends implements TurnEnder {
  #due: (TurnWriter | undefined)[] = [];
  #dueCount = 0;
  /**
   * The list of the turn before, reused: its slots are empty. A shorter `length` would free its memory each turn.
   */
  #spare: (TurnWriter | undefined)[] = [];
  readonly #sends = new Int32Array(MAX_SENDS * INT32S_PER_SEND);
  /** The writers whose sends were made and not reported yet. */
  readonly #staged: (TurnWriter | undefined)[] = new Array<TurnWriter | undefined>(MAX_SENDS).fill(undefined);
  #stagedCount = 0;

  /** Called back once, when the turn ends. */
  add(writer: TurnWriter): void {
    this.#due[this.#dueCount++] = writer;
    if (this.#dueCount === 1) atEndOfTurn(this);
  }

  /** Sends were made, and not all results are reported. */
  get isTelling(): boolean {
    return this.#stagedCount > 0;
  }

  /** Reports the result of its send to a writer now, if one was made: it is about to write or to send more. */
  settle(writer: TurnWriter): void {
    const index = this.#staged.indexOf(writer);
    if (index >= 0) this.#report(index);
  }

  endTurn(): void {
    forgetCopies();
    const due = this.#due;
    const count = this.#dueCount;
    this.#dueCount = 0;
    // A callback may write again and flush: then there is no spare list, and a new one is made.
    this.#due = this.#spare;
    this.#spare = [];
    const isAlone = count === 1 || this.isTelling;
    if (!isAlone)
      for (let from = 0; from < count; from += MAX_SENDS)
        this.#sendTogether(due, from, Math.min(count, from + MAX_SENDS));
    for (let at = 0; at < count; at++) {
      const writer = due[at];
      due[at] = undefined;
      writer?.endTurn();
    }
    this.#spare = due;
  }

  /** The writers that can, at most {@link MAX_SENDS}: they are removed from the list. */
  #sendTogether(due: (TurnWriter | undefined)[], from: number, to: number): void {
    let kernel: Pick<Kernel, "sendAll"> | undefined;
    let count = 0;
    for (let at = from; at < to; at++) {
      const writer = due[at];
      const by = writer?.stage(this.#sends, count * INT32S_PER_SEND);
      if (by === undefined) continue;
      kernel = by;
      due[at] = undefined;
      this.#staged[count++] = writer;
    }
    this.#stagedCount = count;
    kernel?.sendAll(GATHERED, this.#sends, count);
    for (let index = 0; index < count; index++) this.#report(index);
    this.#stagedCount = 0;
  }

  #report(index: number): void {
    const writer = this.#staged[index];
    this.#staged[index] = undefined;
    writer?.takeSendResult(this.#sends[index * INT32S_PER_SEND + 3] ?? 0);
  }
}

export const turnSends = new TurnSends();
