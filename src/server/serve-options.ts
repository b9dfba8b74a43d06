import {
  checkDefinition,
  checkOptions,
  functionOf,
  integer,
  type OptionNames,
  wrongType,
  wrongValue,
} from "../socket/values.ts";
import {
  CONNECTION_OPTIONS,
  type ConnectionLimits,
  type ConnectionOptions,
  connectionLimits,
} from "./connection/connection-options.ts";
import { type Rate, rate } from "./limits/address-rate.ts";
import type { AdmissionLimits } from "./limits/admission.ts";
import type { DatagramLimits } from "./limits/datagram-limit.ts";
import type { AlarmLevel } from "./limits/level-alarm.ts";
import type { ConnectionsAlarm } from "./telemetry/connection-alarms.ts";
import type { ConnectionContext } from "./telemetry/connection-context.ts";
import type { Peer } from "./transport/peer.ts";
import type { LinkTimeouts } from "./transport/timed-link.ts";

/** Connections of a server, unless it is told otherwise. */
export const DEFAULT_MAX_CONNECTIONS = 16_384;
/** Datagrams that are being answered at one time, unless it is told otherwise; of one address a quarter. */
export const DEFAULT_MAX_PENDING_REPLIES = 1_024;
export const DEFAULT_MAX_PENDING_REPLIES_PER_ADDRESS = 256;
/** The default alarm: at nine tenths of `maxConnections`. */
const ALARMING_PART = 0.9;
/** How long a peer may take nothing of what waits to be sent to it, unless the server is told otherwise. */
export const DEFAULT_WRITE_TIMEOUT_MS = 30_000;
const MAX_COUNT = 2_147_483_647;

/**
 * How a server runs, and what it takes on. An address is an IPv4 address, or the /64 network of an IPv6 address; the
 * clients of Unix sockets have none, and are limited in total only.
 */
export interface ServeOptions extends ConnectionOptions {
  /**
   * Told of every connection and datagram that the service failed on, of listeners and other hooks that failed, and of replies
   * that the kernel refused, besides the channel `sockwright:server:error`. What it fails with itself is only published there.
   */
  readonly onError?: ((error: unknown, peer: Peer | undefined) => void) | undefined;
  /** Connections at one time, of all URLs together. 1 or more; default 16 384. */
  readonly maxConnections?: number | undefined;
  /**
   * What becomes of further ones. `wait`, the default: they stay in the kernel's backlog until a connection ends, and connect
   * as if nothing were wrong; over `node:net`, which cannot leave them there, they are refused. `refuse`: reset.
   */
  readonly whenFull?: "wait" | "refuse" | undefined;
  /** Connections of one address at one time; further ones are reset. 1 or more; default is no limit but the total. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** How often one address may connect; what comes faster is reset. Default is no limit. */
  readonly acceptRatePerAddress?: Rate | undefined;
  /**
   * How long a client may say nothing after it has connected, in ms, 1 or more; then the connection is aborted, as by each
   * of these deadlines, with a DeadlineError. None is early, and none more than 0.1 s late. Default is no deadline.
   */
  readonly firstByteTimeoutMs?: number | undefined;
  /** How long nothing may be sent or received, in ms, 1 or more. Default is no deadline. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long the peer may send nothing while the service reads, in ms, 1 or more. Default is no deadline. */
  readonly readTimeoutMs?: number | undefined;
  /** How long the peer may take nothing of what waits to be sent, in ms, 1 or more. Default 30 000. */
  readonly writeTimeoutMs?: number | undefined;
  /** How long a connection may last, in ms, 1 or more. Default is no deadline. */
  readonly totalTimeoutMs?: number | undefined;
  /** How many datagrams of one address the service is given; the others are dropped. Default is no limit. */
  readonly datagramRatePerAddress?: Rate | undefined;
  /** Datagrams that the service has not answered yet: further ones are dropped. 1 or more; default 1 024. */
  readonly maxPendingReplies?: number | undefined;
  /** The same of one address. 1 or more; default 256. */
  readonly maxPendingRepliesPerAddress?: number | undefined;
  /** Levels of open connections that are told when they are passed. Default is one alarm, at nine tenths of the most. */
  readonly alarms?: readonly AlarmLevel[] | undefined;
  /** Told of the alarms, besides the channel `sockwright:server:alarm`. */
  readonly onAlarm?: ((alarm: ConnectionsAlarm) => void) | undefined;
  /**
   * Puts each connection into an asynchronous context of its own, by calling `run` in it: what the service awaits, its timers,
   * and the functions that it gives to `onBytes` and `onFrame` are then all in that context. Default is no context, at no
   * cost. See {@link ConnectionContext}.
   */
  readonly context?: ConnectionContext | undefined;
}

