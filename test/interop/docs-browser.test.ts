// The rendered documentation in Chromium: on a phone and a desktop, light and dark, from a file and from a server.
// `npm run check` runs `npm run docs` just before; without dist/docs this test builds it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { web } from "../../src/services/web/web.ts";
import { root } from "../repository/pages.ts";
import { BROWSER_TIMEOUT_MS, browserOfFile, complaintsOf } from "../support/browser.ts";
import { serving, urlOf } from "../support/serving.ts";

const SITE = join(root, "dist/docs");
const BUILD_TIMEOUT_MS = 300_000;
const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };
/** The start page, a guide with wide tables, and pages of the reference with long names and signatures. */
const PAGES = {
  start: "index.html",
  guide: "docs/guides/limits.html",
  class: "classes/sockwright.Socket.html",
  module: "modules/sockwright.html",
};

beforeAll(() => {
  if (existsSync(join(SITE, "index.html"))) return;
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "docs"], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm run docs failed\n${stdout}${stderr}`);
}, BUILD_TIMEOUT_MS);

const openPage = browserOfFile();

const views = (["phone", "desktop"] as const).flatMap((size) =>
  (["light", "dark"] as const).map((colorScheme) => ({ size, colorScheme })),
);

describe("the documentation", { timeout: BROWSER_TIMEOUT_MS }, () => {
  test.for(views)(
    "each page fits the window, without an error in the console: $size, $colorScheme",
    async ({ size, colorScheme }, context) => {
      const page = await openPage(context, { viewport: SIZES[size], colorScheme });
      const complaints = complaintsOf(page);
      for (const [name, path] of Object.entries(PAGES)) {
        await page.goto(`${pathToFileURL(SITE).href}/${path}`);
        await page.getByRole("heading", { level: 1 }).first().waitFor();
        expect(await page.evaluate<number>("document.documentElement.scrollWidth"), path).toBe(SIZES[size].width);
        const background = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
        const [red = Number.NaN] = background.match(/\d+/g)?.map(Number) ?? [];
        expect(red < 128, `${path} is dark: ${background}`).toBe(colorScheme === "dark");
        const folder = process.env["SOCKWRIGHT_SCREENSHOTS"];
        if (folder === undefined) continue;
        mkdirSync(folder, { recursive: true });
        await page.screenshot({ path: join(folder, `docs-${name}-${size}-${colorScheme}.png`) });
      }
      expect(complaints).toEqual([]);
    },
  );

  test.for(["a file", "a server"])(
    "the search finds names, when the page is opened from %s",
    async (origin, context) => {
      const home =
        origin === "a file"
          ? `${pathToFileURL(SITE).href}/index.html`
          : urlOf(await serving(web(SITE), {}, "http://127.0.0.1:0"));
      const page = await openPage(context, { viewport: SIZES.phone });
      const complaints = complaintsOf(page);
      await page.goto(home);
      for (const [word, found] of [
        ["recvmsg", /Socket\.html#recvmsg$/],
        ["idleTimeoutMs", /#idletimeoutms$/i],
      ] as const) {
        await page.locator("#tsd-search-trigger").click();
        await page.locator("#tsd-search-input").fill(word);
        const result = page.locator("#tsd-search-results a", { hasText: word }).first();
        expect(await result.getAttribute("href")).toMatch(found);
        await result.click();
        await page.waitForURL(found);
        await page
          .locator(`[id="${new URL(page.url()).hash.slice(1)}"]`)
          .first()
          .waitFor();
      }
      expect(complaints).toEqual([]);
    },
  );

  test("the search takes each character as text", async (context) => {
    const page = await openPage(context, { viewport: SIZES.phone });
    const complaints = complaintsOf(page);
    await page.goto(`${pathToFileURL(SITE).href}/index.html`);
    await page.locator("#tsd-search-trigger").click();
    const results = page.locator("#tsd-search-results a");
    for (const text of ["tcp://", "unix:", "accept~", "connect()", "keep-alive", "socket ^\\+:~1"]) {
      await page.locator("#tsd-search-input").fill("qqqzzz");
      await expect.poll(() => results.count()).toBe(0);
      await page.locator("#tsd-search-input").fill(text);
      await expect.poll(() => results.count(), { message: text }).toBeGreaterThan(0);
    }
    await page.locator("#tsd-search-input").fill("-");
    await expect.poll(() => results.count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test("the search finds guides among the first five, and no source files", async (context) => {
    const page = await openPage(context, { viewport: SIZES.desktop });
    await page.goto(`${pathToFileURL(SITE).href}/index.html`);
    for (const [words, guide] of [
      ["first server", "docs/guides/your-first-server.html"],
      ["socketserver", "docs/guides/socketserver.html"],
    ] as const) {
      await page.locator("#tsd-search-trigger").click();
      await page.locator("#tsd-search-input").fill(words);
      const results = page.locator("#tsd-search-results a");
      await results.first().waitFor();
      const found = await results.evaluateAll((links) => links.map((link) => `${link.getAttribute("href")}`));
      expect(found.slice(0, 5)).toContainEqual(expect.stringContaining(guide));
      expect(found.filter((href) => /\.test\.html$/.test(href))).toEqual([]);
      await page.keyboard.press("Escape");
    }
  });
});
