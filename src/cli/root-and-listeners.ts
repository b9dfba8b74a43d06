import { CommandError, exitCodes } from "./command-error.ts";
import { hostPortOf } from "./host-port.ts";

/** Where a server for a folder listens, unless it is told otherwise. */
export const DEFAULT_LISTENER = "http://127.0.0.1:8080";

/** The folder that a command serves, and its listeners. */
export interface RootAndListeners {
  readonly root: string;
  readonly listen: readonly string[];
}

/**
 * Reads the operands ROOT and PORT of a command: tutorials start their server as `server 8080`.
 *
 * @param listen - the values of `--listen`.
 * @throws CommandError.
 */
export function rootAndListeners(
  command: string,
  [root, port, ...more]: readonly string[],
  listen: readonly string[] | undefined,
): RootAndListeners {
  if (root === undefined || root === "")
    throw usage(`a folder is missing: write  sockwright ${command} ROOT, such as  sockwright ${command} .`);
  if (more.length > 0) throw usage(`too many arguments for '${command}': see  sockwright ${command} --help`);
  if (port === undefined) return { root, listen: listen ?? [DEFAULT_LISTENER] };
  if (listen !== undefined) {
    throw usage(`${port} and --listen both say where to listen: leave one of them out`);
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    const place = /^(?:https?:\/\/)?[^/]*:\d{1,5}\/?$/i.test(port) ? hostPortOf([port]) : undefined;
    const url = place === undefined ? "URL" : `http://${place}`;
    throw usage(`${JSON.stringify(port)} is not a port: write a number from 0 to 65535, or --listen ${url}`);
  }
  return { root, listen: [`http://127.0.0.1:${Number(port)}`] };
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
