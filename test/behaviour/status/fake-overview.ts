// An overview whose services, listeners, alarms and connections a test sets.

import { Histogram, type HistogramSnapshot } from "../../../src/server/telemetry/histogram.ts";
import { ServerCounters, type ServerStats } from "../../../src/server/telemetry/server-counters.ts";
import type {
  Overview,
  OverviewAlarm,
  OverviewConnection,
  OverviewListener,
  OverviewService,
} from "../../../src/services/status/overview.ts";

export class FakeOverview implements Overview {
  readonly aborted: number[] = [];
  serviceList: OverviewService[] = [];
  listenerList: OverviewListener[] = [];
  alarmList: OverviewAlarm[] = [];
  connectionList: OverviewConnection[] = [];

  services(): readonly OverviewService[] {
    return this.serviceList;
  }

  httpListeners(): readonly OverviewListener[] {
    return this.listenerList;
  }

  alarms(): readonly OverviewAlarm[] {
    return this.alarmList;
  }

  connections(): readonly OverviewConnection[] {
    return this.connectionList;
  }

  abort(id: number): boolean {
    if (!this.connectionList.some((connection) => connection.id === id)) return false;
    this.aborted.push(id);
    this.connectionList = this.connectionList.filter((connection) => connection.id !== id);
    return true;
  }
}

export function serviceOf(given: Partial<OverviewService> = {}): OverviewService {
  return {
    name: "greet",
    state: "running",
    error: undefined,
    urls: ["tcp://127.0.0.1:8000"],
    stats: [],
    requests: undefined,
    limits: [],
    ...given,
  };
}

export function statsOf(given: Partial<ServerStats> = {}): ServerStats {
  return { ...new ServerCounters("greet").snapshot(0), ...given };
}

export function connectionOf(given: Partial<OverviewConnection> = {}): OverviewConnection {
  return {
    id: 1,
    service: "greet",
    listener: undefined,
    url: "tcp://127.0.0.1:8000",
    peer: { host: "127.0.0.1", port: 40_000 },
    state: "open",
    openedAt: new Date(0),
    bytesRead: 0,
    bytesWritten: 0,
    ...given,
  };
}

export function histogramOf(bounds: readonly number[], values: readonly number[]): HistogramSnapshot {
  const histogram = new Histogram(bounds);
  for (const value of values) histogram.record(value);
  return histogram.snapshot();
}
