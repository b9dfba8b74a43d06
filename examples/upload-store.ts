// How the upload servers keep a file: a part grows beside it, and gets its name when it is whole.
import { open, rename, rm } from "node:fs/promises";
import type { Socket } from "sockwright";
import { sha256Of } from "./upload-digest.ts";
import { type Header, UploadError } from "./upload-file.ts";
import { FOLDER, openPart, partOf } from "./upload-part.ts";

const CHUNK_BYTES = 65_536;

class DifferentFile extends UploadError {
  override readonly code = "differs";
}

/** Gives the SHA-256 of what is on the disk. A part that was cut is kept, for whoever resumes. */
export async function store(peer: Socket, { name, size, sha256 }: Header): Promise<string> {
  const part = partOf(name, size);
  await using file = await openPart(part, sha256 === undefined);
  let { size: have } = await file.stat();
  if (sha256 !== undefined) await peer.sendall(`have|${have}\n`);
  while (have < size) {
    const data = await peer.recv(Math.min(CHUNK_BYTES, size - have));
    if (data.length === 0) throw new UploadError(`only ${have} of ${size} bytes came`);
    await file.appendFile(data).catch(async (error: unknown) => {
      await rm(part); // kept, it would keep a full disk full
      throw error;
    });
    have += data.length;
  }
  await file.sync();
  const digest = await sha256Of(part);
  if (sha256 !== undefined && sha256 !== digest) {
    await rm(part);
    throw new DifferentFile("what came is not the file of that SHA-256");
  }
  await rename(part, `${FOLDER}/${name}`);
  await using folder = await open(FOLDER); // fsync(2): that of a file does not save its name
  await folder.sync();
  return digest;
}
