/**
 * Returns how a shell starts this command again: `node PATH` where Node was given the file, as in a clone of the repository,
 * otherwise `sockwright`.
 *
 * @param script - `process.argv[1]`, an absolute path.
 */
export function invocationOf(script: string | undefined): string {
  // A path that a shell would take apart is not worth quoting here.
  return script !== undefined && /^[\w./-]+\.js$/.test(script) ? `node ${script}` : "sockwright";
}
