// Two ends of a connection, both ours, closed when the test ends.
import { onTestFinished } from "vitest";
import {
  AF_UNIX,
  IPPROTO_TCP,
  type Listener,
  SO_LINGER,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
  TCP_INFO,
} from "../../src/index.ts";

export type Ends = readonly [ours: Socket, peer: Socket];

/** A TCP listener on a free loopback port. It is closed when the test ends. */
export function listenOnLoopback(): Listener {
  const listener = socket();
  onTestFinished(() => listener.close());
  listener.bind({ host: "127.0.0.1", port: 0 });
  return listener.listen();
}

export async function tcpPair(): Promise<Ends> {
  const listener = listenOnLoopback();
  const ours = socket();
  const [[peer]] = await Promise.all([listener.accept(), ours.connect(listener.getsockname())]);
  listener.close();
  return closedAtTheEnd(ours, peer);
}

export function unixPair(): Ends {
  return closedAtTheEnd(...socketpair());
}

function closedAtTheEnd(...ends: [Socket, Socket]): Ends {
  onTestFinished(() => {
    for (const end of ends) end.close();
  });
  return ends;
}

/** socket(7), SO_LINGER: on, for zero seconds: close(2) then throws away what is queued, and sends a reset. */
export const RESET_AT_CLOSE = new Uint8Array(new Int32Array([1, 0]).buffer);

/** Closes a TCP socket with a reset. */
export function resetTcp(peer: Socket): void {
  peer.setsockopt(SOL_SOCKET, SO_LINGER, RESET_AT_CLOSE);
  peer.close();
}

/** Sends until the kernel takes no more, whatever becomes of what it has taken. Gives the number of bytes. */
export function fill(sender: Socket): number {
  const chunk = Buffer.alloc(64 * 1024, "f");
  let bytes = 0;
  const limit = performance.now() + FULL_WITHIN_MS;
  for (;;) {
    // Asked before the sends: what the kernel hands over between the two makes room that they take.
    const isFull = sender.family === AF_UNIX || isPeerFull(sender);
    let sent = 0;
    for (let count = sender.trySend(chunk); typeof count === "number"; count = sender.trySend(chunk)) sent += count;
    bytes += sent;
    if (isFull && sent === 0) return bytes;
    if (performance.now() > limit) throw new Error(`waited ${FULL_WITHIN_MS / 1_000} s for a socket to be full`);
    // Nothing else must run meanwhile: the caller goes on in the same turn.
    Atomics.wait(NOBODY_WAKES, 0, 0, 1);
  }
}

/** The kernel needs some 0.25 s: the last piece, which is smaller than a segment, waits for the timer of window probes. */
const FULL_WITHIN_MS = 20_000;

const NOBODY_WAKES = new Int32Array(new SharedArrayBuffer(4));

/** Where struct tcp_info, linux/tcp.h, has what is sent and not acknowledged, and the window of the peer (Linux 5.4). */
const TCPI_UNACKED = 24;
const TCPI_SND_WND = 228;

/**
 * Whether the peer's kernel has acknowledged all it was sent, and lets nothing more come: until somebody reads, what waits
 * here stays here. That a send would block says less: segments may be on their way, an acknowledgement may be delayed by
 * 40 ms, and both make room once more.
 */
function isPeerFull(sender: Socket): boolean {
  const info = sender.getsockopt(IPPROTO_TCP, TCP_INFO, TCPI_SND_WND + 4);
  return info.readUInt32LE(TCPI_UNACKED) === 0 && info.readUInt32LE(TCPI_SND_WND) === 0;
}
