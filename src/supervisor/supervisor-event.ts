import type { Peer } from "../server/transport/peer.ts";

/** What happens while services run. */
export type SupervisorEvent =
  | { readonly event: "listening"; readonly service: string; readonly url: string }
  /** A service has failed, or a listener of it; it is tried again. */
  | { readonly event: "failed"; readonly service: string; readonly error: unknown; readonly retryMs: number }
  | { readonly event: "recovered"; readonly service: string }
  /** What a service failed on, with one peer or with none; it goes on. */
  | { readonly event: "error"; readonly service: string; readonly error: unknown; readonly peer: Peer | undefined };
