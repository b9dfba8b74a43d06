/** Why a file could not be opened; the reasons become 404, 403 and 503 of HTTP. */
export interface OpenFailure {
  /**
   * `missing`: the name does not exist, or is not a file that the server serves; `forbidden`: the process may not read it; `busy`: the
   * process has no free descriptors.
   */
  readonly type: "missing" | "forbidden" | "busy";
}

export const MISSING: OpenFailure = { type: "missing" };
export const FORBIDDEN: OpenFailure = { type: "forbidden" };
export const BUSY: OpenFailure = { type: "busy" };

/** open(2). */
const ANSWERS: ReadonlyMap<string, OpenFailure> = new Map([
  ["ENOENT", MISSING],
  ["ENOTDIR", MISSING],
  ["ELOOP", MISSING],
  ["ENAMETOOLONG", MISSING],
  ["EACCES", FORBIDDEN],
  ["EPERM", FORBIDDEN],
  ["EMFILE", BUSY],
  ["ENFILE", BUSY],
  // fcntl(2), O_NONBLOCK: another process must release its lease first.
  ["EAGAIN", BUSY],
]);

/** Returns the reason for an error of the file system. Throws any other error, such as EIO, again. */
export function openFailureOf(error: unknown): OpenFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const answer = ANSWERS.get(code);
  if (answer === undefined) throw error;
  return answer;
}
