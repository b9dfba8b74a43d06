// Two ends of a connection, both ours, closed when the test ends.
import { onTestFinished } from "vitest";
import { type Listener, SO_LINGER, SOL_SOCKET, type Socket, socket, socketpair } from "../../../src/index.ts";

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
