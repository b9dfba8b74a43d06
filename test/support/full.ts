// Fills sockets and programs until they accept no more. The check is their state, not a time in which nothing was accepted.
import { readFileSync } from "node:fs";
import { AF_UNIX, IPPROTO_TCP, type Socket, TCP_INFO } from "../../src/index.ts";
import { until } from "./until.ts";

/** Sends until the kernel accepts no more. Returns the number of bytes. */
export function fill(sender: Socket): number {
  const chunk = Buffer.alloc(64 * 1024, "f");
  let bytes = 0;
  const limit = performance.now() + FULL_WITHIN_MS;
  for (;;) {
    // Asked before the sends: bytes that the kernel delivers in between make space for more.
    const isFull = sender.family === AF_UNIX || isPeerFull(sender);
    let sent = 0;
    for (let count = sender.trySend(chunk); typeof count === "number"; count = sender.trySend(chunk)) sent += count;
    bytes += sent;
    if (isFull && sent === 0) return bytes;
    if (performance.now() > limit) throw new Error(`waited ${FULL_WITHIN_MS / 1_000} s for a socket to be full`);
    // Nothing else may run in between: the caller continues in the same turn.
    Atomics.wait(NOBODY_WAKES, 0, 0, 1);
  }
}

/** The kernel needs some 0.25 s: the last piece is smaller than a segment, and waits for the timer of window probes. */
const FULL_WITHIN_MS = 20_000;

const NOBODY_WAKES = new Int32Array(new SharedArrayBuffer(4));

/** Offsets in struct tcp_info, linux/tcp.h: unacknowledged bytes, and the window of the peer (Linux 5.4). */
const TCPI_UNACKED = 24;
const TCPI_SND_WND = 228;

/**
 * Whether the peer's kernel has acknowledged all sent bytes, and its window is closed: until somebody reads, the queued bytes
 * stay. That a send would block says less: segments may be in flight, and an acknowledgement may be delayed by 40 ms; both
 * make space later.
 */
function isPeerFull(sender: Socket<unknown>): boolean {
  const info = sender.getsockopt(IPPROTO_TCP, TCP_INFO, TCPI_SND_WND + 4);
  return info.readUInt32LE(TCPI_UNACKED) === 0 && info.readUInt32LE(TCPI_SND_WND) === 0;
}

/** Far more than the kernel's buffers of both sides hold, and far less than a program without backpressure accepts. */
const MAX_TAKEN_BYTES = 64 * 1024 * 1024;

const CHUNK = Buffer.alloc(64 * 1024, "x");
/** The state must be unchanged for this many checks: between two of them the kernel could have woken the program. */
const LOOKS = 20;

/** Sends until the program at the other end has stopped reading, and its kernel accepts no more. Returns the number of bytes. */
export async function fillUnread(sender: Socket<unknown>, pid: number, bytes: Uint8Array = CHUNK): Promise<number> {
  let total = 0;
  let looks = 0;
  const send = (): boolean => {
    const isStill = (sender.family === AF_UNIX || isPeerFull(sender)) && isAsleep(pid);
    const before = total;
    for (;;) {
      const count = sender.trySend(bytes.subarray(total % bytes.length));
      if (typeof count !== "number") break;
      total += count;
      if (total > MAX_TAKEN_BYTES) throw new Error(`the program has taken ${total} bytes`);
    }
    looks = isStill && total === before ? looks + 1 : 0;
    return looks > LOOKS;
  };
  await until(send, "a program to stop reading");
  return total;
}

/**
 * Whether a program waits for an event, proc_pid_stat(5). A readable descriptor would have woken it: it does not poll for
 * the bytes that it has not read.
 */
export function isAsleep(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) === "S";
}
