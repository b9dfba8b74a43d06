import { expect, test } from "vitest";
import { isSigned, MAX_LINK_MS, signedQuery } from "../../../../src/services/files/signed-link.ts";

const KEY = Buffer.alloc(32, 1);
const NOW = 1_800_000_000_000;

test("a link is for one path, until its time", () => {
  const query = signedQuery(KEY, "a/b", NOW + 5_000);
  expect(isSigned(KEY, "a/b", query, NOW)).toBe(true);
  expect(isSigned(KEY, "a/b", query, NOW + 5_000)).toBe(false);
  expect(isSigned(KEY, "a/c", query, NOW)).toBe(false);
  expect(isSigned(Buffer.alloc(32, 2), "a/b", query, NOW)).toBe(false);
  expect(isSigned(KEY, "a/b", query.replace(/expires=\d+/, `expires=${NOW / 1_000 + 9}`), NOW)).toBe(false);
});

test("a link may not be valid for too long", () => {
  expect(isSigned(KEY, "a", signedQuery(KEY, "a", NOW + MAX_LINK_MS), NOW)).toBe(true);
  expect(isSigned(KEY, "a", signedQuery(KEY, "a", NOW + MAX_LINK_MS + 1_000), NOW)).toBe(false);
});

test.each([
  undefined,
  "",
  "expires=1",
  "signature=x",
  "expires=1&signature=x",
  `expires=-1&signature=${"A".repeat(43)}`,
])("the query %j is no link", (query) => {
  expect(isSigned(KEY, "a", query, 0)).toBe(false);
});
