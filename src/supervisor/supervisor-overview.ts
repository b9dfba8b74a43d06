import { DEFAULT_MAX_CONNECTIONS } from "../server/serve-options.ts";
import type { ServerStats } from "../server/telemetry/server-counters.ts";
import type { Overview, OverviewConnection, OverviewLimit, OverviewService } from "../services/status/overview.ts";
import { messageOf } from "../socket/values.ts";
import type { Group } from "./group.ts";
import type { RequestCounters } from "./request-counters.ts";
import type { ServiceEntry } from "./service-entry.ts";

/** The current state of a supervisor. */
export interface SupervisorView {
  entries(): readonly ServiceEntry[];
  groups(): readonly Group[];
  /** Groups that accept nothing new and still have connections. */
  leaving(): readonly Group[];
  isDrained(service: string): boolean;
  requestsOf(service: string): RequestCounters | undefined;
}

/** Returns the overview of a supervisor, for the status page, the metrics and `sockwright ctl`. */
export function overviewOf(view: SupervisorView): Overview {
  const all = (): readonly Group[] => [...view.groups(), ...view.leaving()];
  return {
    services() {
      const entries = view.entries();
      const names = new Set(entries.map(({ plan }) => plan.name));
      const gone = new Set(view.leaving().flatMap(({ services }) => services.filter((name) => !names.has(name))));
      return [...entries.map((entry) => serviceOf(entry, view)), ...[...gone].map((name) => goneService(name, view))];
    },
    httpListeners: () =>
      all()
        .filter(isShared)
        .map((group) => {
          const stats = group.stats();
          const limits = limitsOf(group.state.plan.limits, [stats]);
          return { url: listenerOf(group), services: group.services, stats, limits };
        }),
    alarms: () => all().flatMap((group) => group.alarms()),
    connections: () => all().flatMap(connectionsOf),
    abort: (id) => all().some((group) => group.abort(id)),
  };
}

function serviceOf(entry: ServiceEntry, view: SupervisorView): OverviewService {
  const { name, limits } = entry.plan;
  const groups = view.groups().filter(({ services }) => services.includes(name));
  const lost = groups.find(({ failure }) => failure !== undefined);
  const error = entry.shared === undefined ? entry.error : lost?.failure;
  const stats = statsOf(name, view);
  const isDrained = view.isDrained(name);
  return {
    name,
    state: isDrained ? "draining" : error === undefined ? "running" : "failed",
    error: error === undefined ? undefined : messageOf(error),
    urls: isDrained ? [] : groups.flatMap((group) => urlsOf(group, name)),
    stats,
    requests: view.requestsOf(name)?.snapshot(),
    // The limits of a shared listener belong to the listener.
    limits: groups.length > 0 && groups.every(isShared) ? [] : limitsOf(limits, stats),
  };
}

/** A service that a reload has removed. */
function goneService(name: string, view: SupervisorView): OverviewService {
  const stats = statsOf(name, view);
  const requests = view.requestsOf(name)?.snapshot();
  return { name, state: "draining", error: undefined, urls: [], stats, requests, limits: [] };
}

function statsOf(name: string, view: SupervisorView): readonly ServerStats[] {
  return [...view.groups(), ...view.leaving()]
    .filter((group) => group.services.includes(name) && !isShared(group))
    .map((group) => group.stats());
}

function urlsOf(group: Group, service: string): readonly string[] {
  const { mounts } = group.state.plan;
  if (mounts === undefined) return group.liveUrls;
  const own = mounts.filter((mount) => mount.service === service);
  return group.liveUrls.flatMap((url) => own.map(({ path }) => `${asHttp(url)}${path}`));
}

function limitsOf(limits: ServiceEntry["plan"]["limits"], stats: readonly ServerStats[]): readonly OverviewLimit[] {
  const used = stats.reduce((sum, { connectionsActive }) => sum + connectionsActive, 0);
  const {
    maxConnections = DEFAULT_MAX_CONNECTIONS,
    maxConnectionsPerAddress,
    maxHandshakes,
    maxPendingReplies,
  } = limits;
  const given = { "max-connections-per-address": maxConnectionsPerAddress, "max-handshakes": maxHandshakes };
  return [
    { name: "max-connections", limit: maxConnections, used },
    ...Object.entries({ ...given, "max-pending-replies": maxPendingReplies }).flatMap(([name, limit]) =>
      limit === undefined ? [] : [{ name, limit, used: undefined }],
    ),
  ];
}

function connectionsOf(group: Group): readonly OverviewConnection[] {
  const listener = isShared(group) ? listenerOf(group) : undefined;
  return group.connections().map((info) => ({ ...info, service: group.serviceOf(info.id), listener }));
}

/** Whether several services share the listener of a group. Then the listener counts its connections, not the services. */
function isShared({ services }: Group): boolean {
  return services.length > 1;
}

function listenerOf({ liveUrls, urls }: Group): string {
  return asHttp(liveUrls[0] ?? urls[0] ?? "");
}

/** An inherited socket only shows that it is a TCP socket. */
function asHttp(url: string): string {
  return url.replace(/^tcp:/, "http:");
}
