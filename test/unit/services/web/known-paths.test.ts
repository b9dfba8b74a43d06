import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { KnownPaths, MAX_KNOWN_PATH_LENGTH, MAX_KNOWN_PATHS } from "../../../../src/services/web/known-paths.ts";

test("a path is decoded once, and all paths are dropped beyond MAX_KNOWN_PATHS", () => {
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

test("a path longer than MAX_KNOWN_PATH_LENGTH is decoded but not kept", () => {
  const paths = new KnownPaths("hidden");
  const long = `/${"a/".repeat(MAX_KNOWN_PATH_LENGTH / 2)}`;
  expect(paths.of(long)).toEqual({ type: "path", relative: long.slice(1, -1), endsInSlash: true });
  expect(paths.size).toBe(0);
  paths.of(long.slice(0, MAX_KNOWN_PATH_LENGTH));
  expect(paths.size).toBe(1);
});

test("a kept path does not retain the request head that it was cut from", () => {
  const paths = new KnownPaths("hidden");
  const headBytes = 32 * 1024;
  const before = heapBytes();
  for (let count = 0; count < 1_000; count++) {
    const head = Buffer.from(`GET /a-path-of-its-own-${count} HTTP/1.1\r\n${"x".repeat(headBytes)}`).toString("latin1");
    paths.of(head.slice(4, head.indexOf(" ", 4)));
  }
  expect([paths.size, heapBytes() - before < (1_000 * headBytes) / 4]).toEqual([1_000, true]);
});

/** The size of the reachable heap, after a garbage collection. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
