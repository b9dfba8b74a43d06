import type { Endpoint } from "./endpoint.ts";

/** The files of an endpoint that are open, and whether its socket was closed before them. */
interface OpenFiles {
  count: number;
  isSocketClosed: boolean;
}

// Most sockets have no file: an endpoint has no field for them.
const files = new WeakMap<Endpoint, OpenFiles>();

/** A file that was lost keeps no descriptor open. Of a closed socket it was the last that had the endpoint, whose loss closes it. */
const registry = new FinalizationRegistry<OpenFiles>((lost) => {
  lost.count--;
});

/** From now on `file` keeps the endpoint open, as Python's socket counts its `_io_refs`. */
export function addFile(endpoint: Endpoint, file: object): void {
  let open = files.get(endpoint);
  if (open === undefined) {
    open = { count: 0, isSocketClosed: false };
    files.set(endpoint, open);
  }
  open.count++;
  registry.register(file, open, file);
}

/** The file is closed, and with the last one of a closed socket the endpoint. */
export function removeFile(endpoint: Endpoint, file: object): void {
  const open = files.get(endpoint);
  if (open === undefined) return;
  registry.unregister(file);
  open.count--;
  if (open.count === 0 && open.isSocketClosed) endpoint.close();
}

/** The socket is closed. True when files keep the endpoint open: the last of them closes it. */
export function leaveToFiles(endpoint: Endpoint): boolean {
  const open = files.get(endpoint);
  if (open === undefined || open.count === 0 || endpoint.closed) return false;
  open.isSocketClosed = true;
  return true;
}
