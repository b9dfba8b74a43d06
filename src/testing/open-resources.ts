import { readdirSync, readlinkSync } from "node:fs";
import { setImmediate } from "node:timers";
import { addonError, kernel } from "../native/load.ts";

/** The resources that a process has open at one moment. */
export interface OpenResources {
  /**
   * Number and target of each descriptor, from /proc/self/fd; empty on systems without that folder. It leaves out the epoll
   * descriptor that the poller opens at the first wait and keeps as long as the environment lives.
   */
  readonly descriptors: ReadonlyMap<number, string>;
  /** Counts of each kind of resource that keeps the event loop alive, and the values of the caller's counters. */
  readonly counts: ReadonlyMap<string, number>;
}

/** A further counter to compare: its name, and a function that reads it. */
export type Counter = readonly [name: string, read: () => number];

/** libuv opens one with the first `fs.watch` of an environment, and keeps it. A watcher left open is counted as a handle. */
const INOTIFY = "anon_inode:inotify";
/** The target of the spare descriptor that libuv keeps from its first stream on, for EMFILE (uv__stream_init). */
const RESERVE = "/dev/null";

/** Reads the resources that this process has open now. */
export function openResources(counters: readonly Counter[] = []): OpenResources {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    // The tracker itself waits with immediates, and a file read ends by itself.
    if (type === "Immediate" || type.startsWith("FSReq")) continue;
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  for (const [name, read] of counters) counts.set(name, read());
  return { descriptors: openDescriptors(), counts };
}

/** Returns one line for each resource open in `after` and not in `before`; `nameOf` describes the target of a descriptor. */
export function findLeaks(
  before: OpenResources,
  after: OpenResources,
  nameOf: (target: string) => string = (target) => target,
): string[] {
  const lines: string[] = [];
  let mayBeReserve = countReserves(before.descriptors) === 0;
  for (const [descriptor, target] of after.descriptors) {
    if (target === RESERVE && descriptor > 2 && mayBeReserve) mayBeReserve = false;
    else if (target !== INOTIFY && before.descriptors.get(descriptor) !== target) {
      lines.push(`descriptor ${descriptor} (${nameOf(target)})`);
    }
  }
  for (const [name, count] of after.counts) {
    const more = count - (before.counts.get(name) ?? 0);
    if (more > 0) lines.push(`${name} (${more} more than before)`);
  }
  return lines;
}

/**
 * Waits for closes in progress: turns the event loop until nothing is open that was not in `before`, for at most
 * `patienceMs`. Returns a line for each resource that is left then.
 */
export async function findRemainingLeaks(
  before: OpenResources,
  patienceMs: number,
  counters: readonly Counter[] = [],
): Promise<string[]> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const lines = findLeaks(before, openResources(counters));
    if (lines.length === 0 || performance.now() >= end) return lines;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function openDescriptors(): Map<number, string> {
  const descriptors = new Map<number, string>();
  for (const name of descriptorNames()) {
    try {
      descriptors.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The descriptor that read the folder itself is closed by now.
    }
  }
  if (addonError === undefined) descriptors.delete(kernel.pollerDescriptor());
  return descriptors;
}

/** Lists the descriptors of this process. Only Linux has proc(5); elsewhere the tracker sees handles and timers only. */
function descriptorNames(): string[] {
  try {
    return readdirSync("/proc/self/fd");
  } catch (error) {
    if (process.platform === "linux") throw error;
    return [];
  }
}

/** Counts descriptors that may be libuv's spare one; the standard streams of a program without a terminal are not. */
function countReserves(descriptors: ReadonlyMap<number, string>): number {
  return [...descriptors].filter(([descriptor, target]) => descriptor > 2 && target === RESERVE).length;
}
