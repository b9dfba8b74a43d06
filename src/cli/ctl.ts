import { existsSync } from "node:fs";
import { peerName } from "../server/transport/peer-name.ts";
import type { OverviewConnection, OverviewService } from "../services/status/overview.ts";
import { codeOf } from "../socket/values.ts";
import { askAdmin } from "../supervisor/admin/admin-client.ts";
import { AdminError } from "../supervisor/admin/admin-error.ts";
import type { AdminConnections, AdminRequest, AdminStatus } from "../supervisor/admin/admin-protocol.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { explain } from "./explain.ts";
import { DEFAULT_FILE, MistakesError, planAt } from "./plan-file.ts";
import { jsonLine, printableMessage, printableName } from "./printable.ts";
import type { StandardStreams } from "./standard-streams.ts";
import { tableLines } from "./table.ts";

/** The options of `ctl`. */
export interface CtlOptions {
  readonly socket?: string;
  readonly file?: string;
  readonly json?: boolean;
}

/** A command and its operand. */
export interface CtlWords {
  readonly command: AdminRequest["command"];
  readonly operand: string | undefined;
}

/** Runs `sockwright ctl`, and resolves with the exit code. */
export async function runCtl(words: CtlWords, options: CtlOptions, streams: StandardStreams): Promise<number> {
  const request = requestOf(words);
  let path = options.socket;
  try {
    path ??= await socketOf(options.file);
    const result = await askAdmin(path, request);
    const lines = options.json === true ? [jsonLine(result)] : linesOf(request, result);
    await streams.output.write(Buffer.from(lines.map((line) => `${line}\n`).join("")));
    return 0;
  } catch (error) {
    if (!(error instanceof AdminError) && !(error instanceof MistakesError)) throw unreachable(path, error);
    if (error.mistakes.length === 0) throw new CommandError(error.message, exitCodeOf(error), error);
    const text = options.json === true ? jsonLine(refusalOf(error)) : error.mistakes.map(printableMessage).join("\n");
    await streams.errors.write(Buffer.from(`${text}\n`));
    return exitCodes.usage;
  }
}

/** Returns the path of the admin socket from the file. */
async function socketOf(file: string | undefined): Promise<string> {
  if (file !== undefined || existsSync(DEFAULT_FILE)) return (await planAt(file ?? DEFAULT_FILE)).adminSocket;
  const advice =
    "name the file of  sockwright up  with --file FILE, or its admin socket with --socket PATH; without a file,  sockwright up  prints that PATH";
  throw new CommandError(`there is no ./${DEFAULT_FILE}: ${advice}`, exitCodes.usage);
}

function requestOf({ command, operand }: CtlWords): AdminRequest {
  if (command === "drain") return { command, service: operand };
  if (command !== "kill") return { command };
  if (!/^\d{1,15}$/.test(operand ?? "")) {
    throw new CommandError(`${JSON.stringify(operand)} is not a connection id: write a number`, exitCodes.usage);
  }
  return { command, id: Number(operand) };
}

function refusalOf({ code, message, mistakes }: AdminError | MistakesError): object {
  return { event: "error", message, code, mistakes, exitCode: exitCodes.usage };
}

/** Returns the exit code: missing permission, or an answer of another program, is no mistake in the command line. */
function exitCodeOf({ code }: AdminError | MistakesError): number {
  return code === "EPERM" || code === "ERR_SOCKWRIGHT_ADMIN" ? exitCodes.network : exitCodes.usage;
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  ENOENT:
    "there is no admin socket: start  sockwright up  first, or name its socket with --socket or its file with --file",
  ENOTDIR: "there is no admin socket: a part of the path is not a folder",
  ECONNREFUSED: "no process listens there: the  sockwright up  that created it has ended",
  EACCES: "no permission: only root and the user that runs  sockwright up  may use it",
  EPROTOTYPE: "it is not an admin socket: it is a Unix socket of another type",
};

function unreachable(path: string | undefined, error: unknown): unknown {
  if (path === undefined) return error;
  const reason = UNREACHABLE[codeOf(error) ?? ""];
  if (reason === undefined) return explain(error, { url: `unix:${path}`, role: "target" });
  return new CommandError(`${path}: ${reason}`, exitCodes.network, error);
}

function linesOf({ command }: AdminRequest, result: object): readonly string[] {
  if (command === "status") return statusLines(result as AdminStatus);
  if (command === "connections") return connectionLines(result as AdminConnections);
  return [];
}

function statusLines({ services, alarms }: AdminStatus): readonly string[] {
  const head = ["SERVICE", "STATE", "CONNECTIONS", "ACCEPTED", "REFUSED", "REQUESTS", "ADDRESS"];
  const rows = services.flatMap((service) => {
    const [first = "-", ...others] = service.urls.map(printableName);
    return [[...numbersOf(service), first], ...others.map((url) => [...head.slice(1).map(() => ""), url])];
  });
  const failures = services.flatMap(({ name, error }) =>
    error === undefined ? [] : [`${name}: ${printableName(error)}`],
  );
  const raised = alarms.map(
    ({ services: own, connectionsActive, raiseAt }) =>
      `alarm: ${own.join(", ")} has ${connectionsActive} connections; the alarm is raised at ${raiseAt}`,
  );
  return [...tableLines([head, ...rows]), ...failures, ...raised];
}

function numbersOf({ name, state, stats, requests }: OverviewService): readonly string[] {
  const sum = (of: (each: OverviewService["stats"][number]) => number): string =>
    String(stats.reduce((all, each) => all + of(each), 0));
  const refused = sum(({ connectionsRefused }) =>
    Object.values(connectionsRefused).reduce((all, each) => all + each, 0),
  );
  const accepted = sum((each) => each.connectionsAccepted);
  const active = sum((each) => each.connectionsActive);
  return [printableName(name), state, active, accepted, refused, String(requests?.answered ?? "-")];
}

function connectionLines({ total, connections }: AdminConnections): readonly string[] {
  const head = ["ID", "SERVICE", "STATE", "SINCE", "READ", "SENT", "PEER", "ADDRESS"];
  const rest = total - connections.length;
  const more = rest > 0 ? [`${rest} more are open`] : [];
  return [...tableLines([head, ...connections.map(cellsOf)]), ...more];
}

/** Returns the cells of a connection's row. `openedAt` is text here, since it comes from JSON. */
function cellsOf({ id, service, state, openedAt, bytesRead, bytesWritten, peer, url }: OverviewConnection): string[] {
  const since = new Date(openedAt).toISOString().replace("T", " ").slice(0, 19);
  const from = printableName(peerName(peer));
  return [
    `${id}`,
    printableName(service),
    state,
    since,
    `${bytesRead}`,
    `${bytesWritten}`,
    from === "" ? "-" : from,
    printableName(url),
  ];
}
