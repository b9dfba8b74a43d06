/** What `node` was started with to run another program than a child's, to debug it, to test it, or to start it again. */
const NOT_INHERITED =
  /^(?:--(?:inspect|debug-port|eval|print|check|interactive|input-type|test|watch)|-(?:e|p|pe|c|i)$)/;
/** The next argument is the value of these, where they have no `=`. */
const WITH_VALUE =
  /^(?:--(?:inspect-port|debug-port|eval|print|input-type|watch-path|test-(?:reporter(?:-destination)?|name-pattern|shard))|-(?:e|p|pe))$/;

/**
 * With which of the parent's own arguments a child's `node` is started: loaders, conditions and limits of memory hold in the
 * child as in the parent. A debugger's port is taken, and the program is another one.
 */
export function inheritedArguments(execArgv: readonly string[]): string[] {
  return execArgv.filter((argument, index) => {
    const before = execArgv[index - 1];
    return !NOT_INHERITED.test(argument) && (before === undefined || !WITH_VALUE.test(before));
  });
}
