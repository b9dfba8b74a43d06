import { expect, test } from "vitest";
import { MAX_ERROR_CODES, ServerCounters } from "../../src/server/server-counters.ts";

test("errors are counted by code, or by name, or by type", () => {
  const counters = new ServerCounters();
  counters.failed(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
  counters.failed(new RangeError("range"));
  counters.failed("text");
  counters.acceptFailed(Object.assign(new Error("no descriptor"), { code: "EMFILE" }));
  expect(counters.snapshot(0)).toMatchObject({
    errors: { ECONNRESET: 1, RangeError: 1, string: 1 },
    acceptErrors: { EMFILE: 1 },
  });
});

test("MAX_ERROR_CODES: codes that somebody makes up do not fill the memory", () => {
  const counters = new ServerCounters();
  for (let index = 0; index < 1_000; index++) counters.failed(Object.assign(new Error("x"), { code: `E${index}` }));
  counters.failed(Object.assign(new Error("x"), { code: "E0" }));
  const { errors } = counters.snapshot(0);
  expect(Object.keys(errors)).toHaveLength(MAX_ERROR_CODES);
  expect(errors).toMatchObject({ E0: 2, other: 1_000 - (MAX_ERROR_CODES - 1) });
});

test("a snapshot stays as it is", () => {
  const counters = new ServerCounters();
  const before = counters.snapshot(1);
  counters.connectionsAccepted++;
  counters.refused("max-connections");
  counters.dropped("max-pending-replies");
  counters.failed(new Error("x"));
  expect(before).toEqual(new ServerCounters().snapshot(1));
  expect(counters.snapshot(1)).not.toEqual(before);
});
