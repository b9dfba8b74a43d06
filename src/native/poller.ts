// The poller's half in TypeScript: which watcher waits for which slot, and what epoll was asked for.
import { Buffer } from "node:buffer";
import { kernel } from "./load.ts";
import { beginTurn } from "./turn.ts";

/** epoll_ctl(2): the bits of interest and of readiness that layer 1 uses. */
export const EPOLLIN = 0x001;
export const EPOLLPRI = 0x002;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
/** The peer has ended, or the receiving direction was shut down here: shutdown(2). */
export const EPOLLRDHUP = 0x2000;

/** Who waits for a socket. The table holds it only while it waits, so a socket that is lost can still be collected. */
export interface Watcher {
  readonly slot: number;
  readonly generation: number;
  ready(events: number): void;
}

/** Whom the poller receives for: what several sockets have comes with one call of the addon. */
export interface Receiver extends Watcher {
  /**
   * As `ready`, and the poller has received: so many bytes lie in the memory, lent for this call; 0 is the end, and a negative
   * number an errno. It is told also where the receiver has paused or was closed meanwhile.
   */
  arrived(events: number, memory: Buffer, offset: number, result: number): void;
}

/** The most that the poller receives of one socket; who has so much had better receive with more room. */
export const PIECE_BYTES = 4 * 1024;
/** For so many sockets it receives at a time: a portion of the addon's, native/poller.h. */
export const MAX_PIECES = 32;

/** What a socket of a stream is told of where there is something to receive: data, its end, or its error. */
const RECEIVABLE = EPOLLIN | EPOLLERR | EPOLLHUP;
/** Capacity for the events of one turn: as many as the addon asks epoll for. */
const MAX_RECORDS = 1024;
const INT32S_PER_RECORD = 3;

const records = new Int32Array(MAX_RECORDS * INT32S_PER_RECORD);
const watchers: (Watcher | undefined)[] = [];
/** By slot: the receivers that are armed. */
const receivers: (Receiver | undefined)[] = [];
/** Where it is received, and the numbers of the calls: slot, generation, offset, length and result. */
const slab = Buffer.allocUnsafeSlow(MAX_PIECES * PIECE_BYTES);
const INT32S_PER_TRANSFER = 4;
const transfers = new Int32Array(MAX_PIECES * INT32S_PER_TRANSFER);
/** The receivers of the portion for which `receiveReady` has received, in the order of the records; undefined once told. */
const pieces: (Receiver | undefined)[] = new Array<Receiver | undefined>(MAX_PIECES).fill(undefined);
/** How many of them. A shorter `length` would drop the list's memory with every portion. */
let pieceCount = 0;
const interests: number[] = [];
let started = false;
let holders = 0;

/** The call that failed, and its negated errno. */
export interface FailedWait {
  readonly syscall: "epoll_create1" | "epoll_ctl";
  readonly result: number;
}

/**
 * Has `watcher.ready` called when one of `events` comes (or an error or a hang-up). Gives what failed, if anything did:
 * then nobody waits that did not wait before.
 */
export function wait(watcher: Watcher, events: number): FailedWait | undefined {
  // epoll_create(2): EMFILE, ENFILE, ENOMEM. The next wait tries again.
  const result = start();
  if (result < 0) return { syscall: "epoll_create1", result };
  const { slot } = watcher;
  const before = watchers[slot];
  watchers[slot] = watcher;
  const interest = interests[slot] ?? 0;
  if ((interest & events) === events) return undefined;
  // epoll_ctl(2): ENOMEM, and ENOSPC beyond /proc/sys/fs/epoll/max_user_watches.
  const error = setInterest(slot, watcher.generation, interest | events);
  if (error === 0) return undefined;
  watchers[slot] = before;
  return { syscall: "epoll_ctl", result: error };
}

/** Nobody waits any more. Epoll keeps its interest: most sockets wait again at once, and that then costs no call. */
export function leave(watcher: Watcher): void {
  if (watchers[watcher.slot] === watcher) watchers[watcher.slot] = undefined;
}

/** Events that came and that nobody waits for are not asked for again; level-triggered, they would come each turn. */
export function ignore(watcher: Watcher, events: number): void {
  const interest = interests[watcher.slot] ?? 0;
  if ((interest & events) !== 0) setInterest(watcher.slot, watcher.generation, interest & ~events);
}

