import { fileURLToPath } from "node:url";
import { describe, expect, type TestContext, test } from "vitest";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

const [TIMER, FLOOD] = ["timer.mjs", "flood.py"].map((name) =>
  fileURLToPath(new URL(`programs/${name}`, import.meta.url)),
) as [string, string];

interface Lateness {
  readonly ticks: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Measures how late a 10 ms timer is in a server that a peer in another process keeps busy. */
async function latenessBeside(context: TestContext, server: string, peer: string): Promise<Lateness> {
  const python = requireTool(context, "python3");
  const timed = await startChild(process.execPath, [TIMER, server]);
  const [, port = ""] = await timed.line(/^listening on (\d+)$/);
  await startChild(python, [FLOOD, peer, port]);
  const [report] = await timed.line(/^\{.*\}$/);
  return JSON.parse(report) as Lateness;
}

describe("a fast sender does not make a 10 ms timer late by more than 10 ms at p99", () => {
  test.for([
    ["a loop over recv", "stream", "stream"],
    ["iteration over a stream", "iteration", "stream"],
    ["an echo of datagrams", "datagrams", "datagrams"],
  ] as const)("%s", async ([, server, peer], context) => {
    const { ticks, p99 } = await latenessBeside(context, server, peer);
    expect(ticks).toBeGreaterThanOrEqual(200);
    expect(p99).toBeLessThanOrEqual(10);
  });
});

test("400 handlers that take 250 µs each after an await do not make a 10 ms timer late by more than 10 ms at p99", async (context) => {
  const { ticks, p99 } = await latenessBeside(context, "handlers", "handlers");
  expect(ticks).toBeGreaterThanOrEqual(200);
  expect(p99).toBeLessThanOrEqual(10);
});
