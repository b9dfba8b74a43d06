import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";

const OTHERS_MODE = 0o077;
/** For a systemd credential: if an ACL names the service's user, the group bits are the mask of the ACL. */
const OTHERS_MODE_OF_CREDENTIAL = 0o037;

/** What a file with secrets is, and how its error is made. */
export interface SecretFile {
  readonly path: string;
  /** Limits its bytes. */
  readonly maxBytes: number;
  /** @param reason - what is wrong with the file, after its name. */
  readonly errorOf: (reason: string, cause?: unknown) => Error;
}

/**
 * Reads a file to which only its owner has access.
 *
 * @throws the error that `errorOf` makes, with the error of the file system as its cause.
 */
export function readSecretFile({ path, maxBytes, errorOf }: SecretFile): string {
  const file = openFile(path, errorOf);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw errorOf("is no regular file");
    if ((stat.mode & (isCredential(path) ? OTHERS_MODE_OF_CREDENTIAL : OTHERS_MODE)) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
      throw errorOf(`can be read or written by others, mode ${mode}: chmod 600 it`);
    }
    const bytes = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, length);
    }
    if (length > maxBytes) throw errorOf(`has more than ${maxBytes} bytes`);
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}

/** Whether the file is in the folder that systemd creates for the service alone: `LoadCredential=`. */
function isCredential(path: string): boolean {
  const folder = process.env["CREDENTIALS_DIRECTORY"];
  return folder !== undefined && folder !== "" && dirname(resolve(path)) === resolve(folder);
}

/** Opens the file without blocking, also if it is a pipe without a writer. */
function openFile(path: string, errorOf: SecretFile["errorOf"]): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "it";
    throw errorOf(`cannot be read: ${code}`, error);
  }
}
