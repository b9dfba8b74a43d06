import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Silence } from "../../src/cli/silence.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("a limit is told once, after so much silence", () => {
  const told = vi.fn();
  const silence = new Silence(told);
  silence.limit(100);
  vi.advanceTimersByTime(99);
  expect(told).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(told).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(1_000);
  expect(told).toHaveBeenCalledOnce();
});

test("what moves begins it anew, however often", () => {
  const told = vi.fn();
  const silence = new Silence(told);
  silence.limit(100);
  for (let move = 0; move < 10; move++) {
    vi.advanceTimersByTime(99);
    silence.broken();
  }
  expect(told).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(told).toHaveBeenCalledOnce();
});

test("without a limit, and once it is stopped, nothing is told", () => {
  const told = vi.fn();
  const silence = new Silence(told);
  silence.broken();
  silence.limit(undefined);
  vi.advanceTimersByTime(1_000);
  silence.limit(100);
  silence.stop();
  vi.advanceTimersByTime(1_000);
  expect(told).not.toHaveBeenCalled();
});
