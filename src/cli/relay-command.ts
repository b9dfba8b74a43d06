import { Command, Option } from "commander";
import { DEFAULT_MAX_CONNECTIONS } from "../server/serve-options.ts";
import { RELAY_OPTIONS } from "../services/relay/relay-options.ts";
import { DEFAULT_GRACE_MS } from "../supervisor/plan.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { parseDuration, TIMES } from "./duration.ts";
import { twoUrls } from "./operand.ts";
import type { RelayCommandOptions } from "./relay-server.ts";
import type { StandardStreams } from "./standard-streams.ts";

const TEXT = `
It runs until Ctrl-C or SIGTERM: it accepts no more clients, and the others may continue for
--grace. A second signal ends it at once.

The relay:
  Each direction has its own end: a half-close is passed on, and a reset of one side resets
  the other. A slow receiver slows down its sender. When there is no connection to TO, the
  client is reset, and the others continue.
  Both URLs carry the same: bytes (tcp:, unix:, vsock:, tls:), records (unix-seqpacket:), or
  datagrams (udp:, unix-dgram:). With datagrams, each sender has a session with a socket of
  its own, until neither has sent for the --idle-timeout.
  tls: as FROM takes TLS off, and as TO adds it.
  Clients are not authenticated, and TO sees the relay's address as theirs.
${TIMES}
Examples:
  sockwright relay tcp://127.0.0.1:8000 unix:/run/app.sock
  sockwright relay 'unix:/tmp/db.sock?mode=600' tcp://192.0.2.1:5432
  sockwright relay 'tls://*:8443?cert=a.pem&key=a.key' tcp://127.0.0.1:8000
  sockwright relay udp://127.0.0.1:5353 udp://192.0.2.1:53

Exit codes:
  0 stopped by a signal   1 network   2 usage or file`;

/** Makes the command `sockwright relay FROM TO`. */
export function relayCommand(streams: StandardStreams, done: (exitCode: number) => void): Command {
  const time = (flag: string, name: "connectTimeoutMs" | "idleTimeoutMs" | "writeTimeoutMs") => (text: string) =>
    checked(flag, text, () => RELAY_OPTIONS.kinds[name].check(flag, parseDuration(flag, text)) ?? 0);
  return new Command("relay")
    .allowExcessArguments()
    .description("Accepts connections, connects each to another address, and copies both directions.")
    .argument(
      "<from>",
      "where to listen: tcp://HOST:PORT, tls://HOST:PORT, unix:PATH, vsock://CID:PORT, fd:N, systemd:NAME …",
    )
    .argument("<to>", "where to connect: tcp://HOST:PORT, tls://HOST:PORT, unix:PATH, vsock://CID:PORT …")
    .option(
      "--max-connections <number>",
      `clients at one time; further ones wait (default: ${DEFAULT_MAX_CONNECTIONS}; ${RELAY_OPTIONS.kinds.maxSessions.defaultValue} sessions with datagrams)`,
      (text) =>
        checked("--max-connections", text, () => RELAY_OPTIONS.kinds.maxSessions.parse("--max-connections", text)),
    )
    .addOption(
      new Option("--connect-timeout <time>", "reset a client when TO has not answered within this time")
        .argParser(time("--connect-timeout", "connectTimeoutMs"))
        .default(RELAY_OPTIONS.kinds.connectTimeoutMs.defaultValue, "10s"),
    )
    .option(
      "--idle-timeout <time>",
      "end a connection when both directions are silent for this time (default: never; 60s with datagrams)",
      time("--idle-timeout", "idleTimeoutMs"),
    )
    .addOption(
      new Option("--write-timeout <time>", "end a connection when a receiver takes nothing for this time")
        .argParser(time("--write-timeout", "writeTimeoutMs"))
        .default(RELAY_OPTIONS.kinds.writeTimeoutMs.defaultValue, "30s"),
    )
    .addOption(
      new Option("--grace <time>", "once stopped, let connections continue for this long")
        .argParser((text) => parseDuration("--grace", text))
        .default(DEFAULT_GRACE_MS, "2s"),
    )
    .option("--json", "print one JSON object per line, also for errors")
    .addHelpText("after", TEXT)
    .action(async (_from: string, _to: string, options: RelayCommandOptions, own: Command) => {
      const [from, to] = twoUrls(own);
      const { runRelayServer } = await import("./relay-server.ts");
      await runRelayServer(from, to, options, streams);
      done(0);
    });
}

function checked(flag: string, text: string, read: () => number): number {
  try {
    return read();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const range = flag === "--max-connections" ? "write a number from 1 on" : "write a time from 1ms on";
    throw new CommandError(`${flag} ${JSON.stringify(text)} is out of range: ${range}`, exitCodes.usage, error);
  }
}
