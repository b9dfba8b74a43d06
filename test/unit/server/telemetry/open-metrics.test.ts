import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServerCounters } from "../../../../src/server/telemetry/server-counters.ts";
import { OPEN_METRICS_CONTENT_TYPE, openMetrics, type ServerStats } from "../../../../src/server.ts";
import { parseExposition, type Sample } from "../../../behaviour/server/telemetry/exposition.ts";

function busy(service: string): ServerCounters {
  const counters = new ServerCounters(service);
  counters.connectionsAccepted = 3;
  counters.countRefusal("max-connections");
  counters.countExpiry("idle");
  counters.countEnd("peer", { bytesRead: 10, bytesWritten: 5_000, durationMs: 1_500 });
  counters.countEnd("lost", { bytesRead: 0, bytesWritten: 2 ** 40, durationMs: 0.25 });
  counters.countError(Object.assign(new Error("x"), { code: "ECONNRESET" }));
  counters.countAcceptError(Object.assign(new Error("x"), { code: "EMFILE" }));
  counters.datagramsReceived = 7;
  counters.countDrop("max-pending-replies");
  counters.repliesSent = 6;
  counters.repliesDropped = 1;
  return counters;
}

function samplesOf(text: string, family: string): readonly Sample[] {
  return parseExposition(text).get(family)?.samples ?? [];
}

test("the content type is the one of the OpenMetrics specification", () => {
  expect(OPEN_METRICS_CONTENT_TYPE).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
});

test("each counter of a server is exported with its name and unit", () => {
  const text = openMetrics([busy("echo").snapshot(1)]);
  const families = parseExposition(text);
  const values = Object.fromEntries(
    [...families.values()].flatMap(({ samples }) =>
      samples
        .filter(({ name, value }) => !name.endsWith("_bucket") && value > 0)
        .map(({ name, labels: { service, ...labels }, value }) => {
          expect(service).toBe("echo");
          return [[name, ...Object.values(labels)].join(" "), value] as const;
        }),
    ),
  );
  expect(values).toEqual({
    sockwright_connections: 1,
    sockwright_connections_accepted_total: 3,
    "sockwright_connections_refused_total max-connections": 1,
    "sockwright_connections_ended_total peer": 1,
    "sockwright_connections_ended_total lost": 1,
    "sockwright_connections_expired_total idle": 1,
    "sockwright_accept_errors_total EMFILE": 1,
    "sockwright_errors_total ECONNRESET": 1,
    sockwright_datagrams_received_total: 7,
    "sockwright_datagrams_dropped_total max-pending-replies": 1,
    sockwright_replies_sent_total: 6,
    sockwright_replies_dropped_total: 1,
    sockwright_connection_duration_seconds_count: 2,
    sockwright_connection_duration_seconds_sum: 1.50025,
    sockwright_connection_read_bytes_count: 2,
    sockwright_connection_read_bytes_sum: 10,
    sockwright_connection_written_bytes_count: 2,
    sockwright_connection_written_bytes_sum: 5_000 + 2 ** 40,
  });
  expect(families.get("sockwright_connection_duration_seconds")?.unit).toBe("seconds");
  expect(families.get("sockwright_connection_read_bytes")?.unit).toBe("bytes");
});

test("a change of any counter changes the exposition", () => {
  const counted = { ...busy("echo").snapshot(1) };
  const names = Object.keys(counted).filter((name) => name !== "service");
  const untouched = openMetrics([counted]);
  const unnoticed = names.filter((name) => openMetrics([raised(counted, name)]) === untouched);
  expect(unnoticed).toEqual([]);
});

/** The same counters, with each number of `name` increased by one. */
function raised(stats: ServerStats, name: string): ServerStats {
  const more = (value: unknown): unknown => {
    if (typeof value === "number") return value + 1;
    if (Array.isArray(value)) return value.map(more);
    return Object.fromEntries(Object.entries(value ?? {}).map(([key, each]) => [key, more(each)]));
  };
  return { ...stats, [name]: more(Object.entries(stats).find(([key]) => key === name)?.[1]) };
}

