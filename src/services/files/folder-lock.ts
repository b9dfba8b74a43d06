import { serve } from "../../server/server.ts";
import { formatSocketUrl } from "../../server/url/socket-url.ts";
import { codeOf } from "../../socket/values.ts";
import { StoreError } from "./store-error.ts";

/** The right of this process to a folder, until it is closed or the process ends. */
export interface FolderLock {
  close(): Promise<void>;
}

/**
 * Locks a folder by a Unix socket in it: the kernel knows whether a process has it, also one that was killed, and also from another
 * container.
 *
 * @param path - of the socket.
 * @throws StoreError `IN_USE`.
 */
export async function lockFolder(path: string): Promise<FolderLock> {
  const url = formatSocketUrl({ scheme: "unix", path });
  try {
    const server = await serve(url, { name: "lock", stream: (connection) => connection.abort() }, { alarms: [] });
    return {
      async close() {
        await server.close({ graceMs: 0 });
      },
    };
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE") throw error;
    throw new StoreError("IN_USE", "Another process serves this folder", { cause: error });
  }
}
