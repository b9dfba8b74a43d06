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
/** The peer has shut down its sending direction, or this side has shut down receiving: shutdown(2). */
export const EPOLLRDHUP = 0x2000;

/**
 * An object that waits for events of a socket. The table holds it only while it waits, so that a lost socket can still be
 * collected.
 */
export interface Watcher {
  readonly slot: number;
  readonly generation: number;
  onReady(events: number): void;
}

/** A watcher for which the poller itself receives: one call of the addon receives for several sockets. */
export interface Receiver extends Watcher {
  /**
   * Called in place of `onReady` after the poller has received: `result` bytes are in the memory, which is lent for this call; 0
   * is the end, and a negative number an errno. It is also called when the receiver was paused or closed meanwhile.
   */
  onArrived(events: number, memory: Buffer, offset: number, result: number): void;
}

/**
 * The most bytes that the poller receives for one socket in one call. A receiver that gets this many should receive the rest
 * itself, with a larger buffer.
 */
export const PIECE_BYTES = 4 * 1024;
/**
 * The most sockets for which the poller receives at a time; the addon reports further ones in the next portion:
 * native/poller.h.
 */
export const MAX_PIECES = 32;

/** The events at which a stream has something to receive: data, its end, or its error. */
const RECEIVABLE = EPOLLIN | EPOLLERR | EPOLLHUP;
/** The most events of one turn, as many as the addon asks epoll for; epoll reports further ones in the next turn. */
const MAX_RECORDS = 1024;
const INT32S_PER_RECORD = 3;

const records = new Int32Array(MAX_RECORDS * INT32S_PER_RECORD);
const watchers: (Watcher | undefined)[] = [];
/** The armed receivers, by slot. */
const receivers: (Receiver | undefined)[] = [];
/** The memory that the poller receives into, and the numbers of the calls: slot, generation, offset, length and result. */
const slab = Buffer.allocUnsafeSlow(MAX_PIECES * PIECE_BYTES);
const INT32S_PER_TRANSFER = 4;
const transfers = new Int32Array(MAX_PIECES * INT32S_PER_TRANSFER);
/** The receivers of the portion for which `receiveReady` has received, in the order of the records; undefined once called. */
const pieces: (Receiver | undefined)[] = new Array<Receiver | undefined>(MAX_PIECES).fill(undefined);
/** The number of entries in `pieces`. A shorter `length` would free the list's memory with every portion. */
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
 * Calls `watcher.ready` when one of `events`, an error or a hang-up comes. Returns the call that failed, if one did: then the
 * watcher waits only if it waited before.
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

/** Ends the wait. Epoll keeps the interest: most sockets wait again at once, and that then needs no system call. */
export function leave(watcher: Watcher): void {
  if (watchers[watcher.slot] === watcher) watchers[watcher.slot] = undefined;
}

/** Removes events for which nothing waits from epoll's interest; level-triggered, epoll would report them each turn. */
export function ignore(watcher: Watcher, events: number): void {
  const interest = interests[watcher.slot] ?? 0;
  if ((interest & events) !== 0) setInterest(watcher.slot, watcher.generation, interest & ~events);
}

/** Forgets the slot before a close, since another socket gets it next. The addon removes it from epoll. */
export function forget(slot: number): void {
  watchers[slot] = undefined;
  receivers[slot] = undefined;
  interests[slot] = 0;
}

/**
 * Keeps the process alive until {@link release}. A poller that could not start does so as soon as it can. It throws nothing, so
 * a caller that holds and then waits has one error to check, that of {@link wait}.
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

/** Makes the poller receive for this receiver whenever it is ready, until {@link disarm}. */
export function arm(receiver: Receiver): void {
  receivers[receiver.slot] = receiver;
}

/** Makes the receiver receive by itself again. */
export function disarm(receiver: Receiver): void {
  receivers[receiver.slot] = undefined;
}

/** Returns whether the poller has received bytes for this receiver and has not delivered them yet. */
export function hasArrived(receiver: Receiver): boolean {
  return pieces.includes(receiver);
}

/** Delivers at once what was received for this receiver, which is about to hand over its socket. */
export function reportArrived(receiver: Receiver): void {
  const index = pieces.indexOf(receiver);
  if (index < 0) return;
  pieces[index] = undefined;
  const at = index * INT32S_PER_TRANSFER;
  receiver.onArrived(0, slab, transfers[at + 2] ?? 0, transfers[at + 3] ?? 0);
}

/**
 * Handles one portion of a turn: the addon calls it with `count` records. A test that simulates the kernel passes another list.
 */
export function dispatch(count: number, list: Int32Array = records): void {
  beginTurn();
  if (pieceCount > 0) reportAllArrived();
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
        receiver?.onArrived(list[at + 2] ?? 0, slab, transfers[piece + 2] ?? 0, transfers[piece + 3] ?? 0);
        continue;
      }
      const watcher = watchers[slot];
      if (watcher !== undefined && watcher.generation === generation) watcher.onReady(list[at + 2] ?? 0);
      // No watcher waits, or the record is of a socket that was closed earlier in this portion; then the addon answers EBADF.
      else setInterest(slot, generation, 0);
    } catch (error) {
      throwLater(error);
    }
  }
  if (next < pieceCount) pieces.fill(undefined);
  pieceCount = 0;
}

/** A test that removes its simulated kernel within a handler delivers all that was received, within the current portion. */
function reportAllArrived(): void {
  for (const receiver of pieces) if (receiver !== undefined) reportArrived(receiver);
  pieceCount = 0;
}

/** Receives for the armed receivers, one system call for each. */
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

/**
 * Throws in a later task, for a defect here or in a diagnostics subscriber: the other sockets of the batch get their events
 * nevertheless.
 */
function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
