/**
 * The budget of one turn of the event loop. An `await` on a settled promise never leaves the microtask queue, so a loop
 * over calls that succeed at once would keep timers and every other socket waiting. All such calls share this budget;
 * when it is spent, a call waits for the next turn. (A socket that was ready has one call besides: its answer.)
 */
export const CALLS_PER_TURN = 128;
export const BYTES_PER_TURN = 256 * 1024;

let callsLeft = CALLS_PER_TURN;
let bytesLeft = BYTES_PER_TURN;
let turnNumber = 0;
let isScheduled = false;
let waiting: (() => void)[] = [];

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

/** Takes one call out of the budget. False when it is spent: then the call belongs to the next turn. */
export function takeCall(): boolean {
  if (callsLeft > 0 && bytesLeft > 0) {
    callsLeft--;
    return true;
  }
  // Whoever runs outside the poller (a timer, a promise of somebody else) gets a new turn too.
  schedule();
  return false;
}

/** A call moved so many bytes. */
export function spendBytes(bytes: number): void {
  bytesLeft -= bytes;
}

/** Runs `task` in the next turn that has room for it, after timers and other sockets have had theirs. */
export function inNextTurn(task: () => void): void {
  waiting.push(task);
  schedule();
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(runWaiting);
}

function runWaiting(): void {
  isScheduled = false;
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
