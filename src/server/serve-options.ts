import { checkDefinition, integer, type OptionNames, wrongType } from "../socket/values.ts";
import { RATE_OPTION, type Rate } from "./limits/address-rate.ts";
import type { AdmissionLimits } from "./limits/admission.ts";
import type { DatagramLimits } from "./limits/datagram-limit.ts";
import type { AlarmLevel } from "./limits/level-alarm.ts";
import { COMMON_OPTIONS, type CommonOptions } from "./listener-options.ts";
import { checked, count, hook, MAX_COUNT, ms } from "./options/option-kind.ts";
import { type GivenOptions, type OptionKindsOf, options } from "./options/option-table.ts";
import type { ConnectionsAlarm } from "./telemetry/connection-alarms.ts";
import type { ConnectionContext } from "./telemetry/connection-context.ts";
import type { Peer } from "./transport/peer.ts";

/** Connections of a server, unless it is told otherwise. Further ones wait in the backlog. */
export const DEFAULT_MAX_CONNECTIONS = 16_384;
/**
 * Datagrams that are being answered at one time, unless the server is told otherwise; of one address a quarter. Further
 * ones are dropped.
 */
export const DEFAULT_MAX_PENDING_REPLIES = 1_024;
/** Datagrams from one address that the service has not answered yet. Further ones are dropped. */
export const DEFAULT_MAX_PENDING_REPLIES_PER_ADDRESS = 256;
/** The default alarm: at nine tenths of `maxConnections`. */
const ALARMING_PART = 0.9;

/**
 * How a server runs, and what it takes on: the options of all its listeners, and those of the server. An address is an IPv4
 * address, or the /64 network of an IPv6 address; the clients of Unix sockets have none, and are limited in total only.
 */
export interface ServeOptions extends CommonOptions {
  /**
   * Told of every connection and datagram that the service failed on, of listeners and other hooks that failed, and of replies
   * that the kernel refused, besides the channel `sockwright:server:error`. What it fails with itself is only published there.
   */
  readonly onError?: ((error: unknown, peer: Peer | undefined) => void) | undefined;
  /** Connections at one time, of all listeners together. 1 or more; default 16 384. */
  readonly maxConnections?: number | undefined;
  /** Connections of one address at one time; further ones are reset. 1 or more; default is no limit but the total. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** How often one address may connect; what comes faster is reset. Default is no limit. */
  readonly acceptRatePerAddress?: Rate | undefined;
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

const ALARM_FIELDS = { raiseAt: count(), clearAt: count({ min: 0 }), cooldownMs: ms({ min: 0 }) };
const SERVER_OPTIONS = {
  onError: hook<NonNullable<ServeOptions["onError"]>>(),
  maxConnections: count({ default: DEFAULT_MAX_CONNECTIONS }),
  maxConnectionsPerAddress: count({ default: Number.POSITIVE_INFINITY }),
  acceptRatePerAddress: RATE_OPTION,
  datagramRatePerAddress: RATE_OPTION,
  maxPendingReplies: count({ default: DEFAULT_MAX_PENDING_REPLIES }),
  maxPendingRepliesPerAddress: count({ default: DEFAULT_MAX_PENDING_REPLIES_PER_ADDRESS }),
  alarms: checked("an array of levels", checkedAlarms, ALARM_FIELDS),
  onAlarm: hook<NonNullable<ServeOptions["onAlarm"]>>(),
  context: hook<ConnectionContext>(),
};
/** Those of the server alone. */
const SERVER = options(SERVER_OPTIONS);
/** All that `serve` has. */
export const SERVE = options({ ...COMMON_OPTIONS, ...SERVER_OPTIONS } satisfies OptionKindsOf<ServeOptions>);
const ALARM: OptionNames<AlarmLevel> = { raiseAt: true, clearAt: true, cooldownMs: true };

/** What a server goes by, apart from its listeners. */
export interface ServerLimits extends AdmissionLimits, DatagramLimits {
  readonly alarms: readonly AlarmLevel[];
  readonly onError: ServeOptions["onError"];
  readonly onAlarm: ServeOptions["onAlarm"];
  readonly context: ConnectionContext | undefined;
}

/** What the options say: of the server, with the defaults, and of all its listeners. Throws for what cannot be. */
export function serveLimits(given: ServeOptions): {
  readonly server: ServerLimits;
  readonly listeners: GivenOptions<typeof COMMON_OPTIONS>;
} {
  // Each is read once: a getter of the program's own that throws must not do so at a connection.
  const values = SERVE.given("serve()", given);
  const { maxConnections: _, ...listeners } = values;
  const { alarms, ...server } = SERVER.fill(values);
  const { maxConnections } = server;
  return {
    server: { ...server, alarms: alarms ?? [{ raiseAt: Math.ceil(maxConnections * ALARMING_PART) }] },
    listeners,
  };
}

function checkedAlarms(path: string, alarms: unknown): readonly AlarmLevel[] {
  if (!Array.isArray(alarms)) throw wrongType(path, "an array of levels, such as [{ raiseAt: 900 }]", alarms);
  return alarms.map((alarm: AlarmLevel, index) => checkedAlarm(`${path}[${index}]`, alarm));
}

function checkedAlarm(path: string, alarm: AlarmLevel): AlarmLevel {
  checkDefinition("an alarm", alarm, ALARM, path, ", such as { raiseAt: 900 }");
  integer(`${path}.raiseAt`, alarm.raiseAt, 1, MAX_COUNT);
  if (alarm.clearAt !== undefined) integer(`${path}.clearAt`, alarm.clearAt, 0, alarm.raiseAt - 1);
  if (alarm.cooldownMs !== undefined) integer(`${path}.cooldownMs`, alarm.cooldownMs, 0, MAX_COUNT);
  return alarm;
}
