// The page of the files service with Chromium.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { http, mounts } from "../../../src/http.ts";
import { type FilesOptions, files } from "../../../src/services/files/files.ts";
import { BROWSER_TIMEOUT_MS, browserOfFile, complaintsOf, violationsOf } from "../../support/browser.ts";
import { ALL_RIGHTS } from "../../support/files-services.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { until } from "../../support/until.ts";

const openPage = browserOfFile();
const LIMIT = { timeout: BROWSER_TIMEOUT_MS };

async function served(options: FilesOptions = { allow: ALL_RIGHTS }): Promise<{ url: string; folder: string }> {
  const folder = temporaryFolder();
  const server = await serving(files(folder, options), {}, "http://127.0.0.1:0");
  return { url: urlOf(server), folder };
}

/** Chooses files, as a visitor does. */
async function choose(
  page: Page,
  ...given: readonly (readonly [name: string, content: string | Buffer])[]
): Promise<void> {
  const chosen = given.map(([name, content]) => ({ name, mimeType: "text/plain", buffer: Buffer.from(content) }));
  await page.getByLabel("Files to upload").setInputFiles(chosen);
}

function uploadRow(page: Page, name: string): ReturnType<Page["locator"]> {
  return page.locator("#uploads li", { hasText: name });
}

test("chosen files are uploaded, verified and listed", LIMIT, async (context) => {
  const { url, folder } = await served();
  const page = await openPage(context);
  const complaints = complaintsOf(page);
  await page.goto(url);
  await choose(page, ["a <b>.txt", "hello"], ["empty", ""], ["big.bin", Buffer.alloc(20_000_000, "abc")]);
  for (const name of ["a <b>.txt", "empty", "big.bin"]) {
    await uploadRow(page, name).getByText("uploaded and verified").waitFor();
    await page.getByRole("link", { name, exact: true }).waitFor();
  }
  expect(readFileSync(join(folder, "a <b>.txt"), "utf8")).toBe("hello");
  expect(readFileSync(join(folder, "big.bin")).equals(Buffer.alloc(20_000_000, "abc"))).toBe(true);
  expect(complaints).toEqual([]);
});

test("a dead connection: the upload goes on by itself", LIMIT, async (context) => {
  const { url, folder } = await served();
  const page = await openPage(context);
  await page.goto(url);
  let failures = 2;
  await page.route("**/.uploads/*", async (route) => {
    if (route.request().method() === "PATCH" && failures-- > 0) await route.abort("connectionreset");
    else await route.continue();
  });
  await choose(page, ["a.txt", "hello"]);
  await uploadRow(page, "a.txt").getByText("uploaded and verified").waitFor();
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("hello");
});

test("pause and resume; and after a reload the same file goes on where it was", LIMIT, async (context) => {
  const { url, folder } = await served();
  const page = await openPage(context);
  await page.goto(url);
  const content = Buffer.alloc(20_000_000, "abc");
  const file = join(temporaryFolder(), "big.bin");
  writeFileSync(file, content);
  const offsets: string[] = [];
  let isHeld = true;
  await page.route("**/.uploads/*", async (route) => {
    const { "upload-offset": offset } = route.request().headers();
    if (route.request().method() === "PATCH") offsets.push(offset ?? "");
    // The second piece never arrives.
    if (isHeld && offset === `${16 * 1024 * 1024}`) return;
    await route.continue();
  });
  const input = page.getByLabel("Files to upload");
  await input.setInputFiles(file);
  await page.waitForRequest((request) => request.headers()["upload-offset"] === `${16 * 1024 * 1024}`);
  await page.getByRole("button", { name: "Pause big.bin" }).click();
  await uploadRow(page, "big.bin")
    .getByText(/^paused at 1\d\.\d MiB of 19\.1 MiB$/)
    .waitFor();
  isHeld = false;
  page.on("dialog", (dialog) => void dialog.accept());
  await page.reload();
  await page.getByLabel("Files to upload").setInputFiles(file);
  await uploadRow(page, "big.bin").getByText("uploaded and verified").waitFor();
  expect(offsets).toEqual(["0", `${16 * 1024 * 1024}`, `${16 * 1024 * 1024}`]);
  expect(readFileSync(join(folder, "big.bin")).equals(content)).toBe(true);
});

