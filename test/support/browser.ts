// Chromium, started once per test file: each test has a context with its own cookies, caches and workers.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, onTestFinished, type TestContext } from "vitest";
import { findTool, requireTool } from "./tools.ts";

const require = createRequire(import.meta.url);

/** The start of a browser takes seconds, and more on a busy machine. */
export const BROWSER_TIMEOUT_MS = 100_000;
/** The time limit of one step: less than that of the test, so that the error names the step. */
const STEP_TIMEOUT_MS = 60_000;

/** As root, Chromium starts only without its sandbox. */
const ARGUMENTS = [
  "--no-sandbox",
  "--no-first-run",
  ...["background-networking", "component-update", "gpu", "quic", "sync"].map((it) => `--disable-${it}`),
];

/** Returns a function that opens an empty page in the browser of this file. It skips the test if there is no browser. */
export type OpenPage = (context: TestContext, options?: BrowserContextOptions) => Promise<Page>;

/** Starts the browser, with further arguments, before the tests of the file, and closes it after them. */
export function browserOfFile(...words: readonly string[]): OpenPage {
  let browser: Browser | undefined;
  let home: string | undefined;
  beforeAll(async () => {
    const peer = findTool("chromium");
    if ("missing" in peer) return;
    home = mkdtempSync(join(tmpdir(), "sockwright-browser-"));
    browser = await chromium.launch({
      executablePath: pathOf(peer.program),
      args: [...ARGUMENTS, ...words],
      // Files that the browser stores besides its profile go into a folder of the test.
      env: { ...process.env, HOME: home },
      timeout: STEP_TIMEOUT_MS,
    });
  }, BROWSER_TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    if (home !== undefined) rmSync(home, { recursive: true, maxRetries: 20, retryDelay: 100 });
  }, BROWSER_TIMEOUT_MS);
  return async (context, options) => {
    requireTool(context, "chromium");
    if (browser === undefined) throw new Error("the browser was not started");
    const own = await browser.newContext(options);
    onTestFinished(() => own.close());
    own.setDefaultTimeout(STEP_TIMEOUT_MS);
    return own.newPage();
  };
}

function pathOf(program: string): string {
  return spawnSync("which", [program], { encoding: "utf8" }).stdout.trim();
}

/**
 * Records the console messages and uncaught errors of a page; violations of its policy are among them. It ignores the request
 * for an icon that a site need not have.
 */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (!message.location().url.endsWith("/favicon.ico")) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return complaints;
}

/** Returns the accessibility violations that axe finds in a page whose context has `bypassCSP`: each rule, with the elements. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ path: require.resolve("axe-core/axe.min.js") });
  return page.evaluate<string[], undefined>(
    `axe.run().then(({ passes, violations }) => {
      if (passes.length === 0) throw new Error("axe has checked nothing");
      return violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" "));
    })`,
    undefined,
  );
}
