import { describe, expect, onTestFinished, test, vi } from "vitest";
import { MAX_HOSTS } from "../../../../src/services/page-access.ts";
import { status } from "../../../../src/services/status/status.ts";
import { manualClock } from "../../../../src/testing.ts";
import { FakeOverview } from "../../../behaviour/status/fake-overview.ts";

describe("status()", () => {
  test.each([
    ["metrics", "a/b", /one segment/],
    ["metrics", "../x", /one segment/],
    ["metrics", "events", /must be none of/],
    ["metrics", "style.css", /must be none of/],
    ["metrics", 1, /of type string/],
    ["tokenFile", 1, /of type string/],
    ["hosts", "x", /an array/],
    ["hosts", [1], /hosts\[0\]/],
    ["hosts", ["a/b"], /must be a name/],
    ["hosts", Array.from({ length: MAX_HOSTS + 1 }, () => "x"), /at most 100/],
    ["sampleIntervalMs", 99, />= 100/],
    ["historyMs", 1, />= 1_?000/],
    ["maxWatchers", 0, />= 1/],
    ["maxRows", 0, />= 1/],
    ["http", { maxBodyBytes: -1 }, /maxBodyBytes/],
    ["clock", {}, /clock/],
    ["token", "x", /token/],
  ])("rejects the option %s with the value %j", (name, value, reason) => {
    expect(() => status(new FakeOverview(), { [name]: value })).toThrow(reason);
  });
});

test("an onError that throws does not stop the sampling", async () => {
  const [clock, overview] = [manualClock(), new FakeOverview()];
  const told: unknown[] = [];
  const onError = (error: unknown): void => {
    told.push(error);
    throw new Error("onError has failed");
  };
  const service = status(overview, { clock, onError });
  await service.start?.();
  onTestFinished(async () => void (await service.stop?.()));
  const failure = new Error("no overview");
  vi.spyOn(overview, "services").mockImplementationOnce(() => {
    throw failure;
  });
  clock.advance(1_000);
  expect(told).toEqual([failure]);
  expect(clock.pending).toBe(1);
});
