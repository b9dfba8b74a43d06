// One turn of the event loop: its budget, and what leaves at its end or at the exit of the process.
/**
 * The number of calls that may succeed at once in one turn of the event loop; further ones wait for the next turn. An `await`
 * on a settled promise never leaves the microtask queue, so a loop over calls that succeed at once would keep timers and all
 * other sockets waiting. All such calls share this budget. (A socket that was ready may make one call in addition, its answer.)
 */
export const CALLS_PER_TURN = 128;
/** The bytes that those calls may move in one turn, over all sockets; when they are spent, calls wait for the next turn. */
export const BYTES_PER_TURN = 256 * 1024;

/** An object with work to do at the end of the turn. */
export interface TurnEnder {
  /** Does the work. It must not throw. */
  endTurn(): void;
}

let callsLeft = CALLS_PER_TURN;
let bytesLeft = BYTES_PER_TURN;
let turnNumber = 0;
let nextTurn: NodeJS.Immediate | undefined;
let waiting: (() => void)[] = [];
let enders: TurnEnder[] = [];
/** The list of the previous turn, emptied for reuse. */
let spareEnders: TurnEnder[] = [];
let isTickScheduled = false;
let exiting = false;

// At its end a process runs the `exit` listeners, and no further tick, timer or event: work that waits only for the end of the
// turn is done now, like a C program's send before exit(3).
process.once("exit", () => {
  exiting = true;
  flushTurn();
  const tasks = waiting;
  waiting = [];
  for (const task of tasks) task();
});

/** Returns whether the process runs its `exit` listeners: there is no later turn, so nothing can be postponed. */
export function isExiting(): boolean {
  return exiting;
}

/** Begins a new turn with a full budget. */
export function beginTurn(): void {
  turnNumber++;
  callsLeft = CALLS_PER_TURN;
  bytesLeft = BYTES_PER_TURN;
}

/** Returns a number that identifies the current turn. */
export function currentTurn(): number {
  return turnNumber;
}

/**
 * Like {@link currentTurn}, and also makes this turn end after its microtasks, even when the poller has no event for long: then
 * the number changes.
 */
export function endingTurn(): number {
  scheduleEnd();
  return turnNumber;
}

/**
 * Calls `endTurn` after all handlers and microtasks of this turn, before the loop continues. One tick of Node's serves all
 * enders, since a tick costs more than a small write. While the process exits there are no ticks: then it is called at once.
 */
export function atEndOfTurn(ender: TurnEnder): void {
  if (exiting) {
    ender.endTurn();
    return;
  }
  enders.push(ender);
  scheduleEnd();
}

/** Runs at once the work that waits for the end of the turn, because other code is about to act on the sockets. */
export function flushTurn(): void {
  const due = enders;
  if (due.length === 0) return;
  // An ender may flush again: then there is no spare list, and a new one is made.
  enders = spareEnders;
  spareEnders = [];
  for (const ender of due) ender.endTurn();
  due.length = 0;
  spareEnders = due;
}

/** Takes one call from the budget. Returns false when the budget is spent: then the call waits for the next turn. */
export function takeCall(): boolean {
  if (exiting) return true;
  if (callsLeft > 0 && bytesLeft > 0) {
    // Half of the budget is left. It is renewed by the next turn, also where calls come from timers and not from sockets.
    if (--callsLeft === CALLS_PER_TURN / 2) renewal();
    return true;
  }
  renewal().ref();
  return false;
}

/** Takes bytes that a call has moved from the budget. */
export function spendBytes(bytes: number): void {
  bytesLeft -= bytes;
  if (bytesLeft < BYTES_PER_TURN / 2) renewal();
}

/** Runs `task` in the next turn whose budget allows it, after timers and other sockets have run. */
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

/** Ends the turn without renewing the budget: the calls that it settles may send again, and could continue for ever. */
function endTurn(): void {
  isTickScheduled = false;
  turnNumber++;
  flushTurn();
}

/** Schedules the next turn. It keeps the process alive only while a task waits for it. */
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
