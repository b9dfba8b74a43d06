// The waits between attempts to have a connection back, by a clock that the test moves.
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { BackOff } from "../../../../src/cli/chat/back-off.ts";
import { turn } from "../../../support/until.ts";

/** What each wait is up to its longest: 1 is all of it. */
let share: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  share = vi.spyOn(Math, "random").mockReturnValue(1);
  onTestFinished(() => {
    share.mockRestore();
    vi.useRealTimers();
  });
});

/** How long the next wait takes, by the clock; it moves to the end of it. */
async function waitOf(backOff: BackOff): Promise<number> {
  const beganMs = performance.now();
  const waiting = backOff.wait();
  vi.advanceTimersToNextTimer();
  expect(await waiting).toBe(true);
  return performance.now() - beganMs;
}

async function waitsOf(backOff: BackOff, count: number): Promise<readonly number[]> {
  const waits: number[] = [];
  for (let done = 0; done < count; done++) waits.push(await waitOf(backOff));
  return waits;
}

describe("without an end", () => {
  test("each wait is twice the one before, from 250 ms to 30 s, and stays there", async () => {
    const backOff = new BackOff(undefined, new AbortController().signal);
    const doubled = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000];
    expect(await waitsOf(backOff, 10)).toEqual([...doubled, 30_000, 30_000, 30_000]);
  });

  test("clients do not come all at once: a wait is half of it at least", async () => {
    share.mockReturnValue(0);
    expect(await waitsOf(new BackOff(undefined, new AbortController().signal), 3)).toEqual([125, 250, 500]);
  });

  test("it begins anew when the connection was back", async () => {
    const backOff = new BackOff(undefined, new AbortController().signal);
    await waitsOf(backOff, 4);
    backOff.reset();
    expect(await waitsOf(backOff, 2)).toEqual([250, 500]);
  });

  test("nobody waits any more: it ends at once, and leaves no timer", async () => {
    const leaving = new AbortController();
    const backOff = new BackOff(undefined, leaving.signal);
    const waiting = backOff.wait();
    expect(vi.getTimerCount()).toBe(1);
    leaving.abort();
    expect(await waiting).toBe(false);
    expect(await backOff.wait()).toBe(false);
    await turn();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("with an end", () => {
  test("the last wait ends there, and then it is told", async () => {
    const backOff = new BackOff(1_000, new AbortController().signal);
    expect(await waitsOf(backOff, 3)).toEqual([250, 500, 250]);
    await expect(backOff.wait()).rejects.toThrow("not back within 1000 ms (--reconnect-timeout)");
  });

  test("the time is counted from each loss", async () => {
    const backOff = new BackOff(1_000, new AbortController().signal);
    await waitsOf(backOff, 3);
    backOff.reset();
    expect(await waitsOf(backOff, 3)).toEqual([250, 500, 250]);
  });
});
