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
  /** The list of the turn before, used again: empty. */
  #spare: (TurnWriter | undefined)[] = [];
  readonly #sends = new Int32Array(MAX_SENDS * INT32S_PER_SEND);
  /** Whose sends were made and not told yet. */
  readonly #staged: (TurnWriter | undefined)[] = [];

  /** It is called back when the turn ends, once. */
  add(writer: TurnWriter): void {
    if (this.#due.push(writer) === 1) atEndOfTurn(this);
  }

  /** Sends were made, and not all writers have been told. */
  get isTelling(): boolean {
    return this.#staged.length > 0;
  }

  /** Tells a writer now what its send has come to, if one was made: it is about to write or to send more. */
  settle(writer: TurnWriter): void {
    const index = this.#staged.indexOf(writer);
    if (index >= 0) this.#tell(index);
  }

  endTurn(): void {
    forgetCopies();
    const due = this.#due;
    // Whoever is told may write again, and flush: then there is no spare list, and a new one is made.
    this.#due = this.#spare;
    this.#spare = [];
    const isAlone = due.length === 1 || this.isTelling;
    if (!isAlone) for (let from = 0; from < due.length; from += MAX_SENDS) this.#sendTogether(due, from);
    for (const writer of due) writer?.endTurn();
    due.length = 0;
    this.#spare = due;
  }

  /** Those who can, of the next {@link MAX_SENDS}: they are due no more. */
  #sendTogether(due: (TurnWriter | undefined)[], from: number): void {
    const staged = this.#staged;
    let kernel: Pick<Kernel, "sendAll"> | undefined;
    for (let at = from; at < due.length && at < from + MAX_SENDS; at++) {
      const writer = due[at];
      const by = writer?.stage(this.#sends, staged.length * INT32S_PER_SEND);
      if (by === undefined) continue;
      kernel = by;
      due[at] = undefined;
      staged.push(writer);
    }
    kernel?.sendAll(GATHERED, this.#sends, staged.length);
    for (let index = 0; index < staged.length; index++) this.#tell(index);
    staged.length = 0;
  }

  #tell(index: number): void {
    const writer = this.#staged[index];
    this.#staged[index] = undefined;
    writer?.sentTogether(this.#sends[index * INT32S_PER_SEND + 3] ?? 0);
  }
}

export const turnSends = new TurnSends();