const SERVE_OPTIONS: OptionNames<ServeOptions> = {
  ...CONNECTION_OPTIONS,
  onError: true,
  maxConnections: true,
  whenFull: true,
  maxConnectionsPerAddress: true,
  acceptRatePerAddress: true,
  firstByteTimeoutMs: true,
  idleTimeoutMs: true,
  readTimeoutMs: true,
  writeTimeoutMs: true,
  totalTimeoutMs: true,
  datagramRatePerAddress: true,
  maxPendingReplies: true,
  maxPendingRepliesPerAddress: true,
  alarms: true,
  onAlarm: true,
  context: true,
};
const ALARM: OptionNames<AlarmLevel> = { raiseAt: true, clearAt: true, cooldownMs: true };

/** The options with all that was left open filled in. */
export interface ServeLimits extends AdmissionLimits, DatagramLimits, LinkTimeouts, ConnectionLimits {
  readonly alarms: readonly AlarmLevel[];
  readonly writeTimeoutMs: number;
}

/** What the options say, and their defaults. Throws for what cannot be. */
export function serveLimits(options: ServeOptions): ServeLimits {
  checkOptions("serve()", options, SERVE_OPTIONS);
  const { acceptRatePerAddress, datagramRatePerAddress, alarms } = options;
  for (const name of ["onError", "onAlarm", "context"] as const) {
    if (options[name] !== undefined) functionOf(`options.${name}`, options[name]);
  }
  const whenFull: unknown = options.whenFull === undefined ? "wait" : options.whenFull;
  if (whenFull !== "wait" && whenFull !== "refuse") {
    throw wrongValue("options.whenFull", 'must be "wait" or "refuse"', whenFull);
  }
  const maxConnections = count("maxConnections", options.maxConnections, DEFAULT_MAX_CONNECTIONS);
  return {
    ...connectionLimits(options),
    maxConnections,
    whenFull,
    maxConnectionsPerAddress: count(
      "maxConnectionsPerAddress",
      options.maxConnectionsPerAddress,
      Number.POSITIVE_INFINITY,
    ),
    acceptRatePerAddress: optionalRate("acceptRatePerAddress", acceptRatePerAddress),
    datagramRatePerAddress: optionalRate("datagramRatePerAddress", datagramRatePerAddress),
    firstByteTimeoutMs: timeout("firstByteTimeoutMs", options.firstByteTimeoutMs),
    idleTimeoutMs: timeout("idleTimeoutMs", options.idleTimeoutMs),
    readTimeoutMs: timeout("readTimeoutMs", options.readTimeoutMs),
    writeTimeoutMs: count("writeTimeoutMs", options.writeTimeoutMs, DEFAULT_WRITE_TIMEOUT_MS),
    totalTimeoutMs: timeout("totalTimeoutMs", options.totalTimeoutMs),
    maxPendingReplies: count("maxPendingReplies", options.maxPendingReplies, DEFAULT_MAX_PENDING_REPLIES),
    maxPendingRepliesPerAddress: count(
      "maxPendingRepliesPerAddress",
      options.maxPendingRepliesPerAddress,
      DEFAULT_MAX_PENDING_REPLIES_PER_ADDRESS,
    ),
    alarms: alarms === undefined ? [{ raiseAt: Math.ceil(maxConnections * ALARMING_PART) }] : checkedAlarms(alarms),
  };
}

function count(name: string, value: number | undefined, byDefault: number): number {
  return value === undefined || value === byDefault ? byDefault : integer(`options.${name}`, value, 1, MAX_COUNT);
}

function timeout(name: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : integer(`options.${name}`, value, 1, MAX_COUNT);
}

function optionalRate(name: string, value: Rate | undefined): Rate | undefined {
  return value === undefined ? undefined : rate(`options.${name}`, value);
}

function checkedAlarms(alarms: unknown): AlarmLevel[] {
  if (!Array.isArray(alarms))
    throw wrongType("options.alarms", "an array of levels, such as [{ raiseAt: 900 }]", alarms);
  return alarms.map(checkedAlarm);
}

function checkedAlarm(alarm: AlarmLevel): AlarmLevel {
  checkDefinition("an alarm", alarm, ALARM, "options.alarms", ", such as { raiseAt: 900 }");
  integer("options.alarms.raiseAt", alarm.raiseAt, 1, MAX_COUNT);
  if (alarm.clearAt !== undefined) integer("options.alarms.clearAt", alarm.clearAt, 0, alarm.raiseAt - 1);
  if (alarm.cooldownMs !== undefined) integer("options.alarms.cooldownMs", alarm.cooldownMs, 0, MAX_COUNT);
  return alarm;
}
