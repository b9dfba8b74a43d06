import { expect, test } from "vitest";
import { KnownPaths, MAX_KNOWN_PATHS } from "../../../../src/services/web/known-paths.ts";

test("a path is decoded once, and beyond the limit all are forgotten", () => {
  const paths = new KnownPaths("hidden");
  const first = paths.of("/a%20b");
  expect(first).toEqual({ type: "path", relative: "a b", endsInSlash: false });
  expect(paths.of("/a%20b")).toBe(first);
  for (let count = 1; count < MAX_KNOWN_PATHS; count++) paths.of(`/${count}`);
  expect([paths.size, paths.of("/a%20b")]).toEqual([MAX_KNOWN_PATHS, first]);
  paths.of("/one-more");
  expect(paths.size).toBe(1);
  expect(paths.of("/a%20b")).toEqual(first);
  expect(paths.of("/.env")).toEqual({ type: "refused", status: 404 });
});
