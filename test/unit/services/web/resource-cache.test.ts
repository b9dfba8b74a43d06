import { setImmediate as immediates } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Resource } from "../../../../src/services/web/resource.ts";
import {
  type Found,
  MAX_OPENINGS,
  MAX_RESOURCE_AGE_MS,
  RENEW_AFTER_MS,
  ResourceCache,
} from "../../../../src/services/web/resource-cache.ts";
import { manualClock } from "../../../../src/testing.ts";
import { resourceOf } from "../../../support/resource-of.ts";

const LIMITS = { maxBytes: 10_000, maxDescriptors: 4 };

/** A cache, and what was looked for, in order; `answers` are given one after the other. */
function cacheOf(find: (path: string, known: Resource | undefined) => Promise<Found>, limits = LIMITS) {
  const clock = manualClock();
  const looks: string[] = [];
  const cache = new ResourceCache(
    (path, known) => {
      looks.push(path);
      return find(path, known);
    },
    limits,
    clock,
  );
  return { cache, clock, looks };
}

describe("what was found holds", () => {
  test("for half a second as it is, then looked at behind the answer, and after a second before it", async () => {
    const first = resourceOf();
    const second = resourceOf();
    let now: Resource = first;
    const { cache, clock, looks } = cacheOf(() => Promise.resolve(now));
    expect(await cache.get("a")).toBe(first);
    now = second;
    clock.advance(RENEW_AFTER_MS - 1);
    expect([cache.get("a"), looks.length]).toEqual([first, 1]);
    clock.advance(1);
    expect([cache.get("a"), looks.length]).toEqual([first, 2]);
    await immediates();
    expect([cache.get("a"), looks.length]).toEqual([second, 2]);
    now = first;
    clock.advance(MAX_RESOURCE_AGE_MS);
    expect(await cache.get("a")).toBe(first);
    expect(looks.length).toBe(3);
    cache.close();
  });

  test("from the beginning of the look on: what changes during it is seen in time", async () => {
    const found = resourceOf();
    let tell: ((found: Found) => void) | undefined;
    const { cache, clock, looks } = cacheOf(() => new Promise((resolve) => (tell = resolve)));
    const asked = cache.get("a");
    clock.advance(MAX_RESOURCE_AGE_MS);
    tell?.(found);
    expect(await asked).toBe(found);
    void cache.get("a");
    expect(looks.length).toBe(2);
    cache.close();
  });

  test("what is the same stays, and what is gone goes", async () => {
    const found = resourceOf();
    let now: Found = found;
    const { cache, clock } = cacheOf((_, known) => Promise.resolve(known ?? now));
    await cache.get("a");
    clock.advance(MAX_RESOURCE_AGE_MS);
    expect(await cache.get("a")).toBe(found);
    expect(found.isClosed).toBe(false);
    cache.close();
    now = { type: "missing" };
    await immediates();
    expect(found.isClosed).toBe(true);
  });

  test("of what is missing nothing is kept", async () => {
    const { cache, looks } = cacheOf(() => Promise.resolve({ type: "missing" }));
    expect([await cache.get("a"), await cache.get("a")]).toEqual([{ type: "missing" }, { type: "missing" }]);
    expect(looks).toEqual(["a", "a"]);
  });

  test("a look that fails is told to who waits for it, and the next one tries again", async () => {
    let fails = true;
    const found = resourceOf();
    const { cache } = cacheOf(() => (fails ? Promise.reject(new Error("EIO")) : Promise.resolve(found)));
    await expect(cache.get("a")).rejects.toThrow("EIO");
    fails = false;
    expect(await cache.get("a")).toBe(found);
    cache.close();
  });

  test("a look behind an answer that fails is told to nobody, and the next one before it is", async () => {
    let fails = false;
    const found = resourceOf();
    const { cache, clock } = cacheOf(() => (fails ? Promise.reject(new Error("EIO")) : Promise.resolve(found)));
    await cache.get("a");
    fails = true;
    clock.advance(RENEW_AFTER_MS);
    expect(cache.get("a")).toBe(found);
    await immediates();
    clock.advance(MAX_RESOURCE_AGE_MS);
    await expect(cache.get("a")).rejects.toThrow("EIO");
    cache.close();
  });
});

describe("when something has changed", () => {
  test("what is known is looked at before it is given, once for all that ask", async () => {
    const found = resourceOf();
    const { cache, clock, looks } = cacheOf((_, known) => Promise.resolve(known ?? found));
    await cache.get("a");
    cache.expire();
    clock.advance(1);
    expect(await Promise.all([cache.get("a"), cache.get("a")])).toEqual([found, found]);
    expect([cache.get("a"), looks.length]).toEqual([found, 2]);
    cache.close();
  });

  test("a look that has begun before counts for who waits for it, and for nobody else", async () => {
    const [old, now] = [resourceOf(), resourceOf()];
    const tell: ((found: Found) => void)[] = [];
    const { cache, clock, looks } = cacheOf(() => new Promise((resolve) => tell.push(resolve)));
    const [before, joined] = [cache.get("a"), cache.get("a")];
    cache.expire();
    clock.advance(1);
    const behind = cache.get("a");
    tell[0]?.(old);
    expect([await before, await joined]).toEqual([old, old]);
    expect(cache.get("a")).toBe(behind);
    tell[1]?.(now);
    expect(await behind).toBe(now);
    expect([cache.get("a"), looks.length]).toEqual([now, 2]);
    await immediates();
    expect([old.closings, now.closings]).toEqual([1, 0]);
    cache.close();
  });

  test("not even where that look is done last", async () => {
    const [old, now] = [resourceOf(), resourceOf()];
    const tell: ((found: Found) => void)[] = [];
    const { cache, clock, looks } = cacheOf(() => new Promise((resolve) => tell.push(resolve)));
    const before = cache.get("a");
    cache.expire();
    clock.advance(1);
    const behind = cache.get("a");
    tell[1]?.(now);
    expect(await behind).toBe(now);
    tell[0]?.(old);
    expect(await before).toBe(old);
    void cache.get("a");
    expect(looks.length).toBe(3);
    cache.close();
  });
});

