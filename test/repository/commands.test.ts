// The commands that README.md says exist do, and its examples of them are taken.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../support/child.ts";
import { codeBlocks } from "./code-blocks.ts";
import { codeIn, read, readme, section, tables } from "./pages.ts";

const program = fileURLToPath(new URL("../../dist/cli/sockwright.js", import.meta.url));

const [[, ...rows] = []] = tables(section(read(readme.english), "## What exists today"));
const claimed = rows
  .filter(([, state]) => state === "yes")
  .flatMap(([part = ""]) => codeIn(part))
  .flatMap((code) => /^sockwright ([a-z]+)$/.exec(code)?.[1] ?? []);

const shown = codeBlocks(readme.english).flatMap(({ code }) =>
  [...code.matchAll(/^node dist\/cli\/sockwright\.js ([a-z]+)/gm)].map(([, command]) => command),
);

test.for(claimed)("sockwright %s", async (command) => {
  const child = await startChild(process.execPath, [program, command, "--help"]);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stdout).toMatch(new RegExp(`^Usage: sockwright ${command} `));
  expect(child.stderr).toBe("");
});

test("what is shown is what is claimed", () => {
  expect(claimed.length).toBeGreaterThan(0);
  expect([...new Set(shown)].sort()).toEqual([...claimed].sort());
});
