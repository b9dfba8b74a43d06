import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../support/child.ts";
import { requirePeer } from "../support/peers.ts";

const RUN = fileURLToPath(new URL("run.mjs", import.meta.url));
const PROGRAMS = fileURLToPath(new URL("programs", import.meta.url));

/** The part of the full load that takes a few seconds; run.mjs makes the whole. */
const scales: Record<string, number> = {
  resets: 0.1,
  neighbours: 0.05,
  churn: 0.02,
  echoes: 0.02,
  workers: 0.05,
  "line-rate": 0.1,
};

test.for(Object.entries(scales))("%s, at %f of its full load", async ([program, scale], context) => {
  requirePeer(context, "python3");
  const child = await startChild(process.execPath, [RUN, "--scale", String(scale), program]);
  const { code } = await child.exit();
  expect(child.stdout).not.toContain("missed");
  expect(child.stderr).toBe("");
  expect(code).toBe(0);
});

test("every program is run", () => {
  expect(readdirSync(PROGRAMS).sort()).toEqual(
    Object.keys(scales)
      .map((name) => `${name}.mjs`)
      .sort(),
  );
});
