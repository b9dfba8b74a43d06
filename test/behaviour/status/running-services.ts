// A greeter on TCP, and an HTTP service on one listener with the status page, all real. Their overview tells what a
// supervisor's would.
import { http } from "../../../src/http/service/http.ts";
import { mounts } from "../../../src/http/service/mounts.ts";
import type { ServeOptions } from "../../../src/server/serve-options.ts";
import type { Server } from "../../../src/server/server.ts";
import { Histogram, scale } from "../../../src/server/telemetry/histogram.ts";
import { greet } from "../../../src/services/greet/greet.ts";
import type { Overview } from "../../../src/services/status/overview.ts";
import { type StatusOptions, status } from "../../../src/services/status/status.ts";
import { serving, urlOf } from "../../support/serving.ts";

export interface RunningServices {
  readonly greeter: Server;
  readonly web: Server;
  /** The URL of the status page. */
  readonly page: string;
  readonly overview: Overview;
}

export async function runningServices(
  options: StatusOptions = {},
  limits: ServeOptions = { maxConnections: 1_000 },
): Promise<RunningServices> {
  const greeter = await serving(greet(), limits);
  const durations = new Histogram(scale(1, 2, 16));
  const counts = { answered: 0, failed: 0, bytesSent: 0 };
  const pages = http(() => ({ body: "hello\n" }), {
    onExchange({ status: code, bodyBytes, durationMs }) {
      counts.answered++;
      if (code >= 500) counts.failed++;
      counts.bytesSent += bodyBytes;
      durations.record(durationMs);
    },
  });
  let web: Server | undefined;
  let webUrl = "";
  const overview: Overview = {
    services: () => [
      {
        name: "greet",
        state: "running",
        error: undefined,
        urls: [...greeter.urls],
        stats: [greeter.stats()],
        requests: undefined,
        limits: [
          { name: "max-connections", limit: limits.maxConnections ?? 0, used: greeter.stats().connectionsActive },
          { name: "max-connections-per-address", limit: 200, used: undefined },
        ],
      },
      {
        name: "pages",
        state: "running",
        error: undefined,
        urls: [`${webUrl}/`],
        stats: [],
        requests: { ...counts, durationMs: durations.snapshot() },
        limits: [],
      },
    ],
    httpListeners: () =>
      web === undefined ? [] : [{ url: webUrl, services: ["pages", "status"], stats: web.stats(), limits: [] }],
    alarms: () => [],
    connections: () => [
      ...greeter.connections().map((connection) => ({ ...connection, service: "greet", listener: undefined })),
      ...(web?.connections() ?? []).map((it) => ({ ...it, service: "status", listener: it.url })),
    ],
    abort: (id) => greeter.abort(id) || (web?.abort(id) ?? false),
  };
  web = await serving(mounts({ "/": pages, "/status/": status(overview, options) }), {}, "http://127.0.0.1:0");
  webUrl = urlOf(web);
  return { greeter, web, page: `${webUrl}/status/`, overview };
}