test("a refusal is shown in the words of the server", LIMIT, async (context) => {
  const { url } = await served({ quotaBytes: 3 });
  const page = await openPage(context);
  await page.goto(url);
  await choose(page, ["a.txt", "hello"]);
  await uploadRow(page, "a.txt").getByText("The files of this server have reached its quota").waitFor();
  await page.getByRole("button", { name: "Cancel a.txt" }).click();
  expect(await page.locator("#uploads li").count()).toBe(0);
});

test("rename, delete and make a folder", LIMIT, async (context) => {
  const { url, folder } = await served();
  writeFileSync(join(folder, "a.txt"), "hello");
  const page = await openPage(context);
  const answers = ["b c.txt", "new"];
  page.on("dialog", (dialog) => void dialog.accept(dialog.type() === "prompt" ? answers.shift() : undefined));
  await page.goto(url);
  await page.getByRole("button", { name: "Rename a.txt" }).click();
  await page.getByRole("link", { name: "b c.txt", exact: true }).waitFor();
  await page.getByRole("button", { name: "New folder" }).click();
  await page.getByRole("link", { name: "new/", exact: true }).waitFor();
  await page.getByRole("button", { name: "Delete b c.txt" }).click();
  await page.getByRole("link", { name: "b c.txt", exact: true }).waitFor({ state: "detached" });
  expect(readdirSync(folder).sort()).toEqual([".sockwright", "new"]);
});

test("a preview runs nothing", LIMIT, async (context) => {
  const { url, folder } = await served();
  writeFileSync(join(folder, "a.txt"), "<script>document.title = 'run'</script>");
  writeFileSync(join(folder, "evil.html"), "<script>localStorage.x = 1</script>");
  const page = await openPage(context, { acceptDownloads: true });
  await page.goto(url);
  await page.getByRole("button", { name: "Preview a.txt" }).click();
  expect(await page.locator("dialog pre").textContent()).toContain("<script>");
  await page.getByRole("button", { name: "Close" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "evil.html", exact: true }).click();
  expect((await download).suggestedFilename()).toBe("evil.html");
  expect(await page.evaluate("localStorage.x")).toBeUndefined();
});

test("without scripts, the form uploads", LIMIT, async (context) => {
  const { url, folder } = await served();
  const page = await openPage(context, { javaScriptEnabled: false });
  await page.goto(url);
  await choose(page, ["a.txt", "hello"]);
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await page.getByRole("link", { name: "a.txt", exact: true }).waitFor();
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("hello");
});

test("a visitor who may not create sees no form, below a path too", LIMIT, async (context) => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "dir"));
  writeFileSync(join(folder, "dir/a.txt"), "hello");
  const both = mounts({ "/f/": files(folder, { allow: ["list", "read"] }), "/": http(() => ({ body: "root" })) });
  const server = await serving(both, {}, "http://127.0.0.1:0");
  const page = await openPage(context);
  const complaints = complaintsOf(page);
  await page.goto(`${urlOf(server)}/f/`);
  await page.getByRole("link", { name: "dir/", exact: true }).click();
  await page.getByRole("button", { name: "Preview a.txt" }).waitFor();
  expect(await page.getByRole("button", { name: "Delete a.txt" }).count()).toBe(0);
  expect(await page.locator("form[enctype]").count()).toBe(0);
  await page.getByRole("link", { name: "Folder above" }).click();
  await page.getByRole("link", { name: "dir/", exact: true }).waitFor();
  expect(complaints).toEqual([]);
});

