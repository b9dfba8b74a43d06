import { MetricFamily } from "../../server/telemetry/metric-family.ts";
import { exposition, serverFamilies } from "../../server/telemetry/open-metrics.ts";
import type { Overview, OverviewLimit, OverviewService } from "./overview.ts";

const MS_PER_SECOND = 1_000;

/** The counters of the status service itself. */
export interface OwnCounts {
  readonly watchers: number;
  readonly wrongTokens: number;
}

/** Formats all metrics as OpenMetrics: the counters of the servers, and the states and limits of the overview. */
export function statusMetrics(overview: Overview, own: OwnCounts): string {
  const services = overview.services();
  const stats = [
    ...services.flatMap((service) => service.stats),
    ...overview.httpListeners().map((listener) => listener.stats),
  ];
  return exposition([
    ...serverFamilies(stats),
    ...requestFamilies(services),
    ...stateFamilies(services, overview),
    gauge("sockwright_status_watchers", "Pages that are sent each sample.", own.watchers),
    counter("sockwright_status_wrong_tokens", "Tokens that were wrong, or not checked.", own.wrongTokens),
  ]);
}

function requestFamilies(services: readonly OverviewService[]): readonly MetricFamily[] {
  const answered = new MetricFamily({
    name: "sockwright_http_requests",
    type: "counter",
    help: "Requests that were answered.",
  });
  const failed = new MetricFamily({
    name: "sockwright_http_requests_failed",
    type: "counter",
    help: "Requests that were answered with a status of 500 or more.",
  });
  const sent = new MetricFamily({
    name: "sockwright_http_sent_bytes",
    type: "counter",
    unit: "bytes",
    help: "Bytes of the bodies of answers.",
  });
  const duration = new MetricFamily({
    name: "sockwright_http_request_duration_seconds",
    type: "histogram",
    unit: "seconds",
    help: "From the head of a request to the end of its answer.",
  });
  for (const { name: service, requests } of services) {
    if (requests === undefined) continue;
    answered.add({ service }, requests.answered);
    failed.add({ service }, requests.failed);
    sent.add({ service }, requests.bytesSent);
    duration.addHistogram({ service }, requests.durationMs, MS_PER_SECOND);
  }
  return [answered, failed, sent, duration];
}

function stateFamilies(services: readonly OverviewService[], overview: Overview): readonly MetricFamily[] {
  const running = new MetricFamily({
    name: "sockwright_service_running",
    type: "gauge",
    help: "1 for a service that runs, 0 for one that has failed or is drained.",
  });
  const limits = new MetricFamily({ name: "sockwright_limit", type: "gauge", help: "What a limit is set to." });
  const used = new MetricFamily({ name: "sockwright_limit_used", type: "gauge", help: "How much of a limit is used." });
  const alarms = new MetricFamily({
    name: "sockwright_connections_alarm",
    type: "gauge",
    help: "1 while the open connections of a service are above the level of an alarm.",
  });
  const add = (labels: Readonly<Record<string, string>>, own: readonly OverviewLimit[]): void => {
    for (const limit of own) {
      limits.add({ ...labels, limit: limit.name }, limit.limit);
      if (limit.used !== undefined) used.add({ ...labels, limit: limit.name }, limit.used);
    }
  };
  for (const { name: service, state, limits: own } of services) {
    running.add({ service }, state === "running" ? 1 : 0);
    alarms.add({ service }, overview.alarms().some((alarm) => alarm.services.includes(service)) ? 1 : 0);
    add({ service }, own);
  }
  for (const { url: listener, limits: own } of overview.httpListeners()) add({ listener }, own);
  return [running, limits, used, alarms];
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return withValue(new MetricFamily({ name, type: "gauge", help }), value);
}

function counter(name: string, help: string, value: number): MetricFamily {
  return withValue(new MetricFamily({ name, type: "counter", help }), value);
}

function withValue(family: MetricFamily, value: number): MetricFamily {
  family.add({}, value);
  return family;
}
