/** Who has something to do when the turn ends. */
export interface TurnEnder {
  /** Throws nothing. */
  endTurn(): void;
}

let waiting: TurnEnder[] = [];

/**
 * Calls `endTurn` when every handler of this turn has had its say: after the microtasks, before the loop looks at
 * anything else. One tick of Node's serves all of them, since a tick costs more than a small write.
 */
export function atEndOfTurn(ender: TurnEnder): void {
  // The global: an import from node:process would create process.stdin and stdout, and make their pipes non-blocking.
  if (waiting.push(ender) === 1) process.nextTick(endTurn);
}

function endTurn(): void {
  const enders = waiting;
  waiting = [];
  for (const ender of enders) ender.endTurn();
}
