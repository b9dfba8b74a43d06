import { type HistogramSnapshot, mergeHistograms } from "../../server/telemetry/histogram.ts";
import type { ServerStats } from "../../server/telemetry/server-counters.ts";
import type { Overview, OverviewConnection, OverviewRequests } from "./overview.ts";

/** Limits the services and HTTP listeners that have plots; the page counts the others, and its tables list all of them. */
export const MAX_SUBJECTS = 64;

/** A subject of plots at one moment: a service, or an HTTP listener, which several services may share. */
export interface Subject {
  /** Unique among them. */
  readonly key: string;
  readonly kind: "service" | "listener";
  /** The name of the service, or the URL of the listener. */
  readonly name: string;
  /** What `durationMs` measures: requests if the service answers any, else connections. */
  readonly timed: "requests" | "connections";
  readonly durationMs: HistogramSnapshot;
  /** Gauges by the name of their series. */
  readonly levels: Readonly<Record<string, number>>;
  /** Counters by the name of their series, without those of rare events that have not occurred. */
  readonly totals: Readonly<Record<string, number>>;
}

interface Bytes {
  read: number;
  written: number;
}

/** Returns all subjects: services, then listeners, each in the order of the overview. */
export function subjectsOf(overview: Overview): readonly Subject[] {
  const openBytes = bytesByKey(overview.connections());
  const services = overview.services().map(({ name, stats, requests }) => {
    const key = serviceKey(name);
    return subject({ key, kind: "service", name }, stats, openBytes.get(key), requests);
  });
  const listeners = overview.httpListeners().map(({ url, stats }) => {
    const key = listenerKey(url);
    return subject({ key, kind: "listener", name: url }, [stats], openBytes.get(key), undefined);
  });
  return [...services, ...listeners].slice(0, MAX_SUBJECTS);
}

export function serviceKey(name: string): string {
  return `service ${name}`;
}

export function listenerKey(url: string): string {
  return `listener ${url}`;
}

function subject(
  identity: Pick<Subject, "key" | "kind" | "name">,
  stats: readonly ServerStats[],
  ...[open = { read: 0, written: 0 }, requests]: [Bytes | undefined, OverviewRequests | undefined]
): Subject {
  return {
    ...identity,
    timed: requests === undefined ? "connections" : "requests",
    durationMs: requests?.durationMs ?? mergeHistograms(stats.map((server) => server.connectionDurationMs)),
    levels: stats.length === 0 ? {} : { connections: sum(stats, (server) => server.connectionsActive) },
    totals: { ...connectionTotals(stats, open), ...requestTotals(requests) },
  };
}

function connectionTotals(stats: readonly ServerStats[], open: Bytes): Record<string, number> {
  if (stats.length === 0) return {};
  const datagrams = sum(stats, (server) => server.datagramsReceived);
  return {
    accepted: sum(stats, (server) => server.connectionsAccepted),
    ...(datagrams === 0 ? {} : { datagrams }),
    ...reasons("refused", stats, (server) => server.connectionsRefused),
    ...reasons("handshake", stats, (server) => server.handshakesFailed),
    ...reasons("dropped", stats, (server) => server.datagramsDropped),
    // The histograms have only the bytes of connections that have ended.
    "bytes in": sum(stats, (server) => server.connectionBytesRead.sum) + open.read,
    "bytes out": sum(stats, (server) => server.connectionBytesWritten.sum) + open.written,
  };
}

function requestTotals(requests: OverviewRequests | undefined): Record<string, number> {
  if (requests === undefined) return {};
  return { requests: requests.answered, "failed requests": requests.failed, "bytes answered": requests.bytesSent };
}

function reasons(
  what: string,
  stats: readonly ServerStats[],
  of: (server: ServerStats) => Readonly<Record<string, number>>,
): Record<string, number> {
  const names = new Set(stats.flatMap((server) => Object.keys(of(server))));
  const all = [...names].map((name) => [`${what}: ${name}`, sum(stats, (server) => of(server)[name] ?? 0)] as const);
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

function bytesByKey(connections: readonly OverviewConnection[]): ReadonlyMap<string, Bytes> {
  const all = new Map<string, Bytes>();
  for (const { service, listener, bytesRead, bytesWritten } of connections) {
    const key = listener === undefined ? serviceKey(service) : listenerKey(listener);
    const bytes = all.get(key);
    if (bytes === undefined) all.set(key, { read: bytesRead, written: bytesWritten });
    else {
      bytes.read += bytesRead;
      bytes.written += bytesWritten;
    }
  }
  return all;
}

function sum(stats: readonly ServerStats[], of: (server: ServerStats) => number): number {
  return stats.reduce((all, server) => all + of(server), 0);
}
