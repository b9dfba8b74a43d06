import { readdirSync, readlinkSync } from "node:fs";
import { setImmediate } from "node:timers";

/** What a process holds at one moment. */
export interface OpenResources {
  /** Number and target of each descriptor, from /proc/self/fd; empty where there is no such folder. */
  readonly descriptors: ReadonlyMap<number, string>;
  /** How many there are of each thing that keeps the event loop alive, and of each thing that is counted besides. */
  readonly counts: ReadonlyMap<string, number>;
}

/** A count to watch besides: its name, and how to read it. */
export type Counter = readonly [name: string, read: () => number];

const EVENT_POLL = "anon_inode:[eventpoll]";
/** libuv opens one with the first `fs.watch` of an environment, and keeps it; a watcher that is left is a handle that counts. */
const INOTIFY = "anon_inode:inotify";
/** libuv keeps one in reserve for when there is no other, from its first stream on (uv__stream_init). */
const RESERVE = "/dev/null";
const eventPollsAtStart = eventPolls(openDescriptors());

export function openResources(counters: readonly Counter[] = []): OpenResources {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    // Waiting for the others is done with immediates, and reading a file ends by itself.
    if (type === "Immediate" || type.startsWith("FSReq")) continue;
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  for (const [name, read] of counters) counts.set(name, read());
  return { descriptors: openDescriptors(), counts };
}

/** Says what is open in `after` and was not in `before`, one line for each; `named` may say more of a descriptor. */
export function leaked(
  before: OpenResources,
  after: OpenResources,
  named: (target: string) => string = (target) => target,
): string[] {
  const lines: string[] = [];
  let mayBeReserve = reserves(before.descriptors) === 0;
  for (const [descriptor, target] of after.descriptors) {
    if (target === RESERVE && descriptor > 2 && mayBeReserve) mayBeReserve = false;
    else if (target !== EVENT_POLL && target !== INOTIFY && before.descriptors.get(descriptor) !== target) {
      lines.push(`descriptor ${descriptor} (${named(target)})`);
    }
  }
  // The poller makes its epoll descriptor at the first wait, and it lives as long as the environment.
  const polls = eventPolls(after.descriptors) - Math.max(eventPolls(before.descriptors), eventPollsAtStart + 1);
  if (polls > 0) lines.push(`${polls} epoll descriptor(s)`);

  for (const [name, count] of after.counts) {
    const more = count - (before.counts.get(name) ?? 0);
    if (more > 0) lines.push(`${name} (${more} more than before)`);
  }
  return lines;
}

/**
 * Lets closes that are under way finish: turns the event loop until nothing is open that was not in `before`, for
 * `patienceMs` at most. Returns what is left then.
 */
export async function leftOver(
  before: OpenResources,
  patienceMs: number,
  counters: readonly Counter[] = [],
): Promise<string[]> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const lines = leaked(before, openResources(counters));
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
      // The descriptor that listed the folder is closed by now.
    }
  }
  return descriptors;
}

/** proc(5) is Linux's; elsewhere handles and timers are what is seen. */
function descriptorNames(): string[] {
  try {
    return readdirSync("/proc/self/fd");
  } catch (error) {
    if (process.platform === "linux") throw error;
    return [];
  }
}

/** Descriptors that may be libuv's; the standard streams of a program without a terminal are not. */
function reserves(descriptors: ReadonlyMap<number, string>): number {
  return [...descriptors].filter(([descriptor, target]) => descriptor > 2 && target === RESERVE).length;
}

function eventPolls(descriptors: ReadonlyMap<number, string>): number {
  return [...descriptors.values()].filter((target) => target === EVENT_POLL).length;
}
