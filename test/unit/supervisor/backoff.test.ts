import { expect, test } from "vitest";
import { Backoff, FIRST_RETRY_MS, MAX_RETRY_MS } from "../../../src/supervisor/backoff.ts";
import { manualClock } from "../../../src/testing/manual-clock.ts";

test("waits double up to a minute, and start again after a success", () => {
  const clock = manualClock();
  const backoff = new Backoff(clock);
  let retries = 0;
  const waits: number[] = [];
  for (let failure = 0; failure < 8; failure++) {
    const waitMs = backoff.failed(() => void retries++);
    waits.push(waitMs);
    clock.advance(waitMs - 1);
    expect(retries).toBe(failure);
    clock.advance(1);
    expect(retries).toBe(failure + 1);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, MAX_RETRY_MS]);
  backoff.succeeded();
  expect(backoff.failed(() => undefined)).toBe(FIRST_RETRY_MS);
  backoff.stop();
  expect(clock.pending).toBe(0);
});

test("a failure during a wait cancels the earlier retry", () => {
  const clock = manualClock();
  const backoff = new Backoff(clock);
  const retried: string[] = [];
  backoff.failed(() => void retried.push("first"));
  expect(backoff.isWaiting).toBe(true);
  backoff.failed(() => void retried.push("second"));
  clock.advance(MAX_RETRY_MS);
  expect(retried).toEqual(["second"]);
  expect(backoff.isWaiting).toBe(false);
});
