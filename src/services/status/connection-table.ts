import { peerName } from "../../server/transport/peer-name.ts";
import type { OverviewConnection } from "./overview.ts";

/** The default of `maxRows`: connections that a page shows; of more, it shows the first in the requested order. */
export const DEFAULT_MAX_ROWS = 200;
/** Limits the letters of a text to search for; the service ignores the rest. */
export const MAX_SEARCH_LETTERS = 256;

type Key = number | string;

/** The columns, with the key by which each sorts connections. */
const COLUMNS = {
  peer: ({ name }) => name,
  service: ({ connection }) => connection.service,
  listener: ({ connection }) => connection.listener ?? connection.url,
  state: ({ connection }) => connection.state,
  opened: ({ connection }) => connection.openedAt.getTime(),
  in: ({ connection }) => connection.bytesRead,
  out: ({ connection }) => connection.bytesWritten,
} satisfies Readonly<Record<string, (row: ConnectionRow) => Key>>;

export type ConnectionColumn = keyof typeof COLUMNS;
export const CONNECTION_COLUMNS = Object.keys(COLUMNS) as readonly ConnectionColumn[];

/** Which connections a request wants, and in which order. */
export interface ConnectionQuery {
  /** Text to find in any part, whatever its case; `""` finds all connections. */
  readonly search: string;
  readonly by: ConnectionColumn;
  readonly direction: "ascending" | "descending";
}

export interface ConnectionRow {
  readonly connection: OverviewConnection;
  /** The name of the peer; a Unix socket without a name has none. */
  readonly name: string;
}

export interface ConnectionTable {
  readonly rows: readonly ConnectionRow[];
  /** The number of connections found, also of those that are not among the rows. */
  readonly found: number;
  /** The number of all connections. */
  readonly all: number;
}

/** Parses `search=TEXT&sort=COLUMN`, or `sort=-COLUMN` for descending order. Default: the newest first. */
export function connectionQuery(query: URLSearchParams): ConnectionQuery {
  const search = (query.get("search") ?? "").slice(0, MAX_SEARCH_LETTERS).trim();
  const [, minus, column] = /^(-?)(.*)$/.exec(query.get("sort") ?? "") ?? [];
  const by = CONNECTION_COLUMNS.find((each) => each === column);
  if (by === undefined) return { search, by: "opened", direction: "descending" };
  return { search, by, direction: minus === "-" ? "descending" : "ascending" };
}

/** Formats an order as the value of `sort`. */
export function sortText({ by, direction }: Pick<ConnectionQuery, "by" | "direction">): string {
  return direction === "descending" ? `-${by}` : by;
}

/** Searches and sorts connections. Equal ones are in the order in which they were opened. */
export function connectionTable(
  connections: readonly OverviewConnection[],
  { search, by, direction }: ConnectionQuery,
  maxRows: number,
): ConnectionTable {
  const all = connections.map((connection) => ({ connection, name: peerName(connection.peer) }));
  const wanted = search.toLowerCase();
  const found = wanted === "" ? all : all.filter((row) => textOf(row).includes(wanted));
  const [key, sign] = [COLUMNS[by], direction === "ascending" ? 1 : -1];
  const sorted = found.sort((one, other) => {
    return sign * compare(key(one), key(other)) || compare(one.connection.id, other.connection.id);
  });
  return { rows: sorted.slice(0, maxRows), found: found.length, all: connections.length };
}

function textOf({ connection: { id, service, url, listener, state }, name }: ConnectionRow): string {
  // A separator that a user cannot type, so that a search matches within one part.
  return [`${id}`, name, service, listener ?? "", url, state].join("\n").toLowerCase();
}

/** Compares by UTF-16 unit, so that the order does not depend on the server's locale. */
function compare(one: Key, other: Key): number {
  return one < other ? -1 : Number(one > other);
}
