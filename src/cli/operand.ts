// Operands of a command.
import type { Command } from "commander";
import { CommandError, exitCodes } from "./command-error.ts";
import { flagAdvice } from "./foreign-flag.ts";
import { hostPortOf } from "./host-port.ts";

/** Returns the URL that is the only operand of a command. For a host and a port, as nc(1) takes them, the error shows the URL. */
export function onlyUrl(command: Command): string {
  const [url = "", ...more] = command.args;
  if (more.length === 0) return url;
  throw tooMany(command, `sockwright ${command.name()} `);
}

/** Returns the two URLs that are the operands of `relay`; the command checks that none is missing. */
export function twoUrls(command: Command): readonly [from: string, to: string] {
  const [from = "", to = "", ...more] = command.args;
  if (more.length === 0) return [from, to];
  throw usage(`too many arguments for '${command.name()}': write  sockwright relay FROM TO`);
}

/** Throws if `greet` has operands: it takes its addresses as options. */
export function noOperand(command: Command): void {
  if (command.args.length > 0) throw tooMany(command, "sockwright greet --listen ");
}

function tooMany(command: Command, prefix: string): CommandError {
  const { args } = command;
  // Commander takes -4 and -6 for negative numbers.
  const flag = args.find((each) => /^-\d/.test(each));
  if (flag !== undefined) {
    const operands = args.filter((each) => each !== flag);
    const advice = flagAdvice(flag, { command: command.name(), operands, value: undefined });
    return usage(`unknown option '${flag}': ${advice ?? `see  sockwright ${command.name()} --help`}`);
  }
  const place = hostPortOf(args);
  const scheme = /^(?:tcp|udp)(?=:\/\/)/.exec(args[0] ?? "")?.[0] ?? "tcp";
  const isUrl = args.length === 1 && /^(?:[a-z-]+:|[./~@])/.test(args[0] ?? "") && !/^[^:]*:\d+$/.test(args[0] ?? "");
  const url = isUrl ? args[0] : place && `${scheme}://${place}`;
  const advice = url === undefined ? `see  sockwright ${command.name()} --help` : `write ${prefix}${url}`;
  return usage(`too many arguments for '${command.name()}': ${advice}`);
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
