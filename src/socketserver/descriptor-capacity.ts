import { Socket } from "../socket/internal.ts";
import { AF_UNIX, SOCK_DGRAM } from "../socket/values.ts";

/**
 * Descriptors that must be free for each start: Node needs them for a thread (epoll, eventfd, two pipes) or a process (its
 * channel, a pipe for its start), and some are spare. With fewer the start fails with EMFILE or ENFILE.
 */
const DESCRIPTORS_TO_START = 8;

/**
 * Checks that enough descriptors are free to start `starts` threads or processes. Node leaks descriptors when a start fails for
 * lack of them: those of a process's channel (`ChildProcess.spawn` returns early on EMFILE), those of a thread's event loop.
 *
 * @throws SocketError `EMFILE`, `ENFILE`.
 */
export function checkDescriptorCapacity(starts = 1): void {
  const held: Socket[] = [];
  try {
    while (held.length < starts * DESCRIPTORS_TO_START) held.push(new Socket(AF_UNIX, SOCK_DGRAM));
  } finally {
    for (const each of held) each.close();
  }
}
