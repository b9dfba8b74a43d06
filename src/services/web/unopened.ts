/** Why nothing was opened: 404, 403 and 503 of HTTP. */
export interface Unopened {
  /**
   * `missing`: nothing of the name is there, or nothing that is served; `forbidden`: the process may not read it; `busy`: for want of
   * descriptors it cannot be told now.
   */
  readonly type: "missing" | "forbidden" | "busy";
}

export const MISSING: Unopened = { type: "missing" };
export const FORBIDDEN: Unopened = { type: "forbidden" };
export const BUSY: Unopened = { type: "busy" };

/** open(2). */
const ANSWERS: ReadonlyMap<string, Unopened> = new Map([
  ["ENOENT", MISSING],
  ["ENOTDIR", MISSING],
  ["ELOOP", MISSING],
  ["ENAMETOOLONG", MISSING],
  ["EACCES", FORBIDDEN],
  ["EPERM", FORBIDDEN],
  ["EMFILE", BUSY],
  ["ENFILE", BUSY],
  // A lease of another process is being broken, with O_NONBLOCK: fcntl(2).
  ["EAGAIN", BUSY],
]);

/** What an error of the file system says of a name. Any other error is told as it is, such as EIO. */
export function unopened(error: unknown): Unopened {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const answer = ANSWERS.get(code);
  if (answer === undefined) throw error;
  return answer;
}
