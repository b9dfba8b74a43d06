import type { HttpOptions } from "../http/service/http-options.ts";
import type { ListenerOptions } from "../server/listener-options.ts";
import type { ServeOptions } from "../server/serve-options.ts";

/** How long connections go on once a service, or a command, is to end, where nothing else is said. */
export const DEFAULT_GRACE_MS = 2_000;

/** A listener of a service, as a file or a command says it. */
export interface ListenerPlan {
  /**
   * A socket URL without a mount path, and what the listener has of its own. Services that share an HTTP listener have it with the
   * same URL and the same options, and have the same `limits` and `http`; on port 0 none is shared.
   */
  readonly listener: ListenerOptions;
  /**
   * Where HTTP is spoken, be it on an inherited socket: the path that the service answers below, with a slash at both ends, such as
   * `/` or `/chat/`.
   */
  readonly mount: string | undefined;
}

/** What a service is made of. */
export type ServiceSource =
  | {
      readonly type: "kind";
      readonly kind: string;
      /** By the names that the factory of the kind takes, such as `messageBurst`. Paths are absolute. */
      readonly options: Readonly<Record<string, unknown>>;
    }
  | { readonly type: "module"; readonly path: string; readonly options: Readonly<Record<string, unknown>> };

export interface ServicePlan {
  readonly name: string;
  readonly source: ServiceSource;
  readonly listeners: readonly ListenerPlan[];
  /** Limits and deadlines, those for all services among them. */
  readonly limits: ServeOptions;
  /** What its HTTP listeners allow their clients. */
  readonly http: HttpOptions;
  readonly graceMs: number;
}

/** All that a supervisor runs. */
export interface Plan {
  /** Where `sockwright ctl` finds it. */
  readonly adminSocket: string;
  readonly services: readonly ServicePlan[];
  /** What the process becomes when all listeners are bound. */
  readonly user: string | undefined;
  readonly group: string | undefined;
}