test.for([
  ["goes for want of room", async (cache: ResourceCache): Promise<void> => void (await cache.get("b"))],
  ["is closed with the cache", (cache: ResourceCache) => Promise.resolve(cache.close())],
] as const)("what %s while it is looked at again is opened anew, and not given closed", async ([, letGo]) => {
  const made: ReturnType<typeof resourceOf>[] = [];
  let gate: Promise<unknown> | undefined;
  const { cache, clock } = cacheOf(
    async (_, known) => {
      if (known !== undefined) await gate;
      if (known === undefined) made.push(resourceOf({ descriptors: 1 }));
      return known ?? made.at(-1) ?? { type: "missing" as const };
    },
    { ...LIMITS, maxDescriptors: 1 },
  );
  await cache.get("a");
  clock.advance(MAX_RESOURCE_AGE_MS);
  let open: (() => void) | undefined;
  gate = new Promise<void>((resolve) => (open = resolve));
  const asked = cache.get("a");
  await letGo(cache);
  await immediates();
  open?.();
  expect(await asked).toBe(made.at(-1));
  expect([made[0]?.isClosed, made.at(-1)?.isClosed]).toEqual([true, false]);
  cache.close();
  await immediates();
  expect(made.map(({ closings }) => closings)).toEqual(made.map(() => 1));
});

describe("limits", () => {
  test("all that ask for a file at once wait for one look", async () => {
    const { cache, looks } = cacheOf(() => Promise.resolve(resourceOf()));
    const asked = await Promise.all([cache.get("a"), cache.get("a"), cache.get("a")]);
    expect([new Set(asked).size, looks.length]).toEqual([1, 1]);
    cache.close();
  });

  test(`${MAX_OPENINGS} files are opened at once, the others when one of them is done`, async () => {
    const waiting: ((found: Found) => void)[] = [];
    const { cache, looks } = cacheOf(() => new Promise((resolve) => waiting.push(resolve)));
    const asked = Array.from({ length: MAX_OPENINGS + 2 }, (_, index) => cache.get(`${index}`));
    await immediates();
    expect(looks.length).toBe(MAX_OPENINGS);
    waiting.shift()?.({ type: "missing" });
    await immediates();
    expect(looks.length).toBe(MAX_OPENINGS + 1);
    while (waiting.length > 0) {
      waiting.shift()?.({ type: "missing" });
      await immediates();
    }
    for (const each of asked) await each;
    expect(looks.length).toBe(MAX_OPENINGS + 2);
  });

  test("of bytes: the oldest goes, one that was asked for has a second chance", async () => {
    const found = new Map<string, ReturnType<typeof resourceOf>>();
    const { cache, looks } = cacheOf((path) => {
      const made = resourceOf({ bytes: 4_000 });
      found.set(path, made);
      return Promise.resolve(made);
    });
    for (const path of ["a", "b", "c"]) await cache.get(path);
    await immediates();
    const closed = [...found].flatMap(([path, { isClosed }]) => (isClosed ? [path] : []));
    expect([looks, closed.length]).toEqual([["a", "b", "c"], 1]);
    cache.close();
    await immediates();
    expect([...found.values()].every(({ isClosed }) => isClosed)).toBe(true);
  });

  test("of descriptors", async () => {
    const made: ReturnType<typeof resourceOf>[] = [];
    const { cache } = cacheOf(() => {
      const resource = resourceOf({ descriptors: 1 });
      made.push(resource);
      return Promise.resolve(resource);
    });
    for (let count = 0; count < LIMITS.maxDescriptors + 3; count++) await cache.get(`${count}`);
    await immediates();
    expect(made.filter(({ isClosed }) => !isClosed).length).toBe(LIMITS.maxDescriptors);
    cache.close();
  });

  test("what is larger than the cache is given, and not kept", async () => {
    const resource = resourceOf({ bytes: LIMITS.maxBytes + 1 });
    const { cache } = cacheOf(() => Promise.resolve(resource));
    expect(await cache.get("a")).toBe(resource);
    // Whoever has waited for it uses it at once.
    expect(resource.isClosed).toBe(false);
    await immediates();
    expect(resource.isClosed).toBe(true);
  });

  test("what is found once it is closed is not kept", async () => {
    const resource = resourceOf();
    let tell: ((found: Found) => void) | undefined;
    const { cache } = cacheOf(() => new Promise((resolve) => (tell = resolve)));
    const asked = cache.get("a");
    cache.close();
    tell?.(resource);
    expect(await asked).toBe(resource);
    await immediates();
    expect(resource.isClosed).toBe(true);
  });
});
