import type { ConnectionTable } from "./connection-table.ts";
import type { Overview } from "./overview.ts";
import type { Sample } from "./sample.ts";

/** Everything now, for programs: the overview as it is, and the newest sample. */
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
