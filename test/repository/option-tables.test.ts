// docs/guides/limits.md lists every option of serve(), of a listener and of connect(), docs/guides/web.md those of web().
import { expect, test } from "vitest";
import { CONNECT } from "../../src/server/connect.ts";
import { connectionLimits } from "../../src/server/connection/connection-options.ts";
import { LISTENER } from "../../src/server/listener-options.ts";
import type { OptionRow } from "../../src/server/options/option-table.ts";
import { SERVE } from "../../src/server/serve-options.ts";
import { WEB_OPTIONS } from "../../src/services/web/web-options.ts";
import { codeIn, grouped, read, section, tables } from "./pages.ts";

const text = section(read("docs/guides/limits.md"), "## All options");
const [[, ...listed] = []] = tables(text);

/** What follows from other options where it was not given: the table of options has no default of it. */
const FOLLOWING = new Map([
  ["highWaterBytes", "65 536, or `maxWriteBufferBytes` where that is less"],
  ["lowWaterBytes", "half of `highWaterBytes`"],
  ["alarms", "one, at nine tenths of `maxConnections`"],
  ["transport", "what `SOCKWRIGHT_TRANSPORT` says, else `native`"],
]);

function defaultOf({ name, defaultValue }: OptionRow): string {
  const none = defaultValue === undefined || defaultValue === Number.POSITIVE_INFINITY;
  if (none) return FOLLOWING.get(name) ?? "none";
  return typeof defaultValue === "number" ? grouped(String(defaultValue)) : `\`${JSON.stringify(defaultValue)}\``;
}

/** One row for each option and default: calls in which it is the same share one. */
function expectedRows(): string[][] {
  const rows = new Map<string, { name: string; of: string[]; defaultValue: string; range: string }>();
  const calls = [
    ["serve", SERVE],
    ["listener", LISTENER],
    ["connect", CONNECT],
  ] as const;
  for (const [call, table] of calls) {
    for (const row of table.rows()) {
      // It says where, and not how.
      if (row.name === "url") continue;
      const defaultValue = defaultOf(row);
      // What a listener does not say is as the options of all listeners say.
      const key = `${row.name} ${defaultValue}`;
      const there = rows.get(key) ?? { name: row.name, of: [], defaultValue, range: grouped(row.range) };
      there.of.push(call);
      rows.set(key, there);
    }
  }
  return [...rows.values()].map(({ name, of, defaultValue, range }) => [
    `\`${name}\``,
    of.join(", "),
    defaultValue,
    range,
  ]);
}

test("every option has its row: its name, who has it, its default and its range", () => {
  expect(expectedRows().length).toBeGreaterThan(30);
  expect(listed).toEqual(expectedRows());
});

test("docs/guides/web.md has a row for every option of web(), with the default that its table has", () => {
  const [[, ...rows] = []] = tables(section(read("docs/guides/web.md"), "## Options"));
  const rowOf = new Map(rows.map(([name = "", , defaultValue = ""]) => [name, defaultValue]));
  expect([...rowOf.keys()].sort()).toEqual(
    WEB_OPTIONS.rows()
      .map(({ name }) => `\`${name}\``)
      .sort(),
  );
  const words = WEB_OPTIONS.rows().filter(({ defaultValue }) => !["undefined", "number"].includes(typeof defaultValue));
  for (const { name, defaultValue } of words)
    expect(rowOf.get(`\`${name}\``)).toContain(`\`${JSON.stringify(defaultValue)}\``);
  expect(words.length).toBeGreaterThan(5);
});

test("what follows from other options does so", () => {
  expect(connectionLimits({})).toMatchObject({ highWaterBytes: 65_536, lowWaterBytes: 32_768 });
  expect(connectionLimits({ maxWriteBufferBytes: 1_000 })).toMatchObject({ highWaterBytes: 1_000, lowWaterBytes: 500 });
});

test("every option of a server is explained: it stands in one of the guide pages besides", () => {
  const pages = [
    "docs/guides/limits.md",
    "docs/guides/telemetry.md",
    "docs/guides/datagram-service.md",
    "docs/guides/socket-urls.md",
    "docs/guides/tls.md",
  ];
  const words = new Set(
    pages.flatMap((page) =>
      codeIn(
        read(page)
          .replace(text, "")
          .replace(/```.*?```/gs, ""),
      ),
    ),
  );
  const names = SERVE.rows().map(({ name }) => name);
  expect(names.filter((name) => ![...words].some((word) => new RegExp(`\\b${name}\\b`).test(word)))).toEqual([]);
});
