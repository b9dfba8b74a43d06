import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Sample } from "../../../../src/services/status/sample.ts";
import { PERCENTILE_WINDOW_SAMPLES, Sampler } from "../../../../src/services/status/sampler.ts";
import { type ManualClock, manualClock } from "../../../../src/testing.ts";
import { FakeOverview, histogramOf, serviceOf, statsOf } from "../../../behaviour/status/fake-overview.ts";

interface Sampled {
  readonly sampler: Sampler;
  readonly clock: ManualClock;
  readonly overview: FakeOverview;
  readonly told: readonly Sample[];
  readonly errors: readonly unknown[];
}

function sampled(maxSamples = 100): Sampled {
  const [overview, clock, told, errors] = [new FakeOverview(), manualClock(), [] as Sample[], [] as unknown[]];
  const listener = {
    onSample: (sample: Sample) => void told.push(sample),
    onError: (error: unknown) => void errors.push(error),
  };
  const sampler = new Sampler(overview, clock, { intervalMs: 1_000, maxSamples }, listener);
  onTestFinished(() => sampler.stop());
  return { sampler, clock, overview, told, errors };
}

const accepted = (connectionsAccepted: number) => [serviceOf({ stats: [statsOf({ connectionsAccepted })] })];

describe("samples", () => {
  test("have the increase per second of each total", () => {
    const { sampler, clock, overview, told } = sampled();
    overview.serviceList = accepted(1_000);
    sampler.start();
    overview.serviceList = accepted(1_010);
    clock.advance(1_000);
    overview.serviceList = accepted(1_015);
    clock.advance(1_000);
    clock.advance(1_000);
    expect(told.map(({ subjects }) => subjects["service greet"]?.["accepted"])).toEqual([10, 5, 0]);
    expect(sampler.samples).toEqual(told);
  });

  test("count a new service from 0, and have 0 after a total has started again", () => {
    const { sampler, clock, overview, told } = sampled();
    sampler.start();
    overview.serviceList = accepted(7);
    clock.advance(1_000);
    overview.serviceList = accepted(3);
    clock.advance(1_000);
    overview.serviceList = [];
    clock.advance(1_000);
    expect(told.map(({ subjects }) => subjects["service greet"]?.["accepted"])).toEqual([7, 0, undefined]);
  });

  test("have percentiles of the values of the last PERCENTILE_WINDOW_SAMPLES samples", () => {
    const { sampler, clock, overview, told } = sampled();
    const durations = (values: readonly number[]) => [
      serviceOf({ stats: [statsOf({ connectionDurationMs: histogramOf([10, 100], values) })] }),
    ];
    overview.serviceList = durations([1]);
    sampler.start();
    overview.serviceList = durations([1, 50, 50]);
    clock.advance(1_000);
    const medians = (): unknown => told.at(-1)?.subjects["service greet"]?.["p50"];
    expect(medians()).toBe(55);
    clock.advance(1_000 * (PERCENTILE_WINDOW_SAMPLES - 1));
    expect(medians()).toBe(55);
    clock.advance(1_000);
    expect(medians()).toBe(undefined);
  });

  test("report a failure once, and continue after it", () => {
    const { sampler, clock, overview, told, errors } = sampled();
    sampler.start();
    const failure = new Error("no overview");
    const failing = vi.spyOn(overview, "services").mockImplementation(() => {
      throw failure;
    });
    clock.advance(3_000);
    expect([errors, told]).toEqual([[failure], []]);
    failing.mockRestore();
    clock.advance(1_000);
    expect(told).toHaveLength(1);
    vi.spyOn(overview, "services").mockImplementation(() => {
      throw failure;
    });
    clock.advance(1_000);
    expect(errors).toEqual([failure, failure]);
  });

  test("are kept up to maxSamples", () => {
    const { sampler, clock, told } = sampled(3);
    sampler.start();
    clock.advance(5_000);
    expect(told.length).toBe(5);
    expect(sampler.samples).toEqual(told.slice(2));
  });

  test("are taken once per interval, until stop", () => {
    const { sampler, clock, told } = sampled();
    sampler.start();
    sampler.start();
    expect(clock.pending).toBe(1);
    clock.advance(3_000);
    sampler.stop();
    expect([told.length, clock.pending]).toEqual([3, 0]);
  });
});
