// The web server with Chromium.
import { readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { describe, expect, type TestContext, test } from "vitest";
import type { HttpExchange } from "../../src/http.ts";
import type { WebOptions } from "../../src/services/web/web.ts";
import { type ServedSite, served } from "../behaviour/web/site.ts";
import { breakingRelay } from "../support/breaking-relay.ts";
import { BROWSER_TIMEOUT_MS, browserOfFile, complaintsOf, violationsOf } from "../support/browser.ts";
import { echoingPages } from "../support/echoing-pages.ts";
import { serving, urlOf } from "../support/serving.ts";
import { until } from "../support/until.ts";

const openPage = browserOfFile();

/** An address that browsers treat as secure, so that they allow service workers. */
function site(files: Readonly<Record<string, string | Uint8Array>>, options?: WebOptions): Promise<ServedSite> {
  return served(files, options, "http://127.0.0.1:0");
}

describe("a listing", { timeout: BROWSER_TIMEOUT_MS }, () => {
  /** A name with right-to-left text would reverse what follows it. */
  const RIGHT_TO_LEFT = "\u05d0\u05d1\u05d2 \u202etxt.exe";
  const NAMES = ["<b>.txt", "a b%.txt", "javascript:alert(1)", RIGHT_TO_LEFT, "\u00fc.txt", `${"long".repeat(50)}.txt`];
  const FILES = Object.fromEntries([
    ["folder #1?/in it.txt", "in it"],
    ...NAMES.map((name, place) => [name, `${place}`.repeat(place + 1)] as const),
  ]);

  async function listed(): Promise<string> {
    const { url, folder } = await site(FILES, { listing: true });
    // All files have one date: sorted by time, they are in the order of their names.
    for (const name of NAMES) utimesSync(join(folder, name), 1_000, 1_000);
    return url;
  }

  const shown = (page: Page): Promise<string[]> => page.locator("tbody a").allTextContents();

  test.for([true, false])("shows all names unchanged, with a link to each: JavaScript %s", async (script, context) => {
    const url = await listed();
    const page = await openPage(context, { javaScriptEnabled: script });
    const complaints = complaintsOf(page);
    await page.goto(url);
    expect(await shown(page)).toEqual(["folder #1?/", ...NAMES.toSorted()]);
    for (const [place, name] of NAMES.entries()) {
      await page.goto(url);
      const link = page.getByRole("link", { name, exact: true });
      expect(await contentBehind(page, link, name.endsWith(".txt"))).toBe(`${place}`.repeat(place + 1));
    }
    expect(complaints).toEqual([]);
  });

  /** The request for a file that the browser displays, or downloads because its type is unknown. */
  async function contentBehind(page: Page, link: Locator, isShown: boolean): Promise<string | null> {
    if (isShown) {
      const list = page.url();
      await link.click();
      await page.waitForURL((url) => url.href !== list);
      return page.locator("body").textContent();
    }
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    return readFileSync(await download.path(), "utf8");
  }

  test("is sorted by its headings, and leads into folders and back", async (context) => {
    const url = await listed();
    const page = await openPage(context);
    await page.goto(url);
    const column = (name: string): Locator => page.getByRole("columnheader", { name });
    await column("Size").getByRole("link").click();
    await expectSorted(page, "Size", "ascending");
    expect(await shown(page)).toEqual(["folder #1?/", ...NAMES]);
    await column("Size").getByRole("link").click();
    await expectSorted(page, "Size", "descending");
    expect(await shown(page)).toEqual(["folder #1?/", ...NAMES.toReversed()]);
    await page.getByRole("link", { name: "folder #1?/" }).click();
    await page.getByRole("heading", { name: "Index of /folder #1?/" }).waitFor();
    expect(await shown(page)).toEqual(["in it.txt"]);
    await page.getByRole("link", { name: "Parent folder" }).click();
    await page.getByRole("heading", { name: "Index of /", exact: true }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Index of /folder #1?/" }).waitFor();
  });

  async function expectSorted(page: Page, name: string, direction: string): Promise<void> {
    await page.locator(`th[aria-sort=${direction}]`, { hasText: name }).waitFor();
  }

  test("fits the width of a phone", async (context) => {
    const page = await openPage(context, { viewport: { width: 360, height: 640 } });
    await page.goto(await listed());
    expect(await evaluated(page, "document.documentElement.scrollWidth")).toBe(360);
  });

  test.for(["light", "dark"] as const)("passes axe: %s", async (colorScheme, context) => {
    const page = await openPage(context, { colorScheme, bypassCSP: true });
    await page.goto(await listed());
    expect(await evaluated(page, `matchMedia("(prefers-color-scheme: ${colorScheme})").matches`)).toBe(true);
    expect(await violationsOf(page)).toEqual([]);
  });

  test("runs no script", async (context) => {
    const page = await openPage(context);
    const complaints = complaintsOf(page);
    await page.goto(await listed());
    await evaluated(page, `document.body.append(Object.assign(document.createElement("script"), { text: "ran = 1" }))`);
    expect(await evaluated(page, "typeof ran")).toBe("undefined");
    expect(complaints).toEqual([expect.stringContaining("Content Security Policy")]);
  });
});

describe("Chromium", { timeout: BROWSER_TIMEOUT_MS }, () => {
  test("seeks in a sound with range requests", async (context) => {
    const exchanges: HttpExchange[] = [];
    const lines: string[] = [];
    const { url } = await site(
      { "index.html": `<!DOCTYPE html><audio src="sound.wav" preload="metadata"></audio>`, "sound.wav": soundOf(300) },
      {
        accessLog: (line) => lines.push(line),
        accessLogFormat: "json",
        http: { onExchange: (exchange) => exchanges.push(exchange) },
      },
    );
    const page = await openPage(context);
    await page.goto(url);
    const at = await evaluated(
      page,
      `new Promise((resolve, reject) => {
        const audio = document.querySelector("audio");
        audio.onerror = () => reject(audio.error);
        audio.onseeked = () => resolve([audio.duration, audio.currentTime]);
        const seek = () => { audio.currentTime = 290; };
        if (audio.readyState > 0) seek();
        else audio.onloadedmetadata = seek;
      })`,
    );
    expect(at).toEqual([300, 290]);
    const isLate = ({ request }: HttpExchange): boolean =>
      !/^bytes=0-/.test(request?.headers.get("Range") ?? "bytes=0-");
    await until(() => exchanges.some(isLate), "the end of a request for a late part");
    expect(exchanges.filter(isLate).map(({ status }) => status)).toContain(206);
    const logged = lines.map((line) => JSON.parse(line) as { target: string; status: number });
    const statuses = logged.filter(({ target }) => target === "/sound.wav").map(({ status }) => status);
    expect(statuses.filter((status) => status === 206).length).toBeGreaterThan(1);
    // Chromium may revalidate what it has, but never requests the whole file.
    expect(statuses).not.toContain(200);
  });

  describe("a download that breaks off", () => {
    const [CONTENT, NEW_CONTENT] = [Buffer.alloc(3_000_000, "the first"), Buffer.alloc(2_000_000, "another one")];

    interface Download {
      readonly content: Buffer;
      /** The fields of the request for the rest. */
      readonly range: string;
      readonly condition: string | null;
      readonly status: number;
      readonly bodyBytes: number;
      /** The content of the file at first. */
      readonly etag: string | undefined;
    }

    /** A browser resumes a download that ended too early, but not one that was reset. */
    async function downloaded(
      context: TestContext,
      meanwhile?: (site: ServedSite) => Promise<void>,
    ): Promise<Download> {
      const exchanges: HttpExchange[] = [];
      const to = await site(
        { "index.html": `<!DOCTYPE html><a href="file.bin">a file</a>`, "file.bin": CONTENT },
        { http: { onExchange: (exchange) => exchanges.push(exchange) } },
      );
      const etag = await etagOf(to);
      const page = await openPage(context);
      await page.goto(
        await breakingRelay(to.url, { breakAfterBytes: CONTENT.length / 2, meanwhile: async () => meanwhile?.(to) }),
      );
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link").click()]);
      const content = readFileSync(await download.path());
      const isForTheRest = ({ request }: HttpExchange): boolean => request?.headers.has("Range") === true;
      await until(() => exchanges.some(isForTheRest), "the end of the request for the rest");
      const [resumed, ...more] = exchanges.filter(isForTheRest);
      expect(more).toEqual([]);
      const { request, status = 0, bodyBytes = 0 } = resumed ?? {};
      const [range, condition] = [request?.headers.get("Range") ?? "", request?.headers.get("If-Range") ?? null];
      return { content, range, condition, status, bodyBytes, etag };
    }

    async function etagOf(to: ServedSite): Promise<string | undefined> {
      return (await to.ask("/file.bin", {}, "HEAD")).fields.get("etag");
    }

    test("is resumed where it broke off", async (context) => {
      const { content, range, condition, status, bodyBytes, etag } = await downloaded(context);
      const first = Number(/^bytes=([1-9]\d*)-$/.exec(range)?.[1]);
      expect([status, condition, bodyBytes]).toEqual([206, etag, CONTENT.length - first]);
      expect(content.equals(CONTENT)).toBe(true);
    });

    test("starts again with the new file when the file has changed", async (context) => {
      const { content, range, condition, status, bodyBytes, etag } = await downloaded(context, async (to) => {
        const path = join(to.folder, "file.bin");
        writeFileSync(`${path}.new`, NEW_CONTENT);
        renameSync(`${path}.new`, path);
        // The server may keep the old file for one more second.
        for (const old = await etagOf(to); (await etagOf(to)) === old; );
      });
      expect(range).toMatch(/^bytes=[1-9]\d*-$/);
      expect([status, condition, bodyBytes]).toEqual([200, etag, NEW_CONTENT.length]);
      expect(content.equals(NEW_CONTENT)).toBe(true);
    });
  });

  test("executes no part of a query", async (context) => {
    const { url } = await site(
      { "page.html": `<!DOCTYPE html><title>{{query.q}}</title><p id="p" title="{{query.q}}">{{query.q}}</p>` },
      { routes: { "/page": "page.html" } },
    );
    const page = await openPage(context);
    const complaints = complaintsOf(page);
    for (const hostile of [`"><script>ran = 1</script>`, `' onmouseover=ran=1 x='`, `<img src=x onerror="ran = 1">`]) {
      await page.goto(`${url}/page?q=${encodeURIComponent(hostile)}`);
      expect(await page.title()).toBe(hostile);
      expect(await page.locator("p").textContent()).toBe(hostile);
      expect(await page.locator("p").getAttribute("title")).toBe(hostile);
      await page.locator("p").hover();
      expect(await evaluated(page, `[typeof ran, document.querySelectorAll("script, img").length]`)).toEqual([
        "undefined",
        0,
      ]);
    }
    expect(complaints).toEqual([]);
  });

  test("reloads a page when its file changes", async (context) => {
    const { url, folder } = await site({ "index.html": "<!DOCTYPE html><p>one</p>" }, { watch: true });
    const page = await openPage(context);
    const listens = (): Promise<unknown> =>
      page.waitForResponse((response) => response.url().startsWith(`${url}/.sockwright/reload?`));
    const listening = listens();
    await page.goto(url);
    await listening;
    expect(await page.locator("p").textContent()).toBe("one");
    for (const text of ["two", "three"]) {
      const next = listens();
      writeFileSync(join(folder, "index.new"), `<!DOCTYPE html><p>${text}</p>`);
      renameSync(join(folder, "index.new"), join(folder, "index.html"));
      await page.getByText(text).waitFor();
      await next;
    }
  });

  test("shows a site from a service worker when the server is gone", async (context) => {
    const { url, server } = await site({
      "index.html": `<!DOCTYPE html><p>here</p><script src="page.js"></script>`,
      "page.js": `navigator.serviceWorker.register("sw.js");`,
      "sw.js": `
        addEventListener("install", (event) => {
          event.waitUntil(caches.open("site").then((cache) => cache.addAll(["/", "/page.js"])).then(() => skipWaiting()));
        });
        addEventListener("activate", (event) => event.waitUntil(clients.claim()));
        addEventListener("fetch", (event) => event.respondWith(caches.match(event.request)));`,
    });
    const page = await openPage(context);
    await page.goto(url);
    await page.waitForFunction("navigator.serviceWorker.controller?.state === 'activated'");
    await server.close({ graceMs: 0 });
    await page.reload();
    expect(await page.locator("p").textContent()).toBe("here");
    expect(await evaluated(page, `fetch("/page.js").then((answer) => answer.text())`)).toContain("register");
  });

  test("uses ws beside the pages of the same listener", async (context) => {
    const server = await serving(echoingPages(), {}, "http://127.0.0.1:0");
    const page = await openPage(context);
    await page.goto(urlOf(server));
    expect(await page.locator("p").textContent()).toBe("plain");
    const said = await evaluated(
      page,
      `new Promise((resolve, reject) => {
        const bytes = Uint8Array.from({ length: 1024 * 1024 }, (_, place) => place * 7);
        const said = [];
        const socket = new WebSocket(location.href.replace("http:", "ws:"));
        socket.binaryType = "arraybuffer";
        socket.onerror = () => reject(new Error("the socket failed"));
        socket.onopen = () => socket.send("gr\u00fc\u00df \u{1f600}");
        socket.onmessage = ({ data }) => {
          if (typeof data === "string") {
            said.push(data);
            socket.send(bytes);
          } else {
            const back = new Uint8Array(data);
            said.push(back.length, back.every((byte, place) => byte === bytes[place]));
            socket.send("close");
          }
        };
        socket.onclose = ({ code, reason, wasClean }) => resolve([...said, code, reason, wasClean]);
      })`,
    );
    expect(said).toEqual(["gr\u00fc\u00df \u{1f600}", 1024 * 1024, true, 4_000, "enough", true]);
  });
});

/** A tone with one byte per sample as a WAV file: RIFF, the format, the samples. */
function soundOf(seconds: number): Buffer {
  const rate = 44_100;
  const head = Buffer.alloc(44);
  const samples = Buffer.alloc(seconds * rate, Buffer.from([0, 64, 128, 192, 255, 192, 128, 64]));
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** Evaluates an expression in the page. A function would need the DOM's types, which the sources do without. */
function evaluated(page: Page, expression: string): Promise<unknown> {
  return page.evaluate<unknown, undefined>(expression, undefined);
}
