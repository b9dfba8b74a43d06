import { kernel } from "../native/load.ts";
import * as turn from "../native/turn.ts";
import { isUnfinished, type Part } from "./call.ts";
import { Direction } from "./direction.ts";
import { type Gathered, gather } from "./gather.ts";
import { SockwrightError, type SockwrightErrorCode } from "./sockwright-error.ts";

/** The sending direction of a socket. It gathers the sends of one turn; a send that was cut in the middle ends the direction. */
export class Sending extends Direction implements turn.TurnEnder {
  /** The reason why this direction can only be closed; undefined while it works. */
  broken: SockwrightErrorCode | undefined;
  #lastTurn = -1;

  override check(): void {
    this.owner.check();
    if (this.broken !== undefined) throw new SockwrightError(this.broken);
  }

  /** Called when the turn ends: sends the gathered data. */
  endTurn(): void {
    this.flush();
  }

  /**
   * Returns whether a send waits for the end of the turn. The first send of a turn goes at once; the further ones go together
   * when the turn ends. A send does not wait if another owner of the descriptor could overtake it, or if the process exits and
   * the turn has no end.
   */
  protected override isGathered(part: Part<unknown> | undefined): boolean {
    if (part === undefined || this.owner.isShared || turn.isExiting()) return false;
    const current = turn.endingTurn();
    const isFurther = this.#lastTurn === current;
    this.#lastTurn = current;
    return isFurther;
  }

  protected override awaitEndOfTurn(): void {
    turn.atEndOfTurn(this);
  }

  protected override attemptTogether(): boolean {
    if (this.broken !== undefined) return false;
    const gathered = gather(this.head);
    if (gathered === undefined) return false;
    const { slot, generation } = this.owner;
    const { bytes, flags } = gathered;
    const taken = kernel.send(slot, generation, bytes, 0, bytes.length, flags);
    // The first call's own attempt finds and reports an error.
    if (taken <= 0) return false;
    turn.spendBytes(taken);
    this.#share(gathered, taken);
    return true;
  }

  protected override keepError(errno: number): void {
    this.owner.unreadError = errno;
  }

  #share({ calls }: Gathered, taken: number): void {
    let left = taken;
    for (const call of calls) {
      const { part } = call;
      if (part === undefined || left === 0) return;
      const count = Math.min(left, part.rest().length);
      left -= count;
      const outcome = part.taken(count);
      if (isUnfinished(outcome)) return;
      this.succeed(call, outcome);
    }
  }
}
