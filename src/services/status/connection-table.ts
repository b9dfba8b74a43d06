import { peerName } from "../../server/transport/peer-name.ts";
import type { OverviewConnection } from "./overview.ts";

/** Connections that are shown at once: the first of those that were searched for, in the order that was asked for. */
export const DEFAULT_MAX_ROWS = 200;
/** Of a text to search for; the rest is not looked at. */
export const MAX_SEARCH_LETTERS = 256;

type Key = number | string;

/** By what connections can be sorted. */
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

/** Which connections are asked for, and in which order. */
export interface ConnectionQuery {
  /** Letters of any part, in capitals or not; `""` is all of them. */
  readonly search: string;
  readonly by: ConnectionColumn;
  readonly direction: "ascending" | "descending";
}

export interface ConnectionRow {
  readonly connection: OverviewConnection;
  /** Of its peer; a Unix socket without a name has none. */
  readonly name: string;
}

export interface ConnectionTable {
  readonly rows: readonly ConnectionRow[];
  /** How many were found, with those that are not among the rows. */
  readonly found: number;
  /** How many there are. */
  readonly all: number;
}

/** `search=TEXT&sort=COLUMN`, or `sort=-COLUMN` for the other way round: the newest first, where it says nothing else. */
export function connectionQuery(query: URLSearchParams): ConnectionQuery {
  const search = (query.get("search") ?? "").slice(0, MAX_SEARCH_LETTERS).trim();
  const [, minus, column] = /^(-?)(.*)$/.exec(query.get("sort") ?? "") ?? [];
  const by = CONNECTION_COLUMNS.find((each) => each === column);
  if (by === undefined) return { search, by: "opened", direction: "descending" };
  return { search, by, direction: minus === "-" ? "descending" : "ascending" };
}

/** The order as the query says it. */
export function sortText({ by, direction }: Pick<ConnectionQuery, "by" | "direction">): string {
  return direction === "descending" ? `-${by}` : by;
}

/** Equal ones are in the order in which they were opened. */
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
  // No letter that can be typed joins two of them.
  return [`${id}`, name, service, listener ?? "", url, state].join("\n").toLowerCase();
}

/** By UTF-16 unit: the order does not depend on the locale of the server. */
function compare(one: Key, other: Key): number {
  return one < other ? -1 : Number(one > other);
}
