/** Options of `node` that a child does not inherit: they select the program, debug it, test it, or restart it. */
const NOT_INHERITED =
  /^(?:--(?:inspect|debug-port|eval|print|check|interactive|input-type|test|watch)|-(?:e|p|pe|c|i)$)/;
/** Options whose value is the next argument, unless they contain `=`. */
const WITH_VALUE =
  /^(?:--(?:inspect-port|debug-port|eval|print|input-type|watch-path|test-(?:reporter(?:-destination)?|name-pattern|shard))|-(?:e|p|pe))$/;

/**
 * Returns the options of the parent's `node` that a child inherits, such as loaders, conditions and memory limits. It leaves out
 * the debugger, whose port is taken, and the program, which is another one.
 */
export function inheritedArguments(execArgv: readonly string[]): string[] {
  return execArgv.filter((argument, index) => {
    const before = execArgv[index - 1];
    return !NOT_INHERITED.test(argument) && (before === undefined || !WITH_VALUE.test(before));
  });
}
