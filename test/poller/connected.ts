// Two ends of a connection, both ours, closed when the test ends.
import { onTestFinished } from "vitest";
import { AF_UNIX, type Listener, SO_LINGER, SOL_SOCKET, type Socket, socket, socketpair } from "../../src/index.ts";

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

/**
 * How long a TCP socket must have been full. The kernel hands over what was sent later when the machine is busy
 * (ksoftirqd), and sizes the buffers as it goes (tcp(7), tcp_moderate_rcvbuf): then there is room once more.
 */
const FULL_FOR_MS = 20;

/** Sends until the kernel takes no more. Gives the number of bytes. */
export function fill(sender: Socket): number {
  const chunk = Buffer.alloc(64 * 1024, "f");
  const quietMs = sender.family === AF_UNIX ? 0 : FULL_FOR_MS;
  let bytes = 0;
  for (let fullForMs = 0; ; fullForMs++) {
    for (let count = sender.trySend(chunk); typeof count === "number"; count = sender.trySend(chunk)) {
      bytes += count;
      fullForMs = 0;
    }
    if (fullForMs >= quietMs) return bytes;
    // Nothing else must run meanwhile: the caller goes on in the same turn.
    Atomics.wait(NOBODY_WAKES, 0, 0, 1);
  }
}

const NOBODY_WAKES = new Int32Array(new SharedArrayBuffer(4));
