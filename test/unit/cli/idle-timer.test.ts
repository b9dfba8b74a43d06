import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IdleTimer } from "../../../src/cli/idle-timer.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("the timer fires once, after the idle timeout", () => {
  const told = vi.fn();
  const timer = new IdleTimer(told);
  timer.start(100);
  vi.advanceTimersByTime(99);
  expect(told).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(told).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(1_000);
  expect(told).toHaveBeenCalledOnce();
});

test("refresh restarts the timer, however often", () => {
  const told = vi.fn();
  const timer = new IdleTimer(told);
  timer.start(100);
  for (let move = 0; move < 10; move++) {
    vi.advanceTimersByTime(99);
    timer.refresh();
  }
  expect(told).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(told).toHaveBeenCalledOnce();
});

test("without a timeout, and after stop, the timer does not fire", () => {
  const told = vi.fn();
  const timer = new IdleTimer(told);
  timer.refresh();
  timer.start(undefined);
  vi.advanceTimersByTime(1_000);
  timer.start(100);
  timer.stop();
  vi.advanceTimersByTime(1_000);
  expect(told).not.toHaveBeenCalled();
});
