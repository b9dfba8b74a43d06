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

/** A cache and the list of its lookups, in order; `find` answers them. */
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

describe("a cached resource", () => {
  test("is used unchanged for half a second, then checked after the response, and after one second before it", async () => {
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

  test("ages from the beginning of its lookup, so that a change during the lookup is seen in time", async () => {
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

  test("stays open while it is unchanged, and is closed when it is gone", async () => {
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

  test("is not kept when it is missing", async () => {
    const { cache, looks } = cacheOf(() => Promise.resolve({ type: "missing" }));
    expect([await cache.get("a"), await cache.get("a")]).toEqual([{ type: "missing" }, { type: "missing" }]);
    expect(looks).toEqual(["a", "a"]);
  });

  test("is not kept when the lookup fails: the waiting call rejects, and the next one tries again", async () => {
    let fails = true;
    const found = resourceOf();
    const { cache } = cacheOf(() => (fails ? Promise.reject(new Error("EIO")) : Promise.resolve(found)));
    await expect(cache.get("a")).rejects.toThrow("EIO");
    fails = false;
    expect(await cache.get("a")).toBe(found);
    cache.close();
  });

  test("hides a failed check after the response; the next check before a response reports its error", async () => {
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

describe("after expire", () => {
  test("a cached resource is checked once before it is used, for all waiting calls", async () => {
    const found = resourceOf();
    const { cache, clock, looks } = cacheOf((_, known) => Promise.resolve(known ?? found));
    await cache.get("a");
    cache.expire();
    clock.advance(1);
    expect(await Promise.all([cache.get("a"), cache.get("a")])).toEqual([found, found]);
    expect([cache.get("a"), looks.length]).toEqual([found, 2]);
    cache.close();
  });

  test("a lookup that began before is used only by the calls that already wait for it", async () => {
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

  test("a lookup that began before is ignored even when it ends last", async () => {
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
  ["is evicted", async (cache: ResourceCache): Promise<void> => void (await cache.get("b"))],
  ["is closed with the cache", (cache: ResourceCache) => Promise.resolve(cache.close())],
] as const)("a resource that %s during a check is opened again, and not returned closed", async ([, letGo]) => {
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
  test("concurrent calls for one file share one lookup", async () => {
    const { cache, looks } = cacheOf(() => Promise.resolve(resourceOf()));
    const asked = await Promise.all([cache.get("a"), cache.get("a"), cache.get("a")]);
    expect([new Set(asked).size, looks.length]).toEqual([1, 1]);
    cache.close();
  });

  test(`at most ${MAX_OPENINGS} files are opened at once; the others wait for one of them`, async () => {
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

  test("bytes: the oldest resource is closed, unless it was used again", async () => {
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

  test("descriptors", async () => {
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

  test("a resource larger than the cache is returned but not kept", async () => {
    const resource = resourceOf({ bytes: LIMITS.maxBytes + 1 });
    const { cache } = cacheOf(() => Promise.resolve(resource));
    expect(await cache.get("a")).toBe(resource);
    // The waiting call uses it at once.
    expect(resource.isClosed).toBe(false);
    await immediates();
    expect(resource.isClosed).toBe(true);
  });

  test("a resource that is found after close is not kept", async () => {
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
