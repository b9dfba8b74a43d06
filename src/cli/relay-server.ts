import { clientHandshake } from "../server/connect.ts";
import { type Server, serve } from "../server/server.ts";
import { DeadlineError } from "../server/time/deadline-error.ts";
import type { Peer } from "../server/transport/peer.ts";
import { peerName } from "../server/transport/peer-name.ts";
import { parseSocketUrl } from "../server/url/socket-url.ts";
import { carriageConflict, checkPlain } from "../services/relay/carriage.ts";
import { IDLE_DEADLINE } from "../services/relay/joined-connections.ts";
import {
  type RelayEvent,
  type RelayService,
  type RelaySide,
  type RelayStats,
  type RelayTraffic,
  relay,
} from "../services/relay/relay.ts";
import { TARGET_KEEP_ALIVE_MS } from "../services/relay/relay-options.ts";
import { codeOf, messageOf } from "../socket/values.ts";
import { reloadCertificates, reloadsAtHangUp } from "./certificate-reload.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { EventLog } from "./event-log.ts";
import { explain } from "./explain.ts";
import { jsonLine, printableMessage, printableName } from "./printable.ts";
import { isLoop } from "./relay-loop.ts";
import { failure, inWords, type ServerEvent } from "./server-event.ts";
import type { StandardStreams } from "./standard-streams.ts";
import { LAST_WORDS_MS, within } from "./time-limit.ts";
import { untilSignal } from "./until-signal.ts";

/** The options of `relay`. */
export interface RelayCommandOptions {
  readonly maxConnections?: number;
  readonly connectTimeout: number;
  readonly idleTimeout?: number;
  readonly writeTimeout: number;
  readonly grace: number;
  readonly json?: boolean;
}

/** The events that only a relay has, beside those of every server. */
type OwnEvent =
  | ({ readonly event: "closed"; readonly peer: string } & RelayTraffic)
  | {
      readonly event: "failed";
      readonly peer: string;
      readonly side: RelaySide;
      readonly code: string | undefined;
      readonly message: string;
    }
  | ({ readonly event: "stopped" } & RelayStats);

/** Runs `sockwright relay` until it is stopped. */
export async function runRelayServer(
  from: string,
  to: string,
  options: RelayCommandOptions,
  streams: StandardStreams,
): Promise<void> {
  const log = new EventLog(streams.output);
  const run = new RelayRun(from, to, options, (line) => log.print(line));
  let starting: Promise<Server> | undefined;
  const reload = (): void =>
    void reloadCertificates(
      async () => (await starting)?.reload(),
      (event) => run.report(event),
    );
  const { first, second, stop } = untilSignal(reloadsAtHangUp([from]) ? reload : undefined);
  try {
    starting = run.start();
    const server = await starting;
    await first;
    // An exit alone would end the connections in order: both sides would take a part for the whole.
    void second.then(() => server.close({ graceMs: 0 }));
    await server.close({ graceMs: options.grace });
    run.tellStats();
    await within(LAST_WORDS_MS, log.printed());
  } finally {
    stop();
  }
}

class RelayRun {
  readonly #from: string;
  readonly #to: string;
  readonly #options: RelayCommandOptions;
  readonly #print: (line: string) => void;
  readonly #service: RelayService;
  /** Errors that an event has told: the server reports them too. */
  readonly #told = new WeakSet<object>();