/** Before a close: the slot is about to be somebody else's. The addon takes it out of epoll. */
export function forget(slot: number): void {
  watchers[slot] = undefined;
  receivers[slot] = undefined;
  interests[slot] = 0;
}

/**
 * While at least one holder waits, the poller keeps the process alive; one that could not start does so once it can. It
 * throws nothing, so that whoever holds and then waits has one error to look at, that of {@link wait}.
 */
export function hold(): void {
  if (holders++ === 0 && start() === 0) kernel.setReferenced(true);
}

/** Undoes one {@link hold}. */
export function release(): void {
  if (--holders === 0 && started) kernel.setReferenced(false);
}

function setInterest(slot: number, generation: number, interest: number): number {
  const result = kernel.watch(slot, generation, interest);
  if (result === 0) interests[slot] = interest;
  return result;
}

/** 0, or a negated errno. */
function start(): number {
  if (started) return 0;
  const result = kernel.start(dispatch, records);
  if (result < 0) return result;
  started = true;
  if (holders > 0) kernel.setReferenced(true);
  return 0;
}

/** From now on the poller receives for it whenever it is ready, until {@link disarm}. */
export function arm(receiver: Receiver): void {
  receivers[receiver.slot] = receiver;
}

/** From now on it receives itself. */
export function disarm(receiver: Receiver): void {
  receivers[receiver.slot] = undefined;
}

/** Whether something was received for it that it was not told yet. */
export function hasArrived(receiver: Receiver): boolean {
  return pieces.includes(receiver);
}

/** Tells it now what was received for it, and not when its turn comes: it is about to give its socket away. */
export function tellArrived(receiver: Receiver): void {
  const index = pieces.indexOf(receiver);
  if (index < 0) return;
  pieces[index] = undefined;
  const at = index * INT32S_PER_TRANSFER;
  receiver.arrived(0, slab, transfers[at + 2] ?? 0, transfers[at + 3] ?? 0);
}

/** One portion of a turn: the addon calls it with `count` records. Another list is that of a kernel which a test plays. */
export function dispatch(count: number, list: Int32Array = records): void {
  beginTurn();
  if (pieceCount > 0) tellAllArrived();
  receive(count, list);
  let next = 0;
  for (let at = 0; at < count * INT32S_PER_RECORD; at += INT32S_PER_RECORD) {
    const slot = list[at] ?? 0;
    const generation = list[at + 1] ?? 0;
    const piece = next * INT32S_PER_TRANSFER;
    try {
      if (next < pieceCount && transfers[piece] === slot && transfers[piece + 1] === generation) {
        const receiver = pieces[next];
        pieces[next++] = undefined;
        receiver?.arrived(list[at + 2] ?? 0, slab, transfers[piece + 2] ?? 0, transfers[piece + 3] ?? 0);
        continue;
      }
      const watcher = watchers[slot];
      if (watcher !== undefined && watcher.generation === generation) watcher.ready(list[at + 2] ?? 0);
      // Nobody waits, or the record is of a socket closed earlier in this portion; then the addon answers EBADF.
      else setInterest(slot, generation, 0);
    } catch (error) {
      throwLater(error);
    }
  }
  if (next < pieceCount) pieces.fill(undefined);
  pieceCount = 0;
}

/** A kernel that a test ends within a handler tells all who wait, within the portion that is being told. */
function tellAllArrived(): void {
  for (const receiver of pieces) if (receiver !== undefined) tellArrived(receiver);
  pieceCount = 0;
}

/** Receives for those that want that, one system call for each. */
function receive(count: number, list: Int32Array): void {
  let end = 0;
  for (let at = 0; at < count * INT32S_PER_RECORD && pieceCount < MAX_PIECES; at += INT32S_PER_RECORD) {
    const slot = list[at] ?? 0;
    const receiver = receivers[slot];
    if (receiver === undefined || receiver.generation !== list[at + 1]) continue;
    if (((list[at + 2] ?? 0) & RECEIVABLE) === 0) continue;
    pieces[pieceCount++] = receiver;
    transfers[end] = slot;
    transfers[end + 1] = receiver.generation;
    transfers[end + 3] = PIECE_BYTES;
    end += INT32S_PER_TRANSFER;
  }
  if (pieceCount > 0) kernel.receiveReady(slab, transfers, pieceCount);
}

/** A defect of ours or of a diagnostics subscriber: the other sockets of the batch get their events all the same. */
function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
