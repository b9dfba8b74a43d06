import { createTarPacker } from "modern-tar";
import type { Root } from "../web/root.ts";
import { within } from "./listings.ts";

/** Bytes read of a file at once. */
const READ_SIZE = 256 * 1024;

/**
 * Packs a folder as a tar archive: ustar, with pax headers for long names. Files that the client may not read are left out. When a file
 * changes its size while it is read, or a folder has more entries than the server reads, the archive fails, so that nobody takes a part for
 * the whole.
 *
 * @param path - from the root.
 * @param mayRead - whether a file or folder belongs to the archive, by its path from the root.
 */
export async function* archiveOf(
  root: Root,
  path: string,
  mayRead: (path: string) => boolean,
): AsyncGenerator<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const packing = pack(root, path, "", mayRead, controller).then(
    () => controller.finalize(),
    (error: unknown) => controller.error(error),
  );
  try {
    yield* readable as unknown as AsyncIterable<Uint8Array>;
  } finally {
    // The client has gone, or all is sent: the next write of the packer fails, or it has ended.
    controller.error(new Error("The archive is not wanted any more"));
    await packing;
  }
}

type Controller = ReturnType<typeof createTarPacker>["controller"];

async function pack(
  root: Root,
  path: string,
  name: string,
  mayRead: (path: string) => boolean,
  controller: Controller,
): Promise<void> {
  const listed = await root.list(path);
  if (listed.type !== "directory") throw new Error(`The folder ${path} cannot be read`);
  if (!listed.isComplete) throw new Error(`The folder ${path} has too many entries for an archive`);
  for (const entry of listed.entries) {
    const own = within(path, entry.name);
    if (!mayRead(own)) continue;
    const mtime = new Date(Number(entry.stat.mtimeNs / 1_000_000n));
    const ownName = within(name, entry.name);
    if (entry.type === "directory") {
      await controller.add({ name: `${ownName}/`, size: 0, type: "directory", mtime, mode: 0o755 }).close();
      await pack(root, own, ownName, mayRead, controller);
    } else {
      await packFile(root, own, ownName, controller);
    }
  }
}

async function packFile(root: Root, path: string, name: string, controller: Controller): Promise<void> {
  const opened = await root.open(path);
  // It was removed meanwhile.
  if (opened.type !== "file") return;
  const { handle, stat } = opened;
  try {
    const mtime = new Date(Number(stat.mtimeNs / 1_000_000n));
    const writer = controller.add({ name, size: stat.size, mtime, mode: 0o644 }).getWriter();
    for (let at = 0; at < stat.size; ) {
      const length = Math.min(READ_SIZE, stat.size - at);
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, at);
      if (bytesRead === 0) throw new Error(`The file ${path} has become shorter`);
      await writer.write(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    await writer.close();
  } finally {
    await handle.close();
  }
}
