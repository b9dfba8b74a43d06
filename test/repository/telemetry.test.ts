// docs/guides/telemetry.md names every metric of a server with its labels, every reason for an end, and every channel.
import { expect, test } from "vitest";
import { openMetrics } from "../../src/server/telemetry/open-metrics.ts";
import { ServerCounters } from "../../src/server/telemetry/server-counters.ts";
import { parseExposition } from "../behaviour/server/telemetry/exposition.ts";
import { codeIn, read, section, tables } from "./pages.ts";

const text = read("docs/guides/telemetry.md");

test("the table of metrics has every one, its type and its labels", () => {
  const [[, ...rows] = []] = tables(section(text, "## Numbers"));
  const described = rows.flatMap(([names = "", type = "", labels = ""]) =>
    codeIn(names).map((name) => [name, type, codeIn(labels)] as const),
  );
  const counters = new ServerCounters("echo");
  counters.countError(new Error("x"));
  counters.countAcceptError(new Error("x"));
  const families = parseExposition(openMetrics([counters.snapshot(0)]));
  const written = Array.from(families, ([name, { type, samples }]) => {
    const labels = Object.keys(samples[0]?.labels ?? {}).filter((label) => label !== "service" && label !== "le");
    return [type === "counter" ? `${name}_total` : name, type, labels] as const;
  });
  expect(new Map(described.map((each) => [each[0], each]))).toEqual(new Map(written.map((each) => [each[0], each])));
});

test("every reason for the end of a connection has its row", () => {
  const [, [, ...rows] = []] = tables(section(text, "## Messages"));
  const reasons = Object.keys(new ServerCounters("").snapshot(0).connectionsEnded);
  expect(rows.map(([reason = ""]) => codeIn(reason)[0]).sort()).toEqual(reasons.sort());
});

test("every channel of a server is named", () => {
  const channels = read("src/server/telemetry/channels.ts").match(/(?<=")sockwright:server:[\w:-]+/g) ?? [];
  expect(channels.length).toBeGreaterThan(5);
  const [[, ...rows] = []] = tables(section(text, "## Messages"));
  const named = rows.flatMap(([names = ""]) => codeIn(names)).map((code) => code.replace(/^:/, "sockwright:server:"));
  expect(channels.filter((channel) => !named.includes(channel))).toEqual([]);
});
