import type { Service } from "../../server/service.ts";
import type { HttpHandler } from "./handler.ts";
import type { HttpOptions } from "./http-options.ts";

/** A service that answers HTTP requests, on its own listeners or on a listener that it shares: see {@link mounts}. */
export interface HttpService extends Service {
  readonly request: HttpHandler;
  /** Called with the exchanges of this service when it shares a listener. See {@link HttpOptions.onExchange}. */
  readonly onExchange?: HttpOptions["onExchange"];
  /** Size of a request body where this service shares a listener, in bytes; default is that of the listener. Then 413. */
  readonly maxBodyBytes?: number | undefined;
}

/** Whether a service answers HTTP requests. */
export function isHttpService(service: Service): service is HttpService {
  return service.request !== undefined;
}
