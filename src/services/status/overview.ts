import type { ConnectionInfo } from "../../server/connection-set.ts";
import type { HistogramSnapshot } from "../../server/telemetry/histogram.ts";
import type { ServerStats } from "../../server/telemetry/server-counters.ts";

/** A connection, and which service has it. */
export interface OverviewConnection extends ConnectionInfo {
  /** Of an HTTP listener that several share: the one that answered last. */
  readonly service: string;
  /** The `url` of the {@link OverviewListener} that it came by; undefined where it is counted with the `stats` of its service. */
  readonly listener: string | undefined;
}

/** A limit, and how near it is. */
export interface OverviewLimit {
  /** The option as the file has it, such as `max-connections`. */
  readonly name: string;
  readonly limit: number;
  /** Undefined where it is of each address or of each connection. */
  readonly used: number | undefined;
}

/** A service, as it is at one moment. */
export interface OverviewService {
  /** Unique among them. */
  readonly name: string;
  /** `failed`: it is started again after a while; `draining`: it takes nothing new. */
  readonly state: "running" | "failed" | "draining";
  /** Why it has failed. */
  readonly error: string | undefined;
  /** Where it is reached, with real ports and with its mount paths. */
  readonly urls: readonly string[];
  /** Of each of its servers; an HTTP listener that several services share is counted with none of them, but see `requests`. */
  readonly stats: readonly ServerStats[];
  /** What it has answered over HTTP. */
  readonly requests: OverviewRequests | undefined;
  readonly limits: readonly OverviewLimit[];
}

/** What a service has answered over HTTP. */
export interface OverviewRequests {
  readonly answered: number;
  /** With a status of 500 or more. */
  readonly failed: number;
  readonly bytesSent: number;
  readonly durationMs: HistogramSnapshot;
}

/** An HTTP listener and all that it carries: several services may share one. */
export interface OverviewListener {
  /** Unique among them. */
  readonly url: string;
  readonly services: readonly string[];
  readonly stats: ServerStats;
  /** They hold for all of its services together. */
  readonly limits: readonly OverviewLimit[];
}

/** A level of open connections that was passed. */
export interface OverviewAlarm {
  /** Of an HTTP listener all that share it. */
  readonly services: readonly string[];
  readonly connectionsActive: number;
  readonly raiseAt: number;
  /** When it was raised, by the wall clock. */
  readonly sinceMs: number;
}

/** All that runs, for whoever looks at it: the status page, the metrics and `sockwright ctl`. */
export interface Overview {
  services(): readonly OverviewService[];
  httpListeners(): readonly OverviewListener[];
  /** Those that are raised. */
  alarms(): readonly OverviewAlarm[];
  connections(): readonly OverviewConnection[];
  /** Aborts a connection. False where there is no such one. */
  abort(id: number): boolean;
}
