import type { ConnectionInfo } from "../../server/connection-set.ts";
import type { HistogramSnapshot } from "../../server/telemetry/histogram.ts";
import type { ServerStats } from "../../server/telemetry/server-counters.ts";

/** A connection and the name of its service. */
export interface OverviewConnection extends ConnectionInfo {
  /** The service; on an HTTP listener that several services share, the one that answered last. */
  readonly service: string;
  /** The `url` of the {@link OverviewListener} that accepted it; undefined if the `stats` of its service count it. */
  readonly listener: string | undefined;
}

/** A limit and how much of it is used. */
export interface OverviewLimit {
  /** The option in the form of the configuration file, such as `max-connections`. */
  readonly name: string;
  readonly limit: number;
  /** Undefined for a limit per address or per connection. */
  readonly used: number | undefined;
}

/** The state of a service at one moment. */
export interface OverviewService {
  /** Unique among them. */
  readonly name: string;
  /** `failed`: the supervisor will start it again after a delay; `draining`: it accepts no new connections. */
  readonly state: "running" | "failed" | "draining";
  /** The error of a failed service. */
  readonly error: string | undefined;
  /** Its addresses, with actual ports and mount paths. */
  readonly urls: readonly string[];
  /** The counters of each of its servers. They exclude HTTP listeners that several services share; for those see `requests`. */
  readonly stats: readonly ServerStats[];
  /** Its HTTP answers. */
  readonly requests: OverviewRequests | undefined;
  readonly limits: readonly OverviewLimit[];
}

/** The counters of a service's HTTP answers. */
export interface OverviewRequests {
  readonly answered: number;
  /** Answers with a status of 500 or more. */
  readonly failed: number;
  readonly bytesSent: number;
  readonly durationMs: HistogramSnapshot;
}

/** An HTTP listener, which several services may share. */
export interface OverviewListener {
  /** Unique among them. */
  readonly url: string;
  readonly services: readonly string[];
  readonly stats: ServerStats;
  /** Its limits, which apply to all of its services together. */
  readonly limits: readonly OverviewLimit[];
}

/** An alarm: the open connections exceed a configured level. */
export interface OverviewAlarm {
  /** The service; for an HTTP listener, all services that share it. */
  readonly services: readonly string[];
  readonly connectionsActive: number;
  readonly raiseAt: number;
  /** When the alarm was raised, in ms since 1970. */
  readonly sinceMs: number;
}

/** The view of all running services that the status page, the metrics and `sockwright ctl` show. */
export interface Overview {
  services(): readonly OverviewService[];
  httpListeners(): readonly OverviewListener[];
  /** The alarms that are raised. */
  alarms(): readonly OverviewAlarm[];
  connections(): readonly OverviewConnection[];
  /** Aborts a connection. Returns false if there is no connection with this id. */
  abort(id: number): boolean;
}
