// The file with the access token of the status page.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Limits how short a token may be; the service refuses a file with a shorter one, which could be guessed. */
export const MIN_TOKEN_BYTES = 16;
/** Limits the bytes of a token; the service refuses a file with a longer one. */
export const MAX_TOKEN_BYTES = 1_024;
/** Limits the bytes of the file: a token and a line end; a longer file is refused. */
const MAX_FILE_BYTES = MAX_TOKEN_BYTES + 2;

const OTHERS_MODE = 0o077;
/** For a systemd credential: if an ACL names the service's user, the group bits are the mask of the ACL. */
const OTHERS_MODE_OF_CREDENTIAL = 0o037;
/** The syntax of a token in an HTTP header field: RFC 6750, section 2.1. */
const TOKEN = /^[\w.~+/-]+=*$/;

/** The error of an unusable token file; `code` is always `"ERR_SOCKWRIGHT_TOKEN_FILE"`. */
class TokenFileError extends Error {
  readonly code = "ERR_SOCKWRIGHT_TOKEN_FILE";

  constructor(path: string, reason: string, cause?: unknown) {
    super(`the token file ${path} ${reason}`, { cause });
    this.name = "TokenFileError";
  }
}

/**
 * Reads the token from a file to which only its owner has access.
 *
 * @throws TokenFileError, with the error of the file system as its cause.
 */
export function readToken(path: string): string {
  const file = openFile(path);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new TokenFileError(path, "is no regular file");
    if ((stat.mode & (isCredential(path) ? OTHERS_MODE_OF_CREDENTIAL : OTHERS_MODE)) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
      throw new TokenFileError(path, `can be read or written by others, mode ${mode}: chmod 600 it`);
    }
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
    const text = bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, 0));
    const token = text.replace(/\r?\n$/, "");
    if (token.length < MIN_TOKEN_BYTES || token.length > MAX_TOKEN_BYTES) {
      throw new TokenFileError(path, `must have a token of ${MIN_TOKEN_BYTES} to ${MAX_TOKEN_BYTES} letters`);
    }
    if (!TOKEN.test(token)) {
      throw new TokenFileError(
        path,
        "must have one line of the letters A-Z a-z 0-9 - . _ ~ + /, such as openssl rand -hex 32 makes",
      );
    }
    return token;
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
function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "it";
    throw new TokenFileError(path, `cannot be read: ${code}`, error);
  }
}
