import { describe, expect, test } from "vitest";
import {
  CONNECTION_COLUMNS,
  connectionQuery,
  connectionTable,
  MAX_SEARCH_LETTERS,
  sortText,
} from "../../../../src/services/status/connection-table.ts";
import { connectionOf } from "../../../behaviour/status/fake-overview.ts";

const all = [
  connectionOf({ id: 1, peer: { host: "192.0.2.7", port: 1 }, bytesRead: 5, openedAt: new Date(30) }),
  connectionOf({
    id: 2,
    peer: { host: "2001:db8::1", port: 2 },
    bytesRead: 9,
    service: "Chat",
    openedAt: new Date(10),
  }),
  connectionOf({ id: 3, peer: { path: "" }, bytesRead: 5, state: "closing", openedAt: new Date(20) }),
];

function ids(text: string, maxRows = 10): number[] {
  return connectionTable(all, connectionQuery(new URLSearchParams(text)), maxRows).rows.map((row) => row.connection.id);
}

describe("connectionTable", () => {
  test.each([
    ["", [1, 3, 2]],
    ["sort=nonsense", [1, 3, 2]],
    ["sort=opened", [2, 3, 1]],
    ["sort=in", [1, 3, 2]],
    ["sort=-in", [2, 1, 3]],
    ["sort=peer", [3, 1, 2]],
    ["sort=state", [3, 1, 2]],
    ["sort=service", [2, 1, 3]],
  ])("sorts by the query %j", (text, expected) => {
    expect(ids(text)).toEqual(expected);
  });

  test.each([
    ["chat", [2]],
    ["192.0.2.7:1", [1]],
    ["CLOSING", [3]],
    ["[2001:db8::1]:2", [2]],
    ["tcp://127", [1, 3, 2]],
    [" ", [1, 3, 2]],
    ["greet\n", [1, 3]],
    ["nobody", []],
  ])("keeps the connections that contain %j", (search, expected) => {
    expect(ids(String(new URLSearchParams({ search })))).toEqual(expected);
  });

  test("returns at most maxRows rows, and the number of matches", () => {
    const query = connectionQuery(new URLSearchParams("search=greet&sort=in"));
    const table = connectionTable(all, query, 1);
    expect([table.rows.length, table.found, table.all]).toEqual([1, 2, 3]);
  });

  test("MAX_SEARCH_LETTERS limits the length of the search text", () => {
    const search = `${"x".repeat(MAX_SEARCH_LETTERS)}y`;
    expect(connectionQuery(new URLSearchParams({ search })).search.length).toBe(MAX_SEARCH_LETTERS);
  });

  test.each(CONNECTION_COLUMNS.flatMap((column) => [column, `-${column}`]))(
    "the sort order %s is formatted as it was parsed",
    (sort) => {
      expect(sortText(connectionQuery(new URLSearchParams({ sort })))).toBe(sort);
    },
  );
});
