import { kernel } from "../../native/load.ts";
import { SO_PEERCRED, SOL_SOCKET } from "../../socket/values.ts";

/** What the kernel gives as a user where there is none: (uid_t) -1. */
const NOBODY = 0xffffffff;

/**
 * Who is at the other end of a Unix socket, unix(7): nobody can lie about it. Of a client it is who called `connect`, of a
 * server who called `listen`, at that time: the process may have ended since, and its number be somebody else's.
 */
export interface PeerCredentials {
  /** The process; 0 for one that has no number here, being outside of this container. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** SO_PEERCRED, unix(7); undefined where the socket has no such thing, or is closed. */
export function peerCredentials(slot: number, generation: number): PeerCredentials | undefined {
  // struct ucred
  const ucred = new Uint32Array(3).fill(NOBODY);
  kernel.getsockopt(slot, generation, SOL_SOCKET, SO_PEERCRED, new Uint8Array(ucred.buffer));
  const [pid = 0, uid = NOBODY, gid = NOBODY] = ucred;
  return uid === NOBODY ? undefined : { pid, uid, gid };
}