test("buckets are cumulative, and their bounds are formatted as in Go", () => {
  const text = openMetrics([busy("echo").snapshot(0)]);
  const bounds = (family: string): string[] =>
    samplesOf(text, family).flatMap(({ labels }) => (labels["le"] === undefined ? [] : [labels["le"]]));
  const durations = bounds("sockwright_connection_duration_seconds");
  expect(durations.slice(0, 4)).toEqual(["0.001", "0.002", "0.004", "0.008"]);
  expect(durations.slice(-3)).toEqual(["33554.432", "67108.864", "+Inf"]);
  const sizes = bounds("sockwright_connection_read_bytes");
  expect(sizes.slice(0, 9)).toEqual([
    ...["64.0", "256.0", "1024.0", "4096.0", "16384.0", "65536.0", "262144.0"],
    ...["1.048576e+06", "4.194304e+06"],
  ]);
  const counts = samplesOf(text, "sockwright_connection_duration_seconds").map(({ value }) => value);
  expect(counts.slice(0, 12)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
});

test("each service has its own samples, and the servers of one service are summed", () => {
  const text = openMetrics([busy("echo").snapshot(1), busy("chat").snapshot(2), busy("echo").snapshot(4)]);
  const active = samplesOf(text, "sockwright_connections");
  expect(active).toEqual([
    { name: "sockwright_connections", labels: { service: "echo" }, value: 5 },
    { name: "sockwright_connections", labels: { service: "chat" }, value: 2 },
  ]);
  const counts = samplesOf(text, "sockwright_connection_duration_seconds").filter(({ name }) =>
    name.endsWith("_count"),
  );
  expect(counts.map(({ value }) => value)).toEqual([4, 2]);
});

test("the exposition without servers is valid and has no samples", () => {
  const families = parseExposition(openMetrics([]));
  expect(families.size).toBeGreaterThan(10);
  expect([...families.values()].flatMap(({ samples }) => samples)).toEqual([]);
});

test("any service name and any error code is escaped and parses back to the same text", () => {
  const text = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(text, text, (service, code) => {
      const counters = new ServerCounters(service);
      counters.countError(Object.assign(new Error("x"), { code }));
      const written = openMetrics([counters.snapshot(0)]);
      expect(samplesOf(written, "sockwright_errors")).toEqual([
        { name: "sockwright_errors_total", labels: { service, code }, value: 1 },
      ]);
    }),
  );
  for (const service of ['a"b', "a\\nb", "a\nb", "a\\", '",le="1', "# EOF\n", "}"]) {
    const written = openMetrics([new ServerCounters(service).snapshot(0)]);
    expect(samplesOf(written, "sockwright_connections").map(({ labels }) => labels)).toEqual([{ service }]);
  }
});

describe("the exposition parser of these tests rejects", () => {
  const counter = "# TYPE a counter\n";
  const histogram = "# TYPE a histogram\n";
  test.for([
    ["no end", counter],
    ["text behind the end", "# EOF\n\n"],
    ["an empty line", `${counter}\n# EOF\n`],
    ["a comment", `${counter}# words\n# EOF\n`],
    ["a counter without _total", `${counter}a 1\n# EOF\n`],
    ["a negative counter", `${counter}a_total -1\n# EOF\n`],
    ["two spaces", `${counter}a_total  1\n# EOF\n`],
    ["no number", `${counter}a_total one\n# EOF\n`],
    ["a sample twice", `${counter}a_total{b="c"} 1\na_total{b="c"} 1\n# EOF\n`],
    ["a label twice", `${counter}a_total{b="c",b="d"} 1\n# EOF\n`],
    ["a bare quote", `${counter}a_total{b="c"d"} 1\n# EOF\n`],
    ["an unknown escape", `${counter}a_total{b="\\d"} 1\n# EOF\n`],
    ["a name with a hyphen", `${counter}a_total{b-c="d"} 1\n# EOF\n`],
    ["a second type", `${counter}${counter}# EOF\n`],
    ["a unit that the name does not end in", `${counter}# UNIT a seconds\n# EOF\n`],
    ["families that are interleaved", `${counter}# TYPE b counter\n# TYPE a counter\n# EOF\n`],
    ["no +Inf", `${histogram}a_bucket{le="1.0"} 1\na_count 1\na_sum 1\n# EOF\n`],
    ["a bound as an integer", `${histogram}a_bucket{le="1"} 1\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n`],
    ["a count that is not that of +Inf", `${histogram}a_bucket{le="+Inf"} 1\na_count 2\na_sum 1\n# EOF\n`],
    ["no sum", `${histogram}a_bucket{le="+Inf"} 1\na_count 1\n# EOF\n`],
    ["buckets that fall", `${histogram}a_bucket{le="1.0"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n`],
    [
      "bounds that fall",
      `${histogram}a_bucket{le="2.0"} 1\na_bucket{le="1.0"} 1\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n`,
    ],
  ] as const)("%s", ([, text]) => {
    expect(() => parseExposition(text)).toThrow();
  });
});
