// Each example is short enough to be read at a glance.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAX_LINES = 40;
const MAX_COLUMNS = 100;

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
// The first program is a command of its own, and not one of the tutorials.
const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.startsWith("first-program"));

test("there are examples", () => {
  expect(files).toContain("session-server.ts");
});

test.each(files)("%s", (name) => {
  const lines = readFileSync(`${folder}${name}`, "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(MAX_LINES);
  expect(lines.filter((line) => line.length > MAX_COLUMNS)).toEqual([]);
  // The first line says what it is; the first lines of a program say how to start it.
  expect(lines[0]).toMatch(/^\/\/ [A-Z]/);
  const isProgram = lines.some((line) => line.startsWith("await run("));
  if (isProgram) expect(lines.slice(0, 3).join(" ")).toContain(`node dist/examples/${name.replace(/ts$/, "js")}`);
});
