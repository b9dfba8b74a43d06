/** Why a store refuses a call; {@link StoreError} says when. */
export type StoreErrorCode =
  | "BAD_DIGEST"
  | "BAD_LENGTH"
  | "BAD_OFFSET"
  | "BUSY"
  | "CHECKING"
  | "CLOSED"
  | "EXISTS"
  | "FORBIDDEN"
  | "GONE"
  | "IN_USE"
  | "IS_FOLDER"
  | "MISSING"
  | "NAME_TOO_LONG"
  | "NOT_EMPTY"
  | "NOT_FOLDER"
  | "NO_SPACE"
  | "QUOTA"
  | "SUPERSEDED"
  | "TOO_LARGE"
  | "TOO_MANY_UPLOADS";

/** The numbers of a refusal. */
export interface StoreErrorDetails {
  /** `BAD_OFFSET`: the offset of the upload. */
  readonly offset?: number | undefined;
  /** `CHECKING`: when to ask again. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A call that a store refuses. Match on `code`:
 *
 * | code | when |
 * |---|---|
 * | `BAD_DIGEST` | the bytes do not have the digest that the client gave |
 * | `BAD_LENGTH` | there are more or fewer bytes than the client announced, or it announced two lengths |
 * | `BAD_OFFSET` | the client appends at another offset than that of the upload |
 * | `BUSY` | the process has no free descriptor: EMFILE, ENFILE |
 * | `CHECKING` | the store reads the prefix of an upload again, after a restart |
 * | `CLOSED` | the store is closed |
 * | `EXISTS` | there is something of this name, and the caller may not replace it |
 * | `FORBIDDEN` | the process lacks the permission: EACCES, EPERM, EROFS |
 * | `GONE` | the upload has expired, or its bytes are not those that were received |
 * | `IN_USE` | another process has the root open |
 * | `IS_FOLDER` | there is a folder of this name |
 * | `MISSING` | there is nothing of this name |
 * | `NAME_TOO_LONG` | ENAMETOOLONG |
 * | `NOT_EMPTY` | the folder is not empty |
 * | `NOT_FOLDER` | a part of the path is a file |
 * | `NO_SPACE` | the disk is full: ENOSPC, EDQUOT |
 * | `QUOTA` | the store has its quota of bytes |
 * | `SUPERSEDED` | a newer request on the same upload has ended this one |
 * | `TOO_LARGE` | the file is larger than the store allows: the option, or EFBIG |
 * | `TOO_MANY_UPLOADS` | the store has its number of uploads that are not complete |
 */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  readonly details: StoreErrorDetails;

  constructor(code: StoreErrorCode, message: string, details: StoreErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.details = details;
  }
}

const OF_SYSTEM: Readonly<Record<string, readonly [StoreErrorCode, string]>> = {
  EACCES: ["FORBIDDEN", "The server has no permission to do this"],
  EPERM: ["FORBIDDEN", "The server has no permission to do this"],
  EROFS: ["FORBIDDEN", "The file system is read-only"],
  EXDEV: ["FORBIDDEN", "The folder is on another file system than the root"],
  ENOENT: ["MISSING", "There is nothing of this name"],
  ELOOP: ["MISSING", "There is nothing of this name"],
  ENOTDIR: ["NOT_FOLDER", "A part of the path is not a folder"],
  EISDIR: ["IS_FOLDER", "There is a folder of this name"],
  EEXIST: ["EXISTS", "There is something of this name"],
  ENOTEMPTY: ["NOT_EMPTY", "The folder is not empty"],
  ENAMETOOLONG: ["NAME_TOO_LONG", "The name is too long"],
  EMFILE: ["BUSY", "The server has no free descriptor"],
  ENFILE: ["BUSY", "The server has no free descriptor"],
  ENOSPC: ["NO_SPACE", "The disk is full"],
  EDQUOT: ["NO_SPACE", "The disk quota of the server is used up"],
  EFBIG: ["TOO_LARGE", "The file is too large for the file system"],
};

/** Returns the refusal for an error of the file system that a client can have caused; throws any other, such as EIO, again. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const [own, message] = OF_SYSTEM[code] ?? [];
  if (own === undefined || message === undefined) throw error;
  return new StoreError(own, message, { cause: error });
}
