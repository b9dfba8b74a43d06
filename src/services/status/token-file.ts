// The file of the token that opens the status page.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** The shortest token: a shorter one can be guessed. */
export const MIN_TOKEN_BYTES = 16;
/** The longest token. */
export const MAX_TOKEN_BYTES = 1_024;
/** The longest file of a token: a line end behind the token does not count. */
const MAX_FILE_BYTES = MAX_TOKEN_BYTES + 2;

const OTHERS = 0o077;
/** Of a credential of systemd: where a list names the service's user, the bits of the group are the mask of that list. */
const OTHERS_OF_CREDENTIAL = 0o037;
/** As a field of HTTP can have it: RFC 6750, section 2.1. */
const TOKEN = /^[\w.~+/-]+=*$/;

/** The file of the token cannot be used; `code` is always `"ERR_SOCKWRIGHT_TOKEN_FILE"`. */
class TokenFileError extends Error {
  readonly code = "ERR_SOCKWRIGHT_TOKEN_FILE";

  constructor(path: string, reason: string, cause?: unknown) {
    super(`the token file ${path} ${reason}`, { cause });
    this.name = "TokenFileError";
  }
}

/**
 * The secret in a file that nobody else can read.
 *
 * @throws TokenFileError, with what the file system has said as its cause.
 */
export function tokenOf(path: string): string {
  const file = opened(path);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new TokenFileError(path, "is no regular file");
    if ((stat.mode & (isCredential(path) ? OTHERS_OF_CREDENTIAL : OTHERS)) !== 0) {
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

/** In the folder that systemd makes for the service alone: `LoadCredential=`. */
function isCredential(path: string): boolean {
  const folder = process.env["CREDENTIALS_DIRECTORY"];
  return folder !== undefined && folder !== "" && dirname(resolve(path)) === resolve(folder);
}

/** Without waiting for who writes, where it is a pipe. */
function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "it";
    throw new TokenFileError(path, `cannot be read: ${code}`, error);
  }
}
