import { setImmediate as immediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { ListingPages, MAX_LISTINGS } from "../../../../src/services/web/listing-pages.ts";
import type { Listed } from "../../../../src/services/web/root.ts";

const BY_NAME = { by: "name", direction: "asc" } as const;

/** Pages, and the list of folders read for them; each read waits for `answer`. */
function pagesOf() {
  const read: string[] = [];
  const answers: ((listed: Listed) => void)[] = [];
  const pages = new ListingPages(
    (path) => {
      read.push(path);
      return new Promise((resolve) => answers.push(resolve));
    },
    (_, entries) => entries,
  );
  return { pages, read, answer: () => answers.shift()?.({ type: "missing" }) };
}

test("requests for a page that is being made share it; a later request gets a new one", async () => {
  const { pages, read, answer } = pagesOf();
  const first = pages.of("a", BY_NAME);
  expect(pages.of("a", BY_NAME)).toBe(first);
  answer();
  expect(await first).toEqual({ type: "missing" });
  const second = pages.of("a", BY_NAME);
  answer();
  await second;
  expect(read).toEqual(["a", "a"]);
});

test("a request after expire gets a page that was read after it", async () => {
  const { pages, read, answer } = pagesOf();
  const first = pages.of("a", BY_NAME);
  pages.expire();
  const second = pages.of("a", BY_NAME);
  answer();
  await first;
  expect([second === first, pages.of("a", BY_NAME) === second, read]).toEqual([false, true, ["a", "a"]]);
  answer();
  await second;
});

test("MAX_LISTINGS limits the concurrent reads; a finished read starts a waiting one", async () => {
  const { pages, read, answer } = pagesOf();
  const all = Array.from({ length: MAX_LISTINGS + 2 }, (_, count) => pages.of(`${count}`, BY_NAME));
  expect(read.length).toBe(MAX_LISTINGS);
  answer();
  await immediate();
  expect(read.length).toBe(MAX_LISTINGS + 1);
  while (read.length < all.length) {
    answer();
    await immediate();
  }
  for (let count = 0; count < all.length; count++) answer();
  await Promise.all(all);
});
