// Our server must be right in each row of the table, and docs/internals/conformance.md must say so.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { patienceMs } from "../support/patience.ts";
import { rows } from "./rows.ts";
import { runRows } from "./run-rows.ts";
import { ours } from "./server.ts";
import { answerCell, type Column, page, totalsOf } from "./table.ts";

const document = new URL("../../docs/internals/conformance.md", import.meta.url);

/** The lines of the tables. */
function tableLines(text: string): readonly string[] {
  return text.split("\n").filter((line) => /^\| (?:rule|policy) /.test(line));
}

test("our server keeps each rule and has each policy, and the page says so", async (context) => {
  const outcomes = await runRows(context, ours, rows, patienceMs());
  const wrong = outcomes.filter(({ verdict }) => verdict !== "right");
  const told = wrong.map((own) => `${own.row.group}: ${own.row.name}: ${own.row.accepts.wanted}: ${answerCell(own)}`);
  expect(told).toEqual([]);
  const column: Column = { name: ours.name, version: ours.version(), outcomes };
  const own = tableLines(page("", [column]));
  const written = readFileSync(document, "utf8");
  // The columns of the other servers follow ours.
  expect(tableLines(written).map((line, place) => line.slice(0, (own[place] ?? "").length))).toEqual(own);
  expect(written).toContain(totalsOf(column).join(" | "));
});
