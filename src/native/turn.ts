// One turn of the event loop: its budget, and what leaves at its end or at the exit of the process.
/**
 * The budget of one turn of the event loop. An `await` on a settled promise never leaves the microtask queue, so a loop
 * over calls that succeed at once would keep timers and every other socket waiting. All such calls share this budget;
 * when it is spent, a call waits for the next turn. (A socket that was ready has one call besides: its answer.)
 */
export const CALLS_PER_TURN = 128;
/** Bytes that those calls move in one turn, over all sockets. */
export const BYTES_PER_TURN = 256 * 1024;

/** Who has something to do when the turn ends. */
export interface TurnEnder {
  /** Throws nothing. */
  endTurn(): void;
}

let callsLeft = CALLS_PER_TURN;
let bytesLeft = BYTES_PER_TURN;
let turnNumber = 0;
let nextTurn: NodeJS.Immediate | undefined;
let waiting: (() => void)[] = [];
let enders: TurnEnder[] = [];
/** The list of the turn before, used again: empty. */
let spareEnders: TurnEnder[] = [];
let isTickScheduled = false;
let exiting = false;

// At its end a process runs the listeners of `exit`, and no tick, timer or event any more: what waits for nothing but its
// turn is done now, as a C program's send before exit(3) is.
process.once("exit", () => {
  exiting = true;
  flushTurn();
  const tasks = waiting;
  waiting = [];
  for (const task of tasks) task();
});

/** The process is in its `exit` listeners: there is no later turn, so nothing is put off. */
export function isExiting(): boolean {
  return exiting;
}

/** A new turn: the budget is whole again. */
export function beginTurn(): void {
  turnNumber++;
  callsLeft = CALLS_PER_TURN;
  bytesLeft = BYTES_PER_TURN;
}

/** Tells one turn from another. */
export function currentTurn(): number {
  return turnNumber;
}

/**
 * As {@link currentTurn}, and sees to it that this turn ends with its microtasks, also where no event of the poller comes
 * for long: the number is another one then.
 */
export function endingTurn(): number {
  scheduleEnd();
  return turnNumber;
}

/**
 * Calls `endTurn` when every handler of this turn has had its say: after the microtasks, before the loop looks at
 * anything else. One tick of Node's serves all of them, since a tick costs more than a small write. While the process
 * exits there are no ticks: then it is called at once.
 */
export function atEndOfTurn(ender: TurnEnder): void {
  if (exiting) {
    ender.endTurn();
    return;
  }
  enders.push(ender);
  scheduleEnd();
}

/** Does now what was put off to the end of the turn: somebody else is about to act on the sockets. */
export function flushTurn(): void {
  const due = enders;
  if (due.length === 0) return;
  // Within an ender somebody may flush again: then there is no spare one, and a new list is made.
  enders = spareEnders;
  spareEnders = [];
  for (const ender of due) ender.endTurn();
  due.length = 0;
  spareEnders = due;
}

/** Takes one call out of the budget. False when it is spent: then the call belongs to the next turn. */
export function takeCall(): boolean {
  if (exiting) return true;
  if (callsLeft > 0 && bytesLeft > 0) {
    // Half of it is left for now; by the next turn it is whole, also where calls come from timers and not from sockets.
    if (--callsLeft === CALLS_PER_TURN / 2) renewal();
    return true;
  }
  renewal().ref();
  return false;
}

/** A call moved so many bytes. */
export function spendBytes(bytes: number): void {
  bytesLeft -= bytes;
  if (bytesLeft < BYTES_PER_TURN / 2) renewal();
}

/** Runs `task` in the next turn that has room for it, after timers and other sockets have had theirs. */
export function inNextTurn(task: () => void): void {
  waiting.push(task);
  renewal().ref();
}

// The global: an import from node:process would create process.stdin and stdout, and make their pipes non-blocking. Read once, as it
// is a getter.
const node = process;

function scheduleEnd(): void {
  if (isTickScheduled || exiting) return;
  isTickScheduled = true;
  node.nextTick(endTurn);
}

/** It ends the turn, and begins none with a budget of its own: what it settles may send again, and go on so for ever. */
function endTurn(): void {
  isTickScheduled = false;
  turnNumber++;
  flushTurn();
}

/** The next turn, whoever causes it. It keeps the process alive only where something waits for it. */
function renewal(): NodeJS.Immediate {
  nextTurn ??= setImmediate(runWaiting).unref();
  return nextTurn;
}

function runWaiting(): void {
  nextTurn = undefined;
  beginTurn();
  const tasks = waiting;
  waiting = [];
  for (const [index, task] of tasks.entries()) {
    if (!takeCall()) {
      waiting = tasks.slice(index).concat(waiting);
      return;
    }
    task();
  }
}
