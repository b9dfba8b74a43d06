import { type FilesOptions, files, type Receipt, type Right } from "../services/files/files.ts";
import { FILES_OPTIONS } from "../services/files/files-options.ts";
import { StoreError } from "../services/files/store-error.ts";
import { UsersFileError } from "../services/files/users-file.ts";
import { needsToken } from "../services/status/access.ts";
import { codeOf } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { EventLog } from "./event-log.ts";
import { runHttpServer } from "./http-server.ts";
import { jsonLine, printableName } from "./printable.ts";
import { rootFailure } from "./root-failure.ts";
import { failure, inWords, type ServerEvent } from "./server-event.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** The options of `files`. */
export interface FilesCommandOptions {
  readonly listen?: readonly string[];
  readonly allow?: string;
  readonly users?: string;
  readonly host?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly maxSize?: string;
  readonly quota?: string;
  readonly maxPartials?: string;
  readonly expire?: string;
  readonly digest: "sha256" | "none";
  readonly onConflict: "fail" | "rename";
  readonly sums?: boolean;
  readonly password?: boolean;
  readonly base?: string;
  readonly for?: string;
  readonly grace: number;
  readonly json?: boolean;
}

/** Runs `sockwright files` until it is stopped, and resolves with the exit code. */
export async function runFilesServer(
  root: string,
  options: FilesCommandOptions & { readonly listen: readonly string[] },
  streams: StandardStreams,
): Promise<number> {
  const log = new EventLog(streams.output);
  const isJson = options.json === true;
  const report = (event: ServerEvent): void => log.print(isJson ? jsonLine(event) : inWords(event));
  checkReach(options);
  const given: FilesOptions = {
    ...filesOptions(options),
    onReceipt: (receipt) => log.print(isJson ? jsonLine(receipt) : receiptInWords(receipt)),
    onError: (error) => report(failure(error, "")),
  };
  return await runHttpServer(options.listen, () => service(root, given), {
    log,
    report,
    grace: options.grace,
    explainFailure: (error) => explained(root, error),
  });
}

/** A server that others reach must know who they are. */
function checkReach({ listen, users }: FilesCommandOptions & { readonly listen: readonly string[] }): void {
  const open = users === undefined ? listen.find((url) => needsToken(url)) : undefined;
  if (open === undefined) return;
  const advice = "write --users FILE, with entries that  sockwright files user NAME  makes";
  throw usage(`--listen ${JSON.stringify(open)} can be reached from other machines: ${advice}`);
}

function filesOptions(options: FilesCommandOptions): FilesOptions {
  const { allow, users, host, allowOrigin, maxSize, quota, maxPartials, expire, digest, onConflict } = options;
  if (allow !== undefined && users !== undefined) {
    throw usage("--allow is for a server without users: write [anonymous] in the file of --users");
  }
  const { maxFileBytes, quotaBytes, maxPartials: count, expireMs } = FILES_OPTIONS.kinds;
  return {
    allow: allow?.split(",").filter((word) => word !== "") as readonly Right[] | undefined,
    users,
    hosts: host,
    allowOrigins: allowOrigin,
    maxFileBytes: parsed("--max-size", maxSize, (text) => maxFileBytes.parse("--max-size", text)),
    quotaBytes: parsed("--quota", quota, (text) => quotaBytes.parse("--quota", text)),
    maxPartials: parsed("--max-partials", maxPartials, (text) => count.parse("--max-partials", text)),
    expireMs: parsed("--expire", expire, (text) => expireMs.parse("--expire", text)),
    digest,
    onConflict,
  };
}

function parsed<Value>(flag: string, text: string | undefined, parse: (text: string) => Value): Value | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CommandError(inFlag(error.message, flag), exitCodes.usage, error);
  }
}

function service(root: string, given: FilesOptions): ReturnType<typeof files> {
  try {
    return files(root, given);
  } catch (error) {
    if (!(error instanceof Error) || codeOf(error)?.startsWith("ERR_INVALID_ARG") !== true) throw error;
    const [, option = ""] = /'(?:options\.)?(\w+)/.exec(error.message) ?? [];
    throw new CommandError(inFlag(error.message, FLAGS[option] ?? option), exitCodes.usage, error);
  }
}

const FLAGS: Readonly<Record<string, string>> = { allow: "--allow", hosts: "--host", allowOrigins: "--allow-origin" };

/** Node's message about an argument, with the flag as its subject. */
function inFlag(message: string, flag: string): string {
  const [, rest = message] = /^The (?:argument|value of) ['"][^'"]*['"] (.*)$/s.exec(message) ?? [];
  return `${flag} ${rest}`.replace("Received", "It is");
}

function explained(root: string, error: unknown): unknown {
  if (error instanceof UsersFileError) return new CommandError(error.message, exitCodes.usage, error);
  if (error instanceof StoreError && error.code === "IN_USE") {
    return new CommandError(`${root}: another  sockwright files  serves this folder`, exitCodes.usage, error);
  }
  return rootFailure("files", root, error);
}

/** A warning for the files of other systems. */
function similar(name: string | undefined): string {
  return name === undefined ? "" : `; ${printableName(name)} differs by case or normal form alone`;
}

function receiptInWords(receipt: Receipt): string {
  const by = receipt.user === undefined ? "" : ` by ${printableName(receipt.user)}`;
  const from = receipt.address === undefined ? "" : ` from ${receipt.address}`;
  const path = printableName(receipt.path);
  switch (receipt.event) {
    case "created":
    case "replaced":
      return `${receipt.event} ${path}, ${receipt.size} bytes${by}${from}${similar(receipt.similarTo)}`;
    case "deleted":
      return `deleted ${path}${by}${from}`;
    case "moved":
      return `moved ${path} to ${printableName(receipt.to)}${by}${from}`;
  }
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
