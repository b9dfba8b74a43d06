import type { Peer } from "../../server/transport/peer.ts";

/** The bytes that a relay has passed on for one client. */
export interface RelayTraffic {
  readonly bytesToTarget: number;
  readonly bytesFromTarget: number;
}

/**
 * An event of a relay, for logs. `peer` is the client, or the sender of the datagrams of a session. `failed` tells which side failed:
 * `connect`, no connection to the target; `client` or `target`, that side was lost or reset, or its deadline has passed.
 */
export type RelayEvent =
  | { readonly type: "opened"; readonly peer: Peer }
  | ({ readonly type: "closed"; readonly peer: Peer } & RelayTraffic)
  | { readonly type: "failed"; readonly peer: Peer; readonly side: RelaySide; readonly error: unknown };

/** Where a relayed connection failed. */
export type RelaySide = "connect" | "client" | "target";
