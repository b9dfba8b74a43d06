// The waits between attempts to reconnect, with fake timers.
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { BackOff } from "../../../../src/cli/chat/back-off.ts";
import { turn } from "../../../support/until.ts";

/** The share of the longest wait that is used: 1 means all of it. */
let share: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  share = vi.spyOn(Math, "random").mockReturnValue(1);
  onTestFinished(() => {
    share.mockRestore();
    vi.useRealTimers();
  });
});

/** Makes `count` attempts, of which the last one succeeds; returns the wait before each. */
async function waitsOf(backOff: BackOff, count: number): Promise<readonly number[]> {
  const waits: number[] = [];
  let beganMs = performance.now();
  const connected = backOff.retry(async () => {
    waits.push(performance.now() - beganMs);
    beganMs = performance.now();
    if (waits.length < count) throw new Error("nobody is there");
  });
  while (waits.length < count) {
    vi.advanceTimersToNextTimer();
    await turn();
  }
  expect(await connected).toBe(true);
  return waits;
}

describe("without a limit", () => {
  test("waits double from 250 ms to 30 s, and stay there", async () => {
    const backOff = new BackOff(undefined, new AbortController().signal);
    const doubled = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000];
    expect(await waitsOf(backOff, 10)).toEqual([...doubled, 30_000, 30_000, 30_000]);
  });

  test("waits are random, at least half of the longest, so that clients do not reconnect all at once", async () => {
    share.mockReturnValue(0);
    expect(await waitsOf(new BackOff(undefined, new AbortController().signal), 3)).toEqual([125, 250, 500]);
  });

  test("waits start again after reset", async () => {
    const backOff = new BackOff(undefined, new AbortController().signal);
    await waitsOf(backOff, 4);
    backOff.reset();
    expect(await waitsOf(backOff, 2)).toEqual([250, 500]);
  });

  test("an abort during an attempt makes retry return false", async () => {
    const leaving = new AbortController();
    const connected = new BackOff(undefined, leaving.signal).retry(async () => leaving.abort());
    vi.advanceTimersToNextTimer();
    expect(await connected).toBe(false);
  });

  test("an abort during a wait ends retry at once and leaves no timer", async () => {
    const leaving = new AbortController();
    const backOff = new BackOff(undefined, leaving.signal);
    const connect = vi.fn(async () => {});
    const waiting = backOff.retry(connect);
    expect(vi.getTimerCount()).toBe(1);
    leaving.abort();
    expect(await waiting).toBe(false);
    expect(await backOff.retry(connect)).toBe(false);
    expect(connect).not.toHaveBeenCalled();
    await turn();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("with a limit", () => {
  test("the last wait ends at the limit, and then retry rejects", async () => {
    const backOff = new BackOff(1_000, new AbortController().signal);
    expect(await waitsOf(backOff, 3)).toEqual([250, 500, 250]);
    const connect = vi.fn(async () => {});
    await expect(backOff.retry(connect)).rejects.toThrow("could not be restored within 1000 ms (--reconnect-timeout)");
    expect(connect).not.toHaveBeenCalled();
  });

  test("the limit applies anew after each reset", async () => {
    const backOff = new BackOff(1_000, new AbortController().signal);
    await waitsOf(backOff, 3);
    backOff.reset();
    expect(await waitsOf(backOff, 3)).toEqual([250, 500, 250]);
  });
});