  constructor(from: string, to: string, options: RelayCommandOptions, print: (line: string) => void) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.#print = print;
    const { connectTimeout, idleTimeout, writeTimeout, maxConnections } = options;
    try {
      this.#service = relay({
        to,
        connectTimeoutMs: connectTimeout,
        idleTimeoutMs: idleTimeout,
        writeTimeoutMs: writeTimeout,
        maxSessions: maxConnections,
        onEvent: (event) => this.#onEvent(event),
      });
    } catch (error) {
      throw explain(error);
    }
  }

  /** Opens the listener. */
  async start(): Promise<Server> {
    const [from, to] = [this.#from, this.#to];
    await check(from, to);
    await clientHandshake(parseSocketUrl(to)).catch((error: unknown) => {
      // A file of the target that is missing is told now, and not by the first client.
      throw explain(error, { url: to, role: "target" });
    });
    const { maxConnections, writeTimeout: writeTimeoutMs } = this.#options;
    let server: Server;
    try {
      server = await serve(from, this.#service, {
        maxConnections,
        writeTimeoutMs,
        drainTimeoutMs: writeTimeoutMs,
        keepAliveMs: TARGET_KEEP_ALIVE_MS,
        detectTruncation: true,
        onError: (error, peer) => this.#onError(error, peer),
      });
    } catch (error) {
      throw explain(error, { url: from, role: "listener" });
    }
    try {
      // What an inherited socket carries, and where it listens, is known only now.
      for (const url of server.urls) await check(url, to);
    } catch (error) {
      await server.close({ graceMs: 0 });
      throw error;
    }
    for (const url of server.urls) this.report({ event: "listening", url });
    return server;
  }

  /** Reports the counters. */
  tellStats(): void {
    this.report({ event: "stopped", ...this.#service.stats() });
  }

  #onEvent(event: RelayEvent): void {
    const peer = peerName(event.peer);
    if (event.type === "opened") this.report({ event: "opened", peer });
    else if (event.type === "closed") {
      const { bytesToTarget, bytesFromTarget } = event;
      this.report({ event: "closed", peer, bytesToTarget, bytesFromTarget });
    } else {
      const { side, error } = event;
      if (typeof error === "object" && error !== null) this.#told.add(error);
      this.report({ event: "failed", peer, side, code: codeOf(error), message: this.#messageOf(side, error) });
    }
  }

  #onError(error: unknown, peer: Peer | undefined): void {
    if (typeof error === "object" && error !== null && this.#told.has(error)) return;
    this.report(failure(error, peer === undefined ? "" : peerName(peer)));
  }

  /** Explains an error of the target as of any address; and an error of an option with its flag. */
  #messageOf(side: RelaySide, error: unknown): string {
    const { connectTimeout, idleTimeout, writeTimeout } = this.#options;
    if (error instanceof DeadlineError) {
      if (error.deadline === IDLE_DEADLINE)
        return `nothing was sent or received for ${idleTimeout} ms (--idle-timeout)`;
      return `the receiver took nothing for ${writeTimeout} ms (--write-timeout)`;
    }
    if (side === "client") return messageOf(error);
    if (codeOf(error) === "ERR_SOCKWRIGHT_TIMEOUT")
      return `${this.#to}: no connection within ${connectTimeout} ms (--connect-timeout)`;
    return explain(error, { url: this.#to, role: side === "connect" ? "target" : "peer" }).message;
  }

  /** Prints an event. */
  report(event: ServerEvent | OwnEvent): void {
    this.#print(this.#options.json === true ? jsonLine(event) : textOf(event));
  }
}

/** Refuses two addresses that no relay can join. */
async function check(from: string, to: string): Promise<void> {
  const listener = parseSocketUrl(from);
  const target = parseSocketUrl(to);
  checkPlain(listener);
  const conflict = carriageConflict(listener, target);
  if (conflict !== undefined) throw new CommandError(`${from} and ${to}: ${conflict}`, exitCodes.usage);
  if (await isLoop(listener, target)) {
    throw new CommandError(`${to}: the relay itself listens there and would connect to itself`, exitCodes.usage);
  }
}

function textOf(event: ServerEvent | OwnEvent): string {
  if (event.event === "closed" && "bytesToTarget" in event) return `${inWords(event)}: ${trafficText(event)}`;
  if (event.event === "failed" && "side" in event) {
    return `failed ${event.peer === "" ? "a connection" : printableName(event.peer)} (${event.side}): ${printableMessage(event.message)}`;
  }
  return event.event === "stopped" ? statsText(event) : inWords(event);
}

function trafficText({ bytesToTarget, bytesFromTarget }: RelayTraffic): string {
  return `${bytesToTarget} bytes to the target, ${bytesFromTarget} from it`;
}

function statsText(stats: RelayStats): string {
  const { joined, failed, connectsFailed, sessionsEvicted, datagramsDropped } = stats;
  const counts = [
    `${joined} relayed`,
    `${failed} failed`,
    `${connectsFailed} not connected`,
    ...(sessionsEvicted > 0 ? [`${sessionsEvicted} ended for others`] : []),
    ...(datagramsDropped > 0 ? [`${datagramsDropped} datagrams dropped`] : []),
  ];
  return `stopped: ${counts.join(", ")}; ${trafficText(stats)}`;
}
