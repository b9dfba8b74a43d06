import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AddressRate, MAX_RATED_ADDRESSES } from "../../../../src/server/limits/address-rate.ts";
import { manualClock } from "../../../../src/testing.ts";

test("take accepts a burst, then one request per new token", () => {
  const clock = manualClock();
  const rate = new AddressRate({ perSecond: 10, burst: 3 }, clock);
  const takeAll = (): number => {
    let count = 0;
    while (rate.take("a")) count++;
    return count;
  };
  expect(takeAll()).toBe(3);
  clock.advance(99);
  expect(takeAll()).toBe(0);
  clock.advance(1);
  expect(takeAll()).toBe(1);
  clock.advance(60_000);
  expect(takeAll()).toBe(3);
});

test("each address has its own bucket", () => {
  const rate = new AddressRate({ perSecond: 1 }, manualClock());
  expect([rate.take("a"), rate.take("a"), rate.take("b")]).toEqual([true, false, true]);
});

test("a refused request costs no token: frequent requests do not extend the refusal", () => {
  const clock = manualClock();
  const rate = new AddressRate({ perSecond: 1 }, clock);
  rate.take("a");
  for (let count = 0; count < 1_000; count++) rate.take("a");
  clock.advance(1_000);
  expect(rate.take("a")).toBe(true);
});

describe("MAX_RATED_ADDRESSES: the table of addresses", () => {
  test("does not grow beyond the limit", () => {
    const rate = new AddressRate({ perSecond: 0.001 }, manualClock());
    for (let index = 0; index < 3 * MAX_RATED_ADDRESSES; index++) rate.take(`${index}`);
    expect(rate.size).toBeLessThanOrEqual(MAX_RATED_ADDRESSES);
    expect(rate.size).toBeGreaterThanOrEqual(MAX_RATED_ADDRESSES / 2);
  });

  test("drops an address when its bucket is full again", () => {
    const clock = manualClock();
    const rate = new AddressRate({ perSecond: 10, burst: 10 }, clock);
    for (let index = 0; index < 1_000; index++) rate.take(`${index}`);
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(1_000);
      rate.take("somebody");
    }
    expect(rate.size).toBeLessThanOrEqual(2);
  });
});

test("any sequence of requests gets the same answers as with one token bucket per address", () => {
  const visits = fc.array(fc.record({ who: fc.constantFrom("a", "b", "c"), afterMs: fc.nat(700) }), { maxLength: 200 });
  const rates = fc.record({ perSecond: fc.integer({ min: 1, max: 50 }), burst: fc.integer({ min: 1, max: 20 }) });
  fc.assert(
    fc.property(rates, visits, ({ perSecond, burst }, sequence) => {
      const clock = manualClock(1e6);
      const rate = new AddressRate({ perSecond, burst }, clock);
      const buckets = new Map<string, { tokens: number; atMs: number }>();
      for (const { who, afterMs } of sequence) {
        clock.advance(afterMs);
        const { tokens, atMs } = buckets.get(who) ?? { tokens: burst, atMs: clock.now() };
        const now = Math.min(burst, tokens + ((clock.now() - atMs) * perSecond) / 1_000);
        const isLet = now >= 1 - 1e-4;
        expect(rate.take(who)).toBe(isLet);
        buckets.set(who, { tokens: isLet ? now - 1 : now, atMs: clock.now() });
      }
    }),
  );
});
