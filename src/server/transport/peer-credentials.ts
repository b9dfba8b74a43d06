import { kernel } from "../../native/load.ts";
import { SO_PEERCRED, SOL_SOCKET } from "../../socket/values.ts";

/** The user ID that the kernel returns where there is none: (uid_t) -1. */
const NOBODY = 0xffffffff;

/**
 * The process, user and group at the other end of a Unix socket, unix(7), as the kernel knows them: a peer cannot forge them. They
 * are those of the process that called `connect` or `listen`, at that time; it may have ended since, and its ID been reused.
 */
export interface PeerCredentials {
  /** The process ID; 0 for a process outside of this container, which has no ID here. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Returns SO_PEERCRED, unix(7); undefined where the socket has no credentials, or is closed. */
export function peerCredentials(slot: number, generation: number): PeerCredentials | undefined {
  // struct ucred
  const ucred = new Uint32Array(3).fill(NOBODY);
  kernel.getsockopt(slot, generation, SOL_SOCKET, SO_PEERCRED, new Uint8Array(ucred.buffer));
  const [pid = 0, uid = NOBODY, gid = NOBODY] = ucred;
  return uid === NOBODY ? undefined : { pid, uid, gid };
}
