import { expect, test } from "vitest";
import { MAX_ERROR_CODES, ServerCounters } from "../../../../src/server/telemetry/server-counters.ts";

test("errors are counted by code, else by name, else by type", () => {
  const counters = new ServerCounters("echo");
  counters.countError(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
  counters.countError(new RangeError("range"));
  counters.countError("text");
  counters.countAcceptError(Object.assign(new Error("no descriptor"), { code: "EMFILE" }));
  expect(counters.snapshot(0)).toMatchObject({
    errors: { ECONNRESET: 1, RangeError: 1, string: 1 },
    acceptErrors: { EMFILE: 1 },
  });
});

test("MAX_ERROR_CODES bounds the table of error codes; further codes count as other", () => {
  const counters = new ServerCounters("echo");
  for (let index = 0; index < 1_000; index++) counters.countError(Object.assign(new Error("x"), { code: `E${index}` }));
  counters.countError(Object.assign(new Error("x"), { code: "E0" }));
  const { errors } = counters.snapshot(0);
  expect(Object.keys(errors)).toHaveLength(MAX_ERROR_CODES);
  expect(errors).toMatchObject({ E0: 2, other: 1_000 - (MAX_ERROR_CODES - 1) });
});

test("DURATIONS, SIZES: the number of buckets is fixed, and the bounds reach 18 h and 16 GiB", () => {
  const counters = new ServerCounters("echo");
  for (let power = 0; power < 60; power++) {
    counters.countEnd("peer", { bytesRead: 2 ** power, bytesWritten: 0, durationMs: 2 ** power });
  }
  const { connectionsEnded, connectionDurationMs, connectionBytesRead, connectionBytesWritten } = counters.snapshot(0);
  expect(connectionsEnded.peer).toBe(60);
  expect(connectionDurationMs.counts).toHaveLength(28);
  expect(connectionDurationMs.bounds.at(-1)).toBeGreaterThan(18 * 3_600_000);
  expect(connectionBytesRead.counts).toHaveLength(16);
  expect(connectionBytesRead.bounds.at(-1)).toBe(16 * 1024 ** 3);
  expect(connectionBytesWritten.counts[0]).toBe(60);
});

test("a snapshot does not change later", () => {
  const counters = new ServerCounters("echo");
  const before = counters.snapshot(1);
  counters.connectionsAccepted++;
  counters.countRefusal("max-connections");
  counters.countDrop("max-pending-replies");
  counters.countError(new Error("x"));
  expect(before).toEqual(new ServerCounters("echo").snapshot(1));
  expect(counters.snapshot(1)).not.toEqual(before);
});
