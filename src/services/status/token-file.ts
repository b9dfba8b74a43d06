// The file with the access token of the status page.
import { readSecretFile } from "../secret-file.ts";

/** Limits how short a token may be; the service refuses a file with a shorter one, which could be guessed. */
export const MIN_TOKEN_BYTES = 16;
/** Limits the bytes of a token; the service refuses a file with a longer one. */
export const MAX_TOKEN_BYTES = 1_024;
/** Limits the bytes of the file: a token and a line end; a longer file is refused. */
const MAX_FILE_BYTES = MAX_TOKEN_BYTES + 2;

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
  const errorOf = (reason: string, cause?: unknown): Error => new TokenFileError(path, reason, cause);
  const token = readSecretFile({ path, maxBytes: MAX_FILE_BYTES, errorOf }).replace(/\r?\n$/, "");
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
}
