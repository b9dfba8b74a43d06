import { bindSocket } from "../../server/opening/bind-socket.ts";
import { connectSocket } from "../../server/opening/connect-socket.ts";
import type { AddressUrl } from "../../server/url/socket-url.ts";
import type { Socket } from "../../socket/internal.ts";
import { codeOf } from "../../socket/values.ts";
import { pause } from "../pause.ts";

/** The most attempts to connect and then listen; the last attempt throws its error. */
const MAX_ATTEMPTS = 50;
/** The longest random pause between two attempts, so that two programs started at once do not stay in step. */
const MAX_PAUSE_MS = 100;

/** The errors of connect(2) that mean that no program listens at the address: connect(2), unix(7), vsock(7). */
const NOBODY: ReadonlySet<string | undefined> = new Set(["ECONNREFUSED", "ENOENT", "ECONNRESET"]);

/** How two programs meet at an address. */
export interface ConnectOrListenOptions {
  /** Called when no program listens at the address yet. */
  readonly onWaiting: () => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Connects to the program that listens at the address. If none does, listens there and waits for one connection. Another program
 * may start to listen at the same moment: then bind(2) fails with EADDRINUSE, and the next attempt connects to that program.
 */
export async function connectOrListen(url: AddressUrl, options: ConnectOrListenOptions): Promise<Socket<unknown>> {
  for (let attempt = 1; ; attempt++) {
    const connected = await answeredAt(url, options.signal);
    if (connected !== undefined) return connected;
    try {
      return await firstToCome(url, options);
    } catch (error) {
      if (codeOf(error) !== "EADDRINUSE" || attempt === MAX_ATTEMPTS) throw error;
    }
    await pause(Math.random() * MAX_PAUSE_MS, options.signal);
    options.signal.throwIfAborted();
  }
}

/** Returns undefined if no program listens at the address. */
async function answeredAt(url: AddressUrl, signal: AbortSignal): Promise<Socket<unknown> | undefined> {
  try {
    const { open } = await connectSocket(url, { signal });
    if (!isOwnEnd(open.socket)) return open.socket;
    open.close();
    return undefined;
  } catch (error) {
    const isNobody =
      error instanceof Error && "syscall" in error && error.syscall === "connect" && NOBODY.has(codeOf(error));
    if (isNobody) return undefined;
    throw error;
  }
}

/** RFC 9293, section 3.5: a socket can connect to itself when the kernel chooses the destination port as its own port. */
function isOwnEnd(socket: Socket<unknown>): boolean {
  const [own, peer] = [socket.getsockname(), socket.getpeername()];
  return own.port !== undefined && own.port === peer.port && own.host === peer.host && own.cid === peer.cid;
}

async function firstToCome(url: AddressUrl, { onWaiting, signal }: ConnectOrListenOptions): Promise<Socket<unknown>> {
  const open = await bindSocket(url);
  try {
    const listener = open.socket.listen();
    await onWaiting();
    const [accepted] = await listener.accept({ signal });
    return accepted;
  } finally {
    // A pair has two members: the listener closes, so later connections are refused.
    open.close();
  }
}
