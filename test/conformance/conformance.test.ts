// One table of raw requests, and what our server and others answer to each. Ours has to be right; what the others do is
// written down, and asserted of nobody: `npm run conformance -- --write` makes the page of it.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { patienceMs } from "../support/patience.ts";
import { rows } from "./rows.ts";
import { runRows } from "./run-rows.ts";
import { others, ours } from "./server.ts";
import { answerCell, type Column, page, totalsOf } from "./table.ts";

/** Others may leave a request without an answer. For a verdict that counts they are given more time. */
const OTHERS_QUIET_MS = 200;
const WRITTEN_QUIET_MS = 1_500;

const document = fileURLToPath(new URL("../../docs/conformance.md", import.meta.url));

test("there are many requests, each of them once", () => {
  expect(rows.length).toBeGreaterThanOrEqual(140);
  const names = rows.map(({ group, name, sent }) => `${group}: ${name}: ${sent.parts.join("")}`);
  expect(new Set(names).size).toBe(rows.length);
});

test("our server keeps each rule and has each policy, and the page says so", async (context) => {
  const outcomes = await runRows(context, ours, rows, patienceMs());
  const wrong = outcomes.filter(({ verdict }) => verdict !== "right");
  const told = wrong.map((own) => `${own.row.group}: ${own.row.name}: ${own.row.accepts.wanted}: ${answerCell(own)}`);
  expect(told).toEqual([]);
  const column: Column = { name: ours.name, version: ours.version(), outcomes };
  const own = page("", [column])
    .split("\n")
    .filter((line) => /^\| (?:rule|policy) /.test(line));
  const written = readFileSync(document, "utf8")
    .split("\n")
    .filter((line) => /^\| (?:rule|policy) /.test(line));
  // The columns of the others are behind ours.
  expect(written.map((line, place) => line.slice(0, (own[place] ?? "").length))).toEqual(own);
  expect(readFileSync(document, "utf8")).toContain(totalsOf(column).join(" | "));
});

test.for(others)("$name answers", async (server, context) => {
  const outcomes = await runRows(context, server, rows, OTHERS_QUIET_MS);
  expect(outcomes.map(({ row }) => row)).toEqual(rows);
  const answered = outcomes.filter(({ answer }) => (answer?.finals.length ?? 0) > 0);
  expect(answered.length).toBeGreaterThan(rows.length / 2);
});

if (process.env["SOCKWRIGHT_CONFORMANCE"] === "write") {
  test("the page is written", async (context) => {
    const columns: Column[] = [];
    for (const server of [ours, ...others]) {
      const outcomes = await runRows(context, server, rows, WRITTEN_QUIET_MS);
      columns.push({ name: server.name, version: server.version(), outcomes });
    }
    const [introduction = ""] = readFileSync(document, "utf8").split(/^(?=\| {2}\| rules)/m);
    writeFileSync(document, page(`${introduction.trimEnd()}\n`, columns));
    expect(columns.length).toBe(1 + others.length);
  }, 120_000);
}
