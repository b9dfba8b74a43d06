import { kernel } from "../native/load.ts";
import * as turn from "../native/turn.ts";
import { isUnfinished, type Part } from "./call.ts";
import { Direction } from "./direction.ts";
import { type Gathered, gather } from "./gather.ts";
import { SockwrightError, type SockwrightErrorCode } from "./sockwright-error.ts";

/** The direction out of a socket: the sends of one turn are gathered, and one that was cut ends the direction. */
export class Sending extends Direction implements turn.TurnEnder {
  /** Why this direction can only be closed. */
  broken: SockwrightErrorCode | undefined;
  #lastTurn = -1;

  override check(): void {
    this.owner.check();
    if (this.broken !== undefined) throw new SockwrightError(this.broken);
  }

  /** Called when the turn ends: what was gathered leaves. */
  endTurn(): void {
    this.flush();
  }

  /**
   * The first send of a turn goes at once; a further one leaves with its fellows when the turn ends. None is held back
   * where it could be overtaken, by whoever else has the descriptor, and none for which there is no end of the turn.
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
    // An error is left for the first call's own attempt to find and to tell.
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
