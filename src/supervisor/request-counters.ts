import type { HttpExchange } from "../http/service/handler.ts";
import { Histogram, scale } from "../server/telemetry/histogram.ts";
import type { OverviewRequests } from "../services/status/overview.ts";

/** Bounds of the histogram: 0.25 ms to 2 min, each twice the one before. */
const DURATIONS = scale(0.25, 2, 20);
/** The lowest status of a server error: RFC 9110, section 15.6. */
const FIRST_SERVER_ERROR = 500;

/** The counters of a service's HTTP answers, over all listeners. */
export class RequestCounters {
  readonly #durationMs = new Histogram(DURATIONS);
  #answered = 0;
  #failed = 0;
  #bytesSent = 0;

  record({ status, bodyBytes, durationMs }: HttpExchange): void {
    this.#answered++;
    if (status >= FIRST_SERVER_ERROR) this.#failed++;
    this.#bytesSent += bodyBytes;
    this.#durationMs.record(durationMs);
  }

  snapshot(): OverviewRequests {
    return {
      answered: this.#answered,
      failed: this.#failed,
      bytesSent: this.#bytesSent,
      durationMs: this.#durationMs.snapshot(),
    };
  }
}
