import { checkDefinition, integer, type OptionNames, wrongType } from "../socket/values.ts";
import { RATE_OPTION, type Rate } from "./limits/address-rate.ts";
import type { AdmissionLimits } from "./limits/admission.ts";
import type { DatagramLimits } from "./limits/datagram-limit.ts";
import type { AlarmLevel } from "./limits/level-alarm.ts";
import { COMMON_OPTIONS, type CommonOptions } from "./listener-options.ts";
import { count, custom, hook, MAX_COUNT, ms } from "./options/option-kind.ts";
import { type GivenOptions, type OptionKindsOf, options } from "./options/option-table.ts";
import type { ConnectionsAlarm } from "./telemetry/connection-alarms.ts";
import type { ConnectionContext } from "./telemetry/connection-context.ts";
import type { Peer } from "./transport/peer.ts";

/** The default of `maxConnections`: open connections of a server. The option `whenFull` says what happens to further ones. */
export const DEFAULT_MAX_CONNECTIONS = 16_384;
/** The default of `maxPendingReplies`: datagrams that the service has not answered yet. The server drops further ones. */
export const DEFAULT_MAX_PENDING_REPLIES = 1_024;
/** The default of `maxPendingRepliesPerAddress`: unanswered datagrams from one address. The server drops further ones. */
export const DEFAULT_MAX_PENDING_REPLIES_PER_ADDRESS = 256;
/** The default alarm is raised at this part of `maxConnections`. */
const ALARM_PART = 0.9;

/**
 * The options of a server: limits, hooks, and the options that all its listeners share. For limits per address, an address is
 * an IPv4 address or the /64 network of an IPv6 address. Clients of Unix sockets have no address: only the total limits apply.
 */
export interface ServeOptions extends CommonOptions {
  /**
   * The server calls this function when the service fails on a connection or a datagram, when a listener or another hook fails,
   * and when the kernel refuses a reply. It publishes the same on the channel `sockwright:server:error`. An error that
   * `onError` itself throws or rejects with is only published there.
   */
  readonly onError?: ((error: unknown, peer: Peer | undefined) => void) | undefined;
  /** Open connections of all listeners together. `whenFull` says what happens to further ones. 1 or more; default 16 384. */
  readonly maxConnections?: number | undefined;
  /** Open connections from one address; the server resets further ones. 1 or more; by default only the total is limited. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** How often one address may connect; the server resets connections that come faster. Default is no limit. */
  readonly acceptRatePerAddress?: Rate | undefined;
  /** How often the service gets a datagram from one address; the server drops the others. Default is no limit. */
  readonly datagramRatePerAddress?: Rate | undefined;
  /** Datagrams that the service has not answered yet; the server drops further ones. 1 or more; default 1 024. */
  readonly maxPendingReplies?: number | undefined;
  /** The same limit for one address. 1 or more; default 256. */
  readonly maxPendingRepliesPerAddress?: number | undefined;
  /** Numbers of open connections at which alarms are raised and cleared. Default is one alarm, raised at nine tenths of `maxConnections`. */
  readonly alarms?: readonly AlarmLevel[] | undefined;
  /** The server calls this function when an alarm is raised or cleared. It publishes the same on `sockwright:server:alarm`. */
  readonly onAlarm?: ((alarm: ConnectionsAlarm) => void) | undefined;
  /**
   * Puts each connection into an asynchronous context of its own, by calling `run` in it. Everything that the service awaits,
   * its timers, and the functions that it passes to `onBytes` and `onFrame` then run in that context. Default is no context,
   * which costs nothing. See {@link ConnectionContext}.
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
  alarms: custom("an array of levels", checkAlarms, ALARM_FIELDS),
  onAlarm: hook<NonNullable<ServeOptions["onAlarm"]>>(),
  context: hook<ConnectionContext>(),
};
/** The options that only the server has, and no listener. */
const SERVER = options(SERVER_OPTIONS);
/** All options of `serve`. */
export const SERVE = options({ ...COMMON_OPTIONS, ...SERVER_OPTIONS } satisfies OptionKindsOf<ServeOptions>);
const ALARM: OptionNames<AlarmLevel> = { raiseAt: true, clearAt: true, cooldownMs: true };

/** The settings of a server, without those of its listeners. */
export interface ServerLimits extends AdmissionLimits, DatagramLimits {
  readonly alarms: readonly AlarmLevel[];
  readonly onError: ServeOptions["onError"];
  readonly onAlarm: ServeOptions["onAlarm"];
  readonly context: ConnectionContext | undefined;
}

/**
 * The settings of the server, with the defaults filled in, and the options for all its listeners.
 *
 * @throws TypeError, RangeError for an invalid option.
 */
export function serveLimits(given: ServeOptions): {
  readonly server: ServerLimits;
  readonly listeners: GivenOptions<typeof COMMON_OPTIONS>;
} {
  // Each option is read once, here: a getter that throws must not throw later, when a connection comes.
  const values = SERVE.checkGiven("serve()", given);
  const { maxConnections: _, ...listeners } = values;
  const { alarms, ...server } = SERVER.fill(values);
  const { maxConnections } = server;
  return {
    server: { ...server, alarms: alarms ?? [{ raiseAt: Math.ceil(maxConnections * ALARM_PART) }] },
    listeners,
  };
}

function checkAlarms(path: string, alarms: unknown): readonly AlarmLevel[] {
  if (!Array.isArray(alarms)) throw wrongType(path, "an array of levels, such as [{ raiseAt: 900 }]", alarms);
  return alarms.map((alarm: AlarmLevel, index) => checkAlarm(`${path}[${index}]`, alarm));
}

function checkAlarm(path: string, alarm: AlarmLevel): AlarmLevel {
  checkDefinition("an alarm", alarm, ALARM, path, ", such as { raiseAt: 900 }");
  integer(`${path}.raiseAt`, alarm.raiseAt, 1, MAX_COUNT);
  if (alarm.clearAt !== undefined) integer(`${path}.clearAt`, alarm.clearAt, 0, alarm.raiseAt - 1);
  if (alarm.cooldownMs !== undefined) integer(`${path}.cooldownMs`, alarm.cooldownMs, 0, MAX_COUNT);
  return alarm;
}
