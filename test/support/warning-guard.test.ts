import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startChild } from "./child.ts";

const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
const guard = fileURLToPath(new URL("./warning-guard.ts", import.meta.url));

/** Runs a test with this body under the guard; its exit code, and what it wrote. */
async function run(body: string): Promise<[number | null, string]> {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-warning-guard-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "a.test.mjs"), `test("one", async () => { ${body} }); test("two", () => {});`);
  const config = { test: { globals: true, setupFiles: [guard] } };
  writeFileSync(join(folder, "vitest.config.mjs"), `export default ${JSON.stringify(config)};`);
  const child = await startChild(process.execPath, [vitest, "run", "--root", folder]);
  const { code } = await child.exit();
  return [code, child.stdout + child.stderr];
}

test("R33: a warning that nobody expects fails the test, and that one only", async () => {
  const [code, output] = await run("process.emitWarning('a socket was lost')");
  expect(code).toBe(1);
  expect(output).toContain("The process was warned: Warning: a socket was lost");
  expect(output).toMatch(/1 failed/);
  expect(output).toMatch(/1 passed/);
});

test("R33: so does one of Node's own: listeners that pile up", async () => {
  const [code, output] = await run(
    "const target = new EventTarget(); for (let i = 0; i < 20; i++) target.addEventListener('x', () => i); await 1;" +
      "const { EventEmitter } = await import('node:events'); const emitter = new EventEmitter();" +
      "for (let i = 0; i < 20; i++) emitter.on('x', () => i);",
  );
  expect(code).toBe(1);
  expect(output).toContain("MaxListenersExceededWarning");
});

test("what is an experiment of Node's is no alert", async () => {
  const [code] = await run("process.emitWarning('it may change', 'ExperimentalWarning')");
  expect(code).toBe(0);
});

test("nor is a warning that is the subject of the test", async () => {
  const [code] = await run(
    `const { allowWarning } = await import(${JSON.stringify(guard)}); allowWarning("Expected"); process.emitWarning("x", "Expected");`,
  );
  expect(code).toBe(0);
});