test.for(["light", "dark"] as const)(
  "passes axe, and fits a window of 320 pixels: %s",
  LIMIT,
  async (colorScheme, context) => {
    const { url, folder } = await served();
    writeFileSync(join(folder, `${"long".repeat(50)}.txt`), "x");
    const page = await openPage(context, { colorScheme, bypassCSP: true, viewport: { width: 320, height: 600 } });
    await page.goto(url);
    await choose(page, ["a.txt", "hello"]);
    await uploadRow(page, "a.txt").getByText("uploaded and verified").waitFor();
    expect(await violationsOf(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  },
);

test("from the keyboard: a file is previewed and closed", LIMIT, async (context) => {
  const { url, folder } = await served();
  writeFileSync(join(folder, "a.txt"), "hello");
  const page = await openPage(context);
  await page.goto(url);
  await page.getByRole("button", { name: "Preview a.txt" }).focus();
  await page.keyboard.press("Enter");
  await page.locator("dialog pre").getByText("hello").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog pre").waitFor({ state: "detached" });
  expect(await page.evaluate("document.activeElement?.getAttribute('aria-label')")).toBe("Preview a.txt");
});

test("three uploads run at once, MAX_RUNNING; the others wait", LIMIT, async (context) => {
  const { url } = await served();
  const page = await openPage(context);
  await page.goto(url);
  let [held, isHeld] = [0, true];
  const waiting: (() => void)[] = [];
  await page.route("**/.uploads/*", async (route) => {
    if (route.request().method() === "PATCH" && isHeld) {
      held++;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    await route.continue();
  });
  const names = ["a", "b", "c", "d", "e"].map((name) => `${name}.txt`);
  await choose(page, ...names.map((name) => [name, "hello"] as const));
  await until(() => held === 3, "three requests");
  expect(await page.locator("#uploads li", { hasText: "waits" }).count()).toBe(2);
  isHeld = false;
  for (const goOn of waiting) goOn();
  for (const name of names) await uploadRow(page, name).getByText("uploaded and verified").waitFor();
});

test(
  "a server that never answers: twelve attempts, MAX_ATTEMPTS, from FIRST_WAIT_MS to MAX_WAIT_MS apart; then a button",
  LIMIT,
  async (context) => {
    const { url } = await served();
    const page = await openPage(context);
    await page.clock.install();
    await page.goto(url);
    let attempts = 0;
    let isDead = true;
    await page.route("**/.uploads/*", async (route) => {
      if (route.request().method() !== "PATCH" || !isDead) return await route.continue();
      attempts++;
      await route.abort("connectionreset");
    });
    await choose(page, ["a.txt", "hello"]);
    const again = page.getByRole("button", { name: "Try again a.txt" });
    while ((await again.count()) === 0) await page.clock.runFor(30_000);
    expect(attempts).toBe(12);
    isDead = false;
    await again.click();
    await uploadRow(page, "a.txt").getByText("uploaded and verified").waitFor();
  },
);

test("of a long text, the beginning is shown, MAX_PREVIEW_BYTES", LIMIT, async (context) => {
  const { url, folder } = await served();
  writeFileSync(join(folder, "a.txt"), "x".repeat(300_000));
  const page = await openPage(context);
  await page.goto(url);
  await page.getByRole("button", { name: "Preview a.txt" }).click();
  expect((await page.locator("dialog pre").textContent())?.length).toBe(256 * 1024);
});

test(
  "the browser remembers so many uploads, MAX_REMEMBERED_UPLOADS, and forgets the oldest",
  LIMIT,
  async (context) => {
    const { url } = await served();
    const page = await openPage(context);
    await page.goto(url);
    await page.evaluate("for (let at = 0; at < 210; at++) localStorage.setItem('sockwright-upload ' + at, at + ' /x')");
    await choose(page, ["a.txt", "hello"]);
    await uploadRow(page, "a.txt").getByText("uploaded and verified").waitFor();
    expect(await page.evaluate("Object.keys(localStorage).length")).toBe(199);
    expect(await page.evaluate("localStorage.getItem('sockwright-upload 10')")).toBeNull();
  },
);
