import type { HttpExchange } from "../http/service/handler.ts";
import { Histogram, scale } from "../server/telemetry/histogram.ts";
import type { OverviewRequests } from "../services/status/overview.ts";

/** 0.25 ms to 2 min, each twice as long as the one before. */
const DURATIONS = scale(0.25, 2, 20);
/** From here on a status says that the service has failed: RFC 9110, section 15.6. */
const FIRST_SERVER_ERROR = 500;

/** What a service has answered over HTTP, by whichever listener. */
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
