import type { Service } from "../../server/service.ts";
import type { RelayStats } from "./relay-stats.ts";

/** A relay: a service for connections or for datagrams, as its target is. */
export interface RelayService extends Service {
  /** Returns the counters as they are now. The object does not change later. */
  stats(): RelayStats;
}
