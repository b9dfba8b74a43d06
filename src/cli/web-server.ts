import { readFile } from "node:fs/promises";
import { TemplateError } from "../services/web/template/template-error.ts";
import { unknownVariables, type WebOptions, web } from "../services/web/web.ts";
import { codeOf } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { EventLog } from "./event-log.ts";
import { runHttpServer } from "./http-server.ts";
import { jsonLine } from "./printable.ts";
import { rootFailure } from "./root-failure.ts";
import { failure, inWords, type ServerEvent } from "./server-event.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** The options of `web`. */
export interface WebCommandOptions {
  readonly listen?: readonly string[];
  readonly index?: readonly string[];
  readonly listing?: boolean;
  readonly spa?: boolean | string;
  readonly notFound: string;
  readonly dotfiles: "hidden" | "well-known" | "shown";
  readonly symlinks: "deny" | "inside" | "follow";
  readonly precompressed: boolean;
  readonly cache?: readonly string[];
  readonly type?: readonly string[];
  readonly header?: readonly string[];
  readonly securityHeaders?: boolean;
  readonly csp?: string;
  readonly route?: readonly string[];
  readonly template?: readonly string[];
  readonly var?: readonly string[];
  readonly vars?: string;
  readonly check?: boolean;
  readonly accessLog: "common" | "combined" | "json" | "off";
  readonly watch?: boolean;
  readonly grace: number;
  readonly json?: boolean;
}

/** Runs `sockwright web` until it is stopped or has checked the templates, and resolves with the exit code. */
export async function runWebServer(
  root: string,
  options: WebCommandOptions,
  streams: StandardStreams,
): Promise<number> {
  const log = new EventLog(streams.output);
  const report = (event: ServerEvent): void => log.print(options.json === true ? jsonLine(event) : inWords(event));
  const given = await webOptions(
    options,
    (line) => log.print(line.trimEnd()),
    (error) => report(failure(error, "")),
  );
  if (options.check === true) return check(root, given, options.json === true, streams);
  return await runHttpServer(options.listen ?? [], () => service(root, given), {
    log,
    report,
    grace: options.grace,
    explainFailure: (error) => ofRoot(root, error),
  });
}

function service(root: string, given: WebOptions): ReturnType<typeof web> {
  try {
    return web(root, given);
  } catch (error) {
    throw inFlags(error);
  }
}

/** Prints FILE:LINE of each variable without a value on standard output, since that was the question. */
async function check(root: string, given: WebOptions, isJson: boolean, { output }: StandardStreams): Promise<number> {
  let unknown: Awaited<ReturnType<typeof unknownVariables>>;
  try {
    unknown = await unknownVariables(root, given);
  } catch (error) {
    throw ofRoot(root, error) ?? inFlags(error);
  }
  const lines = unknown.map(({ file, line, name }) =>
    isJson
      ? `${JSON.stringify({ event: "unknown", file, line, name })}\n`
      : `${file}:${line}: the variable ${name} has no value\n`,
  );
  await output.write(Buffer.from(lines.join("")));
  return lines.length === 0 ? 0 : exitCodes.usage;
}

/** Explains an error of the folder, or of a template in it. */
function ofRoot(root: string, error: unknown): CommandError | undefined {
  if (error instanceof TemplateError) return new CommandError(error.message, exitCodes.usage, error);
  return rootFailure("web", root, error);
}

const FLAGS: Readonly<Record<string, string>> = {
  index: "--index",
  spa: "--spa",
  notFound: "--not-found",
  cache: "--cache",
  mediaTypes: "--type",
  headers: "--header",
  contentSecurityPolicy: "--csp",
  routes: "--route",
  templates: "--template",
  vars: "--var and --vars",
};

/** Rewrites an error of the service with the flags of the command. */
function inFlags(error: unknown): unknown {
  const code = codeOf(error);
  if (!(error instanceof Error) || code?.startsWith("ERR_INVALID_ARG") !== true) return error;
  const [, option = "", rest = error.message] =
    /^The argument '(?:options\.)?(\w+)[^']*' (.*)$/s.exec(error.message) ?? [];
  return new CommandError(`${FLAGS[option] ?? option} ${rest}`.replace("Received", "It is"), exitCodes.usage, error);
}

async function webOptions(
  options: WebCommandOptions,
  print: (line: string) => void,
  onError: (error: unknown) => void,
): Promise<WebOptions> {
  const { index, listing, spa, notFound, dotfiles, symlinks, precompressed, securityHeaders, csp, template } = options;
  return {
    index,
    listing,
    spa,
    notFound,
    dotfiles,
    symlinks,
    precompressed,
    securityHeaders,
    contentSecurityPolicy: csp,
    templates: template,
    watch: options.watch,
    cache: pairs("--cache", "PATTERN=VALUE", options.cache),
    mediaTypes: pairs("--type", ".EXT=TYPE", options.type),
    headers: pairs("--header", "NAME: VALUE", options.header, ":"),
    routes: pairs("--route", "PATH=FILE", options.route),
    vars: await variables(options),
    accessLog: options.accessLog === "off" ? undefined : print,
    accessLogFormat: options.accessLog === "off" ? undefined : options.json === true ? "json" : options.accessLog,
    onError,
  };
}

/** `NAME=VALUE`, each name once. */
function pairs(
  flag: string,
  form: string,
  given: readonly string[] = [],
  separator = "=",
): Readonly<Record<string, string>> | undefined {
  if (given.length === 0) return undefined;
  const found = new Map<string, string>();
  for (const text of given) {
    const at = text.indexOf(separator);
    const name = text.slice(0, at).trim();
    if (at <= 0 || name === "") throw usage(`${flag} ${JSON.stringify(text)} is not in the form ${form}`);
    if (found.has(name)) throw usage(`${flag} has ${JSON.stringify(name)} twice`);
    found.set(name, text.slice(at + 1).trim());
  }
  return Object.fromEntries(found);
}

async function variables({ var: given, vars: file }: WebCommandOptions): Promise<Readonly<Record<string, unknown>>> {
  const own = pairs("--var", "NAME=TEXT", given) ?? {};
  const dotted = Object.keys(own).find((name) => name.includes("."));
  if (dotted !== undefined) throw usage(`--var ${dotted} has a dot: write it as a nested object in the file of --vars`);
  if (file === undefined) return own;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new CommandError(`--vars ${file} cannot be read: ${(error as Error).message}`, exitCodes.usage, error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`--vars ${file} is not valid JSON: ${(error as Error).message}`, exitCodes.usage, error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw usage(`--vars ${file} is not a JSON object`);
  return { ...value, ...own };
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
