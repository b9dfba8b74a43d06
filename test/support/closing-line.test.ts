import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startChild } from "./child.ts";

const vitest = new URL("../../node_modules/vitest/vitest.mjs", import.meta.url).pathname;
const closingLine = new URL("./closing-line.ts", import.meta.url).pathname;

const config = `
import { ClosingLine } from "${closingLine}";
export default { test: { globals: true, reporters: ["default", new ClosingLine()] } };
`;

/** Runs vitest on the given test files, and returns its exit code and the last lines of its output. */
async function run(files: Readonly<Record<string, string>>, lineCount: number): Promise<[number | null, string[]]> {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-closing-line-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries({ ...files, "vitest.config.mjs": config })) {
    writeFileSync(join(folder, name), content);
  }
  const child = await startChild(process.execPath, [vitest, "run", "--root", folder]);
  const { code } = await child.exit();
  return [code, child.stdout.trimEnd().split("\n").slice(-lineCount)];
}

test("a run that passes ends with its counts, after each skip with its reason", async () => {
  const files = {
    "a.test.mjs": "test('needs it', (context) => context.skip('it is missing')); test('runs', () => {});",
    "b.test.mjs": "test('one', () => {}); test('two', () => {});",
  };
  expect(await run(files, 2)).toEqual([
    0,
    ["skipped: a.test.mjs: needs it: it is missing", "3 passed, 0 failed, 1 skipped"],
  ]);
});

test("each failure is counted and named: a test, a file that cannot be loaded, an uncaught error", async () => {
  const files = {
    "a.test.mjs": "test('one', () => {}); test('two', () => { throw new Error('no'); });",
    "b.test.mjs": "throw new Error('not this one');",
    "c.test.mjs": "test('three', async () => { Promise.reject(new Error('late')); await new Promise(setImmediate); });",
  };
  const [code, lines] = await run(files, 4);
  expect(code).toBe(1);
  expect(lines.slice(0, 3).sort()).toEqual([
    "failed: a.test.mjs: two: no",
    "failed: b.test.mjs: outside of its tests: not this one",
    "failed: outside of a test: late",
  ]);
  expect(lines[3]).toBe("2 passed, 3 failed, 0 skipped");
});

test("a test process that dies is a failure", async () => {
  const files = { "a.test.mjs": "test('one', () => { process.kill(process.pid, 'SIGKILL'); });" };
  const [code, lines] = await run(files, 1);
  expect(code).toBe(1);
  expect(lines[0]).toMatch(/^0 passed, [1-9]\d* failed, 0 skipped$/);
});

test("a run without tests is a failure", async () => {
  expect(await run({}, 1)).toEqual([1, ["0 passed, 1 failed, 0 skipped"]]);
});
