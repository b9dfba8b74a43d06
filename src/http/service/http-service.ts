import type { Service } from "../../server/service.ts";
import type { HttpHandler } from "./handler.ts";
import type { HttpOptions } from "./http-options.ts";

/** A service that answers requests: on listeners of its own, or on one that it shares with others, see {@link mounts}. */
export interface HttpService extends Service {
  readonly request: HttpHandler;
  /** Told of its exchanges, where it does not have the listener to itself. See {@link HttpOptions.onExchange}. */
  readonly onExchange?: HttpOptions["onExchange"];
}

/** Whether a service answers requests. */
export function isHttpService(service: Service): service is HttpService {
  return service.request !== undefined;
}
