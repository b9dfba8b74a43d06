import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { startChild } from "../../support/child.ts";

const [THROWING, THROWING_DISPATCH] = ["throwing", "throwing-dispatch"].map((name) =>
  fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url)),
) as [string, string];

async function reportOf(args: readonly string[]): Promise<unknown> {
  const child = await startChild(process.execPath, args);
  const { code } = await child.exit();
  expect(child.stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(child.stdout);
}

describe("a throw anywhere leaves the poller alive, and the rest of its batch is served", () => {
  test.for([
    ["a microtask", 1],
    ["a nextTick", 1],
    ["an immediate", 1],
    ["a timer", 1],
    // Published, and not thrown: serve() has its own way to report it.
    ["a handler of serve", 0],
    ["its onError hook", 0],
    ["a diagnostics subscriber", 1],
    ["a callback of the poller", 1],
    // A packet of a peer must not end the process: a program that does not await a call does not ask for its result.
    ["a call that nobody awaits, when its socket is closed", 0],
    ["calls that nobody awaits, when the peer resets", 0],
  ] as const)("%s", async ([place, times]) => {
    expect(await reportOf([THROWING, place])).toEqual({
      caught: Array.from({ length: times }, () => "the defect"),
      served: 6,
      later: "still here",
    });
  });
});

test("a throw out of dispatch is raised by napi_fatal_exception; the poller lives on", async () => {
  expect(await reportOf([THROWING_DISPATCH])).toEqual({ caught: 3, turns: 4 });
});
