// One table of raw requests, and the answers of servers to each. The answers of other servers are recorded and not asserted:
// `npm run conformance -- --write` writes them to the page. Our server has a test of its own.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { rows } from "./rows.ts";
import { runRows } from "./run-rows.ts";
import { others, ours } from "./server.ts";
import { type Column, page } from "./table.ts";

/** Other servers may leave a request unanswered. For a verdict that counts they get more time. */
const OTHERS_QUIET_MS = 200;
const WRITTEN_QUIET_MS = 1_500;

const document = fileURLToPath(new URL("../../docs/internals/conformance.md", import.meta.url));

test("there are many requests, each of them once", () => {
  expect(rows.length).toBeGreaterThanOrEqual(140);
  const names = rows.map(({ group, name, sent }) => `${group}: ${name}: ${sent.parts.join("")}`);
  expect(new Set(names).size).toBe(rows.length);
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
