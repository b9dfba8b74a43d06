// The connections that have written in a turn, which send together.
import type { Kernel } from "../../native/kernel.ts";
import { atEndOfTurn, type TurnEnder } from "../../native/turn.ts";
import { forgetCopies, GATHERED } from "./write-buffer.ts";

/** So many sends at most are made with one call of the addon. */
export const MAX_SENDS = 256;

/** Slot, generation, offset, and length or result: the contract of `sendAll`. */
const INT32S_PER_SEND = 4;

/** Who has written something in the turn. Nothing here throws. */
export interface TurnWriter {
  /**
   * Puts a send of all that waits into the list, if that is what there is to do, and gives who makes it; else {@link endTurn} is
   * called.
   */
  stage(sends: Int32Array, at: number): Pick<Kernel, "sendAll"> | undefined;
  /** What that send has come to: a count, or a negated errno. */
  sentTogether(result: number): void;
  endTurn(): void;
}

/** The writers of a turn, most of whom send together at its end. */
class TurnSends implements TurnEnder {
  #due: (TurnWriter | undefined)[] = [];
  #dueCount = 0;
  /**
   * The list of the turn before, used again: its places are empty. A shorter `length` would drop its memory with every turn.
   */
  #spare: (TurnWriter | undefined)[] = [];
  readonly #sends = new Int32Array(MAX_SENDS * INT32S_PER_SEND);
  /** Whose sends were made and not told yet. */
  readonly #staged: (TurnWriter | undefined)[] = new Array<TurnWriter | undefined>(MAX_SENDS).fill(undefined);
  #stagedCount = 0;

  /** It is called back when the turn ends, once. */
  add(writer: TurnWriter): void {
    this.#due[this.#dueCount++] = writer;
    if (this.#dueCount === 1) atEndOfTurn(this);
  }

  /** Sends were made, and not all writers have been told. */
  get isTelling(): boolean {
    return this.#stagedCount > 0;
  }

  /** Tells a writer now what its send has come to, if one was made: it is about to write or to send more. */
  settle(writer: TurnWriter): void {
    const index = this.#staged.indexOf(writer);
    if (index >= 0) this.#tell(index);
  }

  endTurn(): void {
    forgetCopies();
    const due = this.#due;
    const count = this.#dueCount;
    this.#dueCount = 0;
    // Whoever is told may write again, and flush: then there is no spare list, and a new one is made.
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

  /** Those who can, {@link MAX_SENDS} at most: they are due no more. */
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
    for (let index = 0; index < count; index++) this.#tell(index);
    this.#stagedCount = 0;
  }

  #tell(index: number): void {
    const writer = this.#staged[index];
    this.#staged[index] = undefined;
    writer?.sentTogether(this.#sends[index * INT32S_PER_SEND + 3] ?? 0);
  }
}

export const turnSends = new TurnSends();
