import { wrongType } from "../../socket/values.ts";
import type { HistogramSnapshot } from "./histogram.ts";
import { type Labels, type MetricDescription, MetricFamily } from "./metric-family.ts";
import type { ServerStats } from "./server-counters.ts";

/** The content type of the text that {@link openMetrics} returns. */
export const OPEN_METRICS_CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const MS_PER_SECOND = 1_000;

/** A metric that reads one number of each server, or one number for each value of a label. */
interface Source extends MetricDescription {
  readonly of: (stats: ServerStats) => number | readonly [label: string, tally: Readonly<Record<string, number>>];
}

const numbers: readonly Source[] = [
  {
    name: "sockwright_connections",
    type: "gauge",
    help: "Connections that are open.",
    of: (stats) => stats.connectionsActive,
  },
  {
    name: "sockwright_connections_accepted",
    type: "counter",
    help: "Connections that were served.",
    of: (stats) => stats.connectionsAccepted,
  },
  {
    name: "sockwright_connections_refused",
    type: "counter",
    help: "Connections that were reset instead of served.",
    of: (stats) => ["reason", stats.connectionsRefused],
  },
  {
    name: "sockwright_connections_ended",
    type: "counter",
    help: "Connections that were served and have ended.",
    of: (stats) => ["reason", stats.connectionsEnded],
  },
  {
    name: "sockwright_connections_expired",
    type: "counter",
    help: "Connections whose deadline passed.",
    of: (stats) => ["deadline", stats.connectionsExpired],
  },
  {
    name: "sockwright_write_buffer_full",
    type: "counter",
    help: "Writes that found the write buffer full.",
    of: (stats) => stats.writeBufferFull,
  },
  {
    name: "sockwright_accept_errors",
    type: "counter",
    help: "Errors of accept(2).",
    of: (stats) => ["code", stats.acceptErrors],
  },
  {
    name: "sockwright_handshakes_failed",
    type: "counter",
    help: "Connections whose handshake failed.",
    of: (stats) => ["reason", stats.handshakesFailed],
  },
  {
    name: "sockwright_errors",
    type: "counter",
    help: "Connections and datagrams that the service failed on, and listeners that failed.",
    of: (stats) => ["code", stats.errors],
  },
  {
    name: "sockwright_datagrams_received",
    type: "counter",
    help: "Datagrams that the server received.",
    of: (stats) => stats.datagramsReceived,
  },
  {
    name: "sockwright_datagrams_dropped",
    type: "counter",
    help: "Datagrams that the server dropped before the service.",
    of: (stats) => ["reason", stats.datagramsDropped],
  },
  {
    name: "sockwright_replies_sent",
    type: "counter",
    help: "Datagrams that were sent in reply.",
    of: (stats) => stats.repliesSent,
  },
  {
    name: "sockwright_replies_dropped",
    type: "counter",
    help: "Replies for which the kernel had no buffer space.",
    of: (stats) => stats.repliesDropped,
  },
];

interface HistogramSource extends MetricDescription {
  readonly of: (stats: ServerStats) => HistogramSnapshot;
  readonly divisor?: number;
}

const histograms: readonly HistogramSource[] = [
  {
    name: "sockwright_connection_duration_seconds",
    type: "histogram",
    unit: "seconds",
    help: "Durations of connections that have ended.",
    of: (stats) => stats.connectionDurationMs,
    divisor: MS_PER_SECOND,
  },
  {
    name: "sockwright_connection_read_bytes",
    type: "histogram",
    unit: "bytes",
    help: "Bytes received over each connection that has ended.",
    of: (stats) => stats.connectionBytesRead,
  },
  {
    name: "sockwright_connection_written_bytes",
    type: "histogram",
    unit: "bytes",
    help: "Bytes sent over each connection that has ended.",
    of: (stats) => stats.connectionBytesWritten,
  },
];

/**
 * The counters of servers as OpenMetrics 1.0 text, which Prometheus and similar programs read. Each sample has the name of its
 * service as a label; servers of the same service are added up.
 *
 * @param servers - results of `server.stats()`, from this process, a worker or another process.
 * @returns a complete exposition, with `# EOF` at its end. Serve it with {@link OPEN_METRICS_CONTENT_TYPE}.
 * @throws TypeError when `servers` is no iterable of statistics.
 * @example
 * ```ts
 * import { openMetrics, serve } from "sockwright/server";
 *
 * const server = await serve("tcp://127.0.0.1:0", { name: "echo", stream: (connection) =>
 *   connection.onBytes((bytes) => void connection.write(bytes)),
 * });
 * const lines = openMetrics([server.stats()]).split("\n");
 * console.log(lines[0]); // => # TYPE sockwright_connections gauge
 * console.log(lines[2]); // => sockwright_connections{service="echo"} 0
 * await server.close();
 * ```
 */
export function openMetrics(servers: Iterable<ServerStats>): string {
  return exposition(serverFamilies(servers));
}

/** The families of {@link openMetrics}, for an exposition with further families. */
export function serverFamilies(servers: Iterable<ServerStats>): readonly MetricFamily[] {
  const all = statsOf(servers);
  return [...numbers.map((source) => familyOf(source, all)), ...histograms.map((source) => histogramOf(source, all))];
}

/** A complete exposition of families with different names. */
export function exposition(families: readonly MetricFamily[]): string {
  return `${families.flatMap((family) => family.lines()).join("\n")}\n# EOF\n`;
}

function statsOf(servers: unknown): readonly ServerStats[] {
  const form = "an iterable of statistics, such as [server.stats()]";
  const isIterable = typeof servers === "object" && servers !== null && Symbol.iterator in servers;
  if (!isIterable) throw wrongType("servers", form, servers);
  const all = [...(servers as Iterable<ServerStats>)];
  for (const stats of all as readonly unknown[]) {
    const isOne = typeof stats === "object" && stats !== null && "connectionDurationMs" in stats;
    if (!isOne) throw wrongType("servers", form, stats);
  }
  return all;
}

function familyOf(source: Source, servers: readonly ServerStats[]): MetricFamily {
  const family = new MetricFamily(source);
  for (const stats of servers) {
    const labels: Labels = { service: stats.service };
    const found = source.of(stats);
    if (typeof found === "number") {
      family.add(labels, found);
      continue;
    }
    const [label, tally] = found;
    for (const [name, value] of Object.entries(tally)) family.add({ ...labels, [label]: name }, value);
  }
  return family;
}

function histogramOf({ of, divisor, ...description }: HistogramSource, servers: readonly ServerStats[]): MetricFamily {
  const family = new MetricFamily(description);
  for (const stats of servers) family.addHistogram({ service: stats.service }, of(stats), divisor);
  return family;
}
