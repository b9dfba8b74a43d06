// The limits of these servers for clients: number, time, and what is shown on the terminal.
import { type Address, SHUT_WR, type Socket } from "sockwright";

export const MAX_CLIENTS = 1_000;
/** For a client that sends nothing, or reads nothing. The tests set a shorter time. */
export const IDLE_TIMEOUT_MS = Number(process.env["IDLE_TIMEOUT_MS"] ?? 60_000);
const LINGER_TIMEOUT_MS = 1_000;

type Session = (peer: Socket, address: Address) => Promise<void>;

/** The session with a timeout, for a limited number of clients at once; further ones are closed. */
export function limited(session: Session): Session {
  let clients = 0;
  return async (peer, address) => {
    if (clients >= MAX_CLIENTS) return;
    clients++;
    try {
      peer.settimeout(IDLE_TIMEOUT_MS);
      await session(peer, address);
    } finally {
      clients--;
    }
  };
}

/** Ends the sending side, and waits a while for the client's end: unread bytes reset a close. */
export async function lastWord(peer: Socket, answer = ""): Promise<void> {
  await peer.sendall(answer);
  peer.shutdown(SHUT_WR);
  const signal = AbortSignal.timeout(LINGER_TIMEOUT_MS);
  // All that was to say is under way: how the client leaves makes no difference.
  const rest = () => peer.recv(65_536, { signal }).catch(() => Buffer.alloc(0));
  for (let unread = await rest(); unread.length > 0; ) unread = await rest();
}

/** Control characters are shown as text, so the terminal does not obey them. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
