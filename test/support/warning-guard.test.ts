import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startChild } from "./child.ts";

const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
const guard = fileURLToPath(new URL("./warning-guard.ts", import.meta.url));

const bodies = {
  "a warning that nobody expects": "process.emitWarning('a socket was lost')",
  nothing: "",
  "listeners that pile up":
    "const { EventEmitter } = await import('node:events'); const emitter = new EventEmitter();" +
    "for (let i = 0; i < 20; i++) emitter.on('x', () => i);",
  "an experiment of Node's": "process.emitWarning('it may change', 'ExperimentalWarning')",
  "the subject of the test": `const { allowWarning } = await import(${JSON.stringify(guard)});
    allowWarning("Expected"); process.emitWarning("x", "Expected");`,
};

/** Runs one test with each body under the guard, and returns how each ended, with the first line of the reason. */
async function run(): Promise<Record<string, [status: string, why: string]>> {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-warning-guard-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const tests = Object.entries(bodies).map(([name, body]) => `test(${JSON.stringify(name)}, async () => { ${body} });`);
  writeFileSync(join(folder, "a.test.mjs"), tests.join("\n"));
  const config = { test: { globals: true, setupFiles: [guard] } };
  writeFileSync(join(folder, "vitest.config.mjs"), `export default ${JSON.stringify(config)};`);
  const report = join(folder, "report.json");
  const args = ["run", "--root", folder, "--reporter=json", `--outputFile=${report}`];
  const child = await startChild(process.execPath, [vitest, ...args]);
  expect((await child.exit()).code).toBe(1);
  const { testResults }: Report = JSON.parse(readFileSync(report, "utf8"));
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  return Object.fromEntries(
    results.map(({ title, status, failureMessages: [why = ""] }) => [title, [status, why.split("\n", 1)[0] ?? ""]]),
  );
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

test("R33: a warning fails its test, and only that one, unless Node emits it for an experimental feature or the test expects it", async () => {
  expect(await run()).toEqual({
    "a warning that nobody expects": ["failed", expect.stringContaining("was warned: Warning: a socket was lost")],
    nothing: ["passed", ""],
    "listeners that pile up": ["failed", expect.stringContaining("MaxListenersExceededWarning")],
    "an experiment of Node's": ["passed", ""],
    "the subject of the test": ["passed", ""],
  });
});
