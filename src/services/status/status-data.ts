import type { ConnectionTable } from "./connection-table.ts";
import type { Overview } from "./overview.ts";
import type { Sample } from "./sample.ts";

/** Returns the current state for programs: the overview, the table of connections and the newest sample. */
export function statusData(overview: Overview, table: ConnectionTable, newest: Sample | undefined): unknown {
  const { rows, found, all } = table;
  return {
    services: overview.services(),
    listeners: overview.httpListeners(),
    alarms: overview.alarms(),
    connections: { all, found, rows: rows.map(({ connection }) => connection) },
    sample: newest,
  };
}
