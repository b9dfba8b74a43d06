import { Socket } from "../socket/internal.ts";
import { AF_UNIX, SOCK_DGRAM } from "../socket/values.ts";

/** What Node needs to begin a thread (epoll, eventfd, two pipes) or a process (its channel, a pipe for its start), and some more. */
const DESCRIPTORS_TO_START = 8;

/**
 * Makes sure that there are descriptors to start so many threads or processes. Node leaks some where a start fails for want of
 * them: of a process the channel's (`ChildProcess.spawn` returns early on EMFILE), of a thread its loop's.
 *
 * @throws SocketError `EMFILE`, `ENFILE`.
 */
export function checkDescriptorRoom(starts = 1): void {
  const held: Socket[] = [];
  try {
    while (held.length < starts * DESCRIPTORS_TO_START) held.push(new Socket(AF_UNIX, SOCK_DGRAM));
  } finally {
    for (const each of held) each.close();
  }
}
