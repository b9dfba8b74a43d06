import { readFileSync } from "node:fs";
import { Command } from "commander";
import { codeOf, nearest } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { unwritable } from "./explain.ts";
import { hostPortOf } from "./host-port.ts";
import { reportError } from "./report-error.ts";
import type { StandardStreams } from "./standard-streams.ts";

const HELP = `
Examples:
  sockwright greet                               a server for first tries
  sockwright web public 8080                     a web server for a folder
  sockwright chat --with tcp://127.0.0.1:9000    two terminals talk, the same in both
  sockwright connect tcp://127.0.0.1:8000        talk to it, from another terminal
  sockwright listen tcp://127.0.0.1:8001 > copy  receive a file: start this end first,
  sockwright connect tcp://127.0.0.1:8001 < file then this one, which sends it

Each command has its own help, with its options and exit codes:
  sockwright connect --help`;

/** Makes a command, which calls `done` with its exit code when it has run. */
type Make = (streams: StandardStreams, done: (exitCode: number) => void) => Command;

interface Entry {
  readonly summary: string;
  /** Loads the command. Only the requested command is loaded, and the library only when it runs. */
  readonly load: () => Promise<Make>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  up: {
    summary: "run all services of a file, or a demonstration",
    load: async () => (await import("./up-command.ts")).upCommand,
  },
  ctl: {
    summary: "show the state of a running `up` and control it",
    load: async () => (await import("./ctl-command.ts")).ctlCommand,
  },
  greet: {
    summary: "a server that greets clients and answers every message",
    load: async () => (await import("./greet-command.ts")).greetCommand,
  },
  web: {
    summary: "a web server for the files of a folder",
    load: async () => (await import("./web-command.ts")).webCommand,
  },
  files: {
    summary: "a server to which files are uploaded, and from which they are downloaded",
    load: async () => (await import("./files-command.ts")).filesCommand,
  },
  chat: {
    summary: "host a chat, take part in one, or talk with one other terminal",
    load: async () => (await import("./chat-command.ts")).chatCommand,
  },
  relay: {
    summary: "accept connections, and connect each to another address",
    load: async () => (await import("./relay-command.ts")).relayCommand,
  },
  connect: {
    summary: "connect standard input and output to a socket",
    load: async () => (await import("./connect-command.ts")).connectCommand,
  },
  listen: {
    summary: "wait for a connection, and connect it to standard input and output",
    load: async () => (await import("./listen-command.ts")).listenCommand,
  },
  tls: {
    summary: "show the certificates of a server",
    load: async () => (await import("./tls-command.ts")).tlsCommand,
  },
  cert: {
    summary: "make a certificate for TLS, and a local CA that issues it",
    load: async () => (await import("./cert-command.ts")).certCommand,
  },
};

/** Names that other programs use for a file server. */
const OTHER_WEB_SERVERS = /^(?:https?|https?d|https?-server|serve|server|sirv|static|file)$/;

/** Runs `sockwright` with arguments and streams, and resolves with the exit code. */
export async function run(args: readonly string[], streams: StandardStreams): Promise<number> {
  let exitCode = 0;
  let help = "";
  try {
    const wanted = withoutHelpCommand(args);
    const command = await commandCalled(wanted, streams, (code) => {
      exitCode = code;
    });
    try {
      await program(command, (text) => {
        help += text;
      }).parseAsync(wanted, { from: "user" });
    } finally {
      if (help !== "") await print(help, streams);
    }
    return exitCode;
  } catch (error) {
    return reportError(error, args, streams);
  }
}

/** `help connect` is `connect --help`. */
function withoutHelpCommand(args: readonly string[]): readonly string[] {
  if (args[0] !== "help") return args;
  if (args.slice(1).filter((arg) => !arg.startsWith("-")).length > 1)
    throw new CommandError(`too many arguments for 'help': see  sockwright --help`, exitCodes.usage);
  return [...args.slice(1), "--help"];
}

async function commandCalled(
  args: readonly string[],
  streams: StandardStreams,
  done: (code: number) => void,
): Promise<Command | undefined> {
  const [name] = args;
  if (name === undefined || name.startsWith("-")) return undefined;
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry !== undefined) return (await entry.load())(streams, done).summary(entry.summary);
  throw new CommandError(`unknown command '${name}'${hintFor(name, args[1])}`, exitCodes.usage);
}

function hintFor(name: string, next = ""): string {
  const near = nearest(name, Object.keys(COMMANDS));
  if (near !== undefined) return ` (did you mean ${near}?)`;
  if (OTHER_WEB_SERVERS.test(name)) return `: write sockwright web ${next === "" ? "FOLDER" : next}`;
  if (/^[.~]?\/|^\.{1,2}$/.test(name)) return `: write sockwright web ${name}`;
  // An address without a command.
  if (/^(?:tcp|udp|unix|unix-dgram|unix-seqpacket|vsock):./.test(name)) return `: write sockwright connect ${name}`;
  const place = /^\d+$/.test(next) ? hostPortOf([name, next]) : /:\d+$/.test(name) ? hostPortOf([name]) : undefined;
  return place === undefined ? ": see  sockwright --help" : `: write sockwright connect tcp://${place}`;
}

/** Makes the program with the requested command and the names of the others. */
function program(command: Command | undefined, writeOut: (text: string) => void): Command {
  const names = Object.entries(COMMANDS).map(([name, { summary }]) =>
    name === command?.name() ? command : new Command(name).summary(summary).usage("[options]"),
  );
  const program = new Command("sockwright")
    .description("Sockets on the command line: TCP, UDP, and Unix sockets of every kind.")
    .version(version(), "--version", "print the version")
    .addHelpText("after", HELP);
  for (const each of names) program.addCommand(each);
  for (const each of [program, ...names]) {
    // reportError() reports its errors, in one line.
    each.exitOverride().configureOutput({ writeOut, writeErr: () => undefined, outputError: () => undefined });
  }
  return program;
}

/** Prints the help. A reader that stops early, as in `sockwright --help | head -1`, is no failure. */
async function print(text: string, { output }: StandardStreams): Promise<void> {
  try {
    await output.write(Buffer.from(text));
  } catch (error) {
    if (codeOf(error) !== "EPIPE") throw unwritable(error);
  }
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const isManifest = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return isManifest ? String(manifest.version) : "";
}
