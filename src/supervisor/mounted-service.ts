import type { HttpExchange } from "../http/service/handler.ts";
import type { HttpResponse } from "../http/service/http-response.ts";
import { type HttpService, isHttpService } from "../http/service/http-service.ts";
import type { SharedService } from "../server/shared-service.ts";
import type { LastAnswers } from "./last-answers.ts";
import type { RequestCounters } from "./request-counters.ts";

/** The receiver of a mounted service's request records. */
export interface MountRecords {
  readonly answers: LastAnswers;
  readonly requests: RequestCounters;
}

/** A service below a path of an HTTP listener. It records its requests, and can be removed while connections are open. */
export class MountedService implements HttpService {
  readonly name: string;
  readonly protocols = ["http"];
  readonly request: HttpService["request"];
  readonly maxBodyBytes: number | undefined;
  readonly #shared: SharedService;
  readonly #records: MountRecords;
  readonly #service: HttpService;
  #isTakenOut = false;
  #isStopped = false;

  /** @throws Error for a service that does not answer HTTP requests. */
  constructor(name: string, shared: SharedService, records: MountRecords) {
    const { service } = shared;
    if (!isHttpService(service)) throw new Error(`the service ${name} answers no requests of HTTP`);
    this.name = name;
    this.#shared = shared;
    this.#records = records;
    this.#service = service;
    this.maxBodyBytes = service.maxBodyBytes;
    this.request = (request, context) => {
      if (this.#isTakenOut) return unavailable();
      records.answers.set(context.connection.id, name);
      return service.request(request, context);
    };
  }

  readonly onExchange = (exchange: HttpExchange): unknown => {
    this.#records.requests.record(exchange);
    return this.#service.onExchange?.(exchange);
  };

  start(): Promise<void> {
    return this.#shared.start();
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return this.#shared.stop();
  }

  /** Whether the service has stopped: its last connection has ended. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Removes the service from open connections: the answer to their next request makes the client connect again. */
  takeOut(): void {
    this.#isTakenOut = true;
  }
}

/** Returns a service that stands in at the path of a service that does not run. */
export function absentService(name: string): HttpService {
  return { name, protocols: ["http"], request: unavailable };
}

function unavailable(): HttpResponse {
  const headers = { "Content-Type": "text/plain; charset=utf-8", "Retry-After": "1", Connection: "close" };
  return { status: 503, headers, body: "The service is not available now.\n" };
}
