import type { Endpoint } from "./endpoint.ts";

/** The files of an endpoint that are open, and whether its socket was closed before them. */
interface OpenFiles {
  count: number;
  isSocketClosed: boolean;
}

// Most sockets have no file, so an endpoint has no field for them.
const files = new WeakMap<Endpoint, OpenFiles>();

/**
 * Stops counting a file that was garbage-collected. If its socket was closed before, the endpoint has no other owner: it is
 * collected too, and socket-finalizer.ts closes the descriptor.
 */
const registry = new FinalizationRegistry<OpenFiles>((lost) => {
  lost.count--;
});

/** Lets `file` keep the endpoint open until {@link removeFile}, as Python's socket counts its `_io_refs`. */
export function addFile(endpoint: Endpoint, file: object): void {
  let open = files.get(endpoint);
  if (open === undefined) {
    open = { count: 0, isSocketClosed: false };
    files.set(endpoint, open);
  }
  open.count++;
  registry.register(file, open, file);
}

/** Removes a closed file. The last file of a closed socket closes the endpoint. */
export function removeFile(endpoint: Endpoint, file: object): void {
  const open = files.get(endpoint);
  if (open === undefined) return;
  registry.unregister(file);
  open.count--;
  if (open.count === 0 && open.isSocketClosed) endpoint.close();
}

/** Called when the socket is closed. Returns whether open files keep the endpoint open: then the last of them closes it. */
export function leaveToFiles(endpoint: Endpoint): boolean {
  const open = files.get(endpoint);
  if (open === undefined || open.count === 0 || endpoint.closed) return false;
  open.isSocketClosed = true;
  return true;
}
