import type { HttpOptions } from "../http/service/http-options.ts";
import type { ListenerOptions } from "../server/listener-options.ts";
import type { ServeOptions } from "../server/serve-options.ts";

/** The default grace of a service or a command: how long open connections may go on when it ends; then the server aborts them. */
export const DEFAULT_GRACE_MS = 2_000;

/** The plan of a service's listener, from a file or a command line. */
export interface ListenerPlan {
  /**
   * A socket URL without a mount path, and the options of the listener. Services that share an HTTP listener have the same URL, the same
   * options, and the same `limits` and `http`. Listeners on port 0 are not shared.
   */
  readonly listener: ListenerOptions;
  /**
   * For an HTTP listener, also on an inherited socket: the path below which the service answers, with a slash at both ends, such as `/` or
   * `/chat/`.
   */
  readonly mount: string | undefined;
}

/** The source of a service: a built-in kind, or a module. */
export type ServiceSource =
  | {
      readonly type: "kind";
      readonly kind: string;
      /** The options of the kind's factory, such as `messageBurst`. Paths are absolute. */
      readonly options: Readonly<Record<string, unknown>>;
    }
  | { readonly type: "module"; readonly path: string; readonly options: Readonly<Record<string, unknown>> };

export interface ServicePlan {
  readonly name: string;
  readonly source: ServiceSource;
  readonly listeners: readonly ListenerPlan[];
  /** Limits and deadlines, including those that apply to all services. */
  readonly limits: ServeOptions;
  /** The HTTP options of its listeners. */
  readonly http: HttpOptions;
  readonly graceMs: number;
}

/** The plan of a supervisor: all services to run. */
export interface Plan {
  /** The admin socket, to which `sockwright ctl` connects. */
  readonly adminSocket: string;
  readonly services: readonly ServicePlan[];
  /** The user and group that the process changes to once all listeners are bound. */
  readonly user: string | undefined;
  readonly group: string | undefined;
}
