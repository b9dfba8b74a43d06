import type { Peer } from "../server/transport/peer.ts";
import type { CertificateEvent } from "./own-certificate.ts";

/** An event of a supervisor. */
export type SupervisorEvent =
  /** A listener got a certificate that was made for it. */
  | CertificateEvent
  | { readonly event: "listening"; readonly service: string; readonly url: string }
  /** A service or one of its listeners failed; the supervisor will try again. */
  | { readonly event: "failed"; readonly service: string; readonly error: unknown; readonly retryMs: number }
  | { readonly event: "recovered"; readonly service: string }
  /** An error of a service, with or without a peer; the service goes on. */
  | { readonly event: "error"; readonly service: string; readonly error: unknown; readonly peer: Peer | undefined };
