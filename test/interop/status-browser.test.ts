// The status page in Chromium.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { peerName } from "../../src/server/transport/peer-name.ts";
import { type Connection, connect } from "../../src/server.ts";
import { type StatusOptions, status } from "../../src/services/status/status.ts";
import { connectionOf, FakeOverview, histogramOf, serviceOf, statsOf } from "../behaviour/status/fake-overview.ts";
import { runningServices } from "../behaviour/status/running-services.ts";
import { BROWSER_TIMEOUT_MS, browserOfFile, complaintsOf, violationsOf } from "../support/browser.ts";
import { serving, urlOf } from "../support/serving.ts";
import { until } from "../support/until.ts";

const openPage = browserOfFile();

/** Samples are frequent, so that no test waits long for one. */
const OFTEN = { sampleIntervalMs: 250 };
/** No animation, and no more rows than a person reads. */
const STILL = { sampleIntervalMs: 60_000, maxRows: 20 };

function evaluated(page: Page, code: string): Promise<unknown> {
  return page.evaluate(code);
}

/** The page's policy forbids `waitForFunction`, so the test polls from outside. */
async function untilTrue(page: Page, code: string): Promise<void> {
  await expect.poll(() => evaluated(page, code), { timeout: BROWSER_TIMEOUT_MS / 2 }).toBe(true);
}

/** The page draws only the plots in view. */
async function firstPlot(page: Page): Promise<void> {
  await page.locator("figure").first().scrollIntoViewIfNeeded();
  await page.locator("figure canvas").first().waitFor();
}

/** Writes a picture for a person to look at. */
async function pictured(page: Page, name: string): Promise<void> {
  const folder = process.env["SOCKWRIGHT_SCREENSHOTS"];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `status-${name}.png`), fullPage: true });
}

async function live(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByRole("status").getByText("Live.").waitFor();
}

async function client(url: string): Promise<Connection> {
  const connection = await connect(url);
  onTestFinished(() => connection.abort());
  await connection.readUntil("\n");
  return connection;
}

/** Connects, sends a name and leaves, again and again until the test ends. */
function load(url: string, pageUrl: string): void {
  const over = new AbortController();
  const work = (async () => {
    while (!over.signal.aborted) {
      const connection = await connect(url);
      await connection.readUntil("\n");
      connection.write("Rose");
      await connection.readUntil("!");
      connection.abort();
      await (await fetch(pageUrl, { headers: { Connection: "close" } })).text();
    }
  })();
  onTestFinished(async () => {
    over.abort();
    await work;
  });
}

/** The pixels of the canvas of a figure. */
const drawnIn = (service: string, title: string): string =>
  `(document.querySelector('figure[data-subject="${service}"][data-key="${title}"] canvas')?.toDataURL() ?? "")`;

describe("the status page", { timeout: BROWSER_TIMEOUT_MS }, () => {
  test("shows plots that move under load, and tables of the same numbers", async (context) => {
    const { greeter, page: url, web } = await runningServices(OFTEN);
    const page = await openPage(context, { viewport: { width: 1_280, height: 900 } });
    const complaints = complaintsOf(page);
    await live(page, url);
    load(urlOf(greeter), urlOf(web));
    const accepted = page.getByRole("row", { name: /^accepted [1-9]/ }).first();
    await accepted.waitFor();
    await firstPlot(page);
    const before = await evaluated(page, drawnIn("service greet", "Per second"));
    expect(before).not.toBe("");
    await untilTrue(page, `${drawnIn("service greet", "Per second")} !== ${JSON.stringify(before)}`);
    for (const title of ["Connections", "Per second", "Bytes per second", "Connection duration"]) {
      const table = page.locator(`figure[data-subject="service greet"][data-key="${title}"] table`);
      expect(await table.getByRole("row").count()).toBeGreaterThan(1);
    }
    await page
      .locator('figure[data-subject="service pages"]')
      .getByRole("row", { name: /^requests [1-9]/ })
      .waitFor();
    await pictured(page, "load");
    expect(complaints).toEqual([]);
  });

  test("finds a connection, and closes it", async (context) => {
    const { greeter, page: url } = await runningServices(OFTEN);
    await Promise.all(Array.from({ length: 5 }, () => client(urlOf(greeter))));
    const page = await openPage(context);
    const complaints = complaintsOf(page);
    await live(page, url);
    const wanted = greeter.connections()[2]?.peer;
    const name = wanted === undefined ? "" : peerName(wanted);
    await page.getByRole("searchbox").fill(name);
    await page.getByText(/^1 of \d+ connections$/).waitFor();
    const row = page.getByRole("row", { name });
    expect(await row.count()).toBe(1);
    await row.getByRole("button", { name: `Close ${name}` }).click();
    await until(() => greeter.connections().length === 4, "the connection to be closed");
    await page.getByText(/^0 of \d+ connections$/).waitFor();
    expect(new URL(page.url()).searchParams.get("search")).toBe(name);
    expect(complaints).toEqual([]);
  });

  test("sorts rows by their headings, and keeps the focus when a row was closed", async (context) => {
    const fake = busyOverview();
    const page = await openPage(context);
    await live(page, await statusOf(fake));
    const first = page.locator(".connections tbody tr").first();
    const heading = page.getByRole("columnheader", { name: "Out" });
    await heading.getByRole("button").click();
    await page.locator("th[aria-sort=ascending]", { hasText: "Out" }).waitFor();
    expect(await first.getByRole("rowheader").textContent()).toBe("192.0.2.1:40000");
    await heading.getByRole("button").click();
    await page.locator("th[aria-sort=descending]", { hasText: "Out" }).waitFor();
    expect(await first.getByRole("rowheader").textContent()).toBe("[2001:db8::1234:5678]:249");
    expect(await page.locator("#found").textContent()).toBe(
      "250 connections, the first 200 are shown: search for the others",
    );
    // With the keyboard alone.
    await first.getByRole("button").focus();
    await page.keyboard.press("Enter");
    await until(() => fake.aborted.length === 1, "the connection to be closed");
    await first.getByRole("rowheader").getByText("[2001:db8::1234:5678]:248").waitFor();
    await untilTrue(
      page,
      `document.activeElement.getAttribute("aria-label") === "Close [2001:db8::1234:5678]:248 of greet"`,
    );
  });

  test("shows the names of others as text", async (context) => {
    const hostile = `"><img src=x onerror="ran = 1"><script>ran = 1</script>`;
    const fake = new FakeOverview();
    fake.serviceList = [
      serviceOf({
        name: hostile,
        state: "failed",
        error: hostile,
        urls: ["javascript:ran = 1", `http://127.0.0.1:1/${hostile}`],
        stats: [statsOf()],
        limits: [{ name: hostile, limit: 1, used: 1 }],
      }),
    ];
    fake.alarmList = [{ services: [hostile], connectionsActive: 9, raiseAt: 8, sinceMs: 0 }];
    fake.connectionList = [connectionOf({ service: hostile, peer: { path: `/tmp/${hostile}\u202etxt` } })];
    const page = await openPage(context);
    const complaints = complaintsOf(page);
    await live(page, await statusOf(fake));
    await firstPlot(page);
    expect(await page.getByRole("rowheader", { name: hostile }).first().textContent()).toBe(hostile);
    await page.getByRole("searchbox").fill(hostile);
    await page.getByText("1 connection", { exact: true }).waitFor();
    await page.getByRole("button", { name: /^Close \/tmp/ }).hover();
    expect(await evaluated(page, `[typeof ran, document.querySelectorAll("img, body script").length]`)).toEqual([
      "undefined",
      0,
    ]);
    expect(complaints).toEqual([]);
  });

  test("reports that the server is gone, and continues when it is back", async (context) => {
    const fake = busyOverview();
    const server = await serving(status(fake, OFTEN), {}, "http://127.0.0.1:0");
    const url = urlOf(server);
    const page = await openPage(context);
    await live(page, url);
    await firstPlot(page);
    // An open page does not keep a server from closing.
    expect(await server.close({ graceMs: 60_000 })).toMatchObject({ aborted: 0 });
    await page.getByText("The server has not answered since").waitFor();
    await pictured(page, "gone");
    await serving(status(fake, OFTEN), {}, url);
    await page.getByRole("status").getByText("Live.").waitFor();
  });

  test("asks for the token once", async (context) => {
    const fake = busyOverview();
    const token = "correct-horse-battery-staple";
    const page = await openPage(context);
    await page.goto(await statusOf(fake, { tokenFile: fileWith(token) }));
    await page.getByLabel("Token").fill("wrong-horse-battery-staple");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").getByText("The token is wrong").waitFor();
    await pictured(page, "login");
    await page.getByLabel("Token").fill(token);
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Live.").waitFor();
    await page.reload();
    await page.getByRole("status").getByText("Live.").waitFor();
    expect(await evaluated(page, "document.cookie")).toBe("");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Token").waitFor();
  });

  test("works without scripts", async (context) => {
    const { greeter, page: url } = await runningServices(OFTEN);
    await Promise.all(Array.from({ length: 5 }, () => client(urlOf(greeter))));
    const page = await openPage(context, { javaScriptEnabled: false });
    const complaints = complaintsOf(page);
    await page.goto(url);
    await page.getByRole("row", { name: /^max-connections 5 1,000|^greet max-connections 5 1,000/ }).waitFor();
    await page.getByRole("searchbox").fill("greet");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText(/^5 of \d+ connections$/).waitFor();
    await page.getByRole("columnheader", { name: "Peer" }).getByRole("button").click();
    await page.locator("th[aria-sort=ascending]", { hasText: "Peer" }).waitFor();
    await pictured(page, "without-scripts");
    await page
      .getByRole("button", { name: /^Close 127/ })
      .first()
      .click();
    await page.getByText(/^4 of \d+ connections$/).waitFor();
    expect(greeter.connections().length).toBe(4);
    expect(complaints).toEqual([]);
  });

  describe.for(["light", "dark"] as const)("in the %s", (colorScheme) => {
    test("passes axe", async (context) => {
      const page = await openPage(context, { colorScheme, bypassCSP: true, viewport: { width: 1_280, height: 900 } });
      const fake = busyOverview();
      await live(page, await statusOf(fake, STILL));
      await firstPlot(page);
      expect(await violationsOf(page)).toEqual([]);
      await pictured(page, colorScheme);
    });

    test("passes axe with the form for the token", async (context) => {
      const page = await openPage(context, { colorScheme, bypassCSP: true });
      await page.goto(await statusOf(busyOverview(), { tokenFile: fileWith("correct-horse-battery-staple") }));
      expect(await violationsOf(page)).toEqual([]);
    });

    test("fits the width of a phone", async (context) => {
      const page = await openPage(context, { colorScheme, viewport: { width: 360, height: 640 } });
      await live(page, await statusOf(busyOverview(), STILL));
      await firstPlot(page);
      expect(await evaluated(page, "document.documentElement.scrollWidth")).toBe(360);
      // Each number of a row is visible, and so is the button that closes the connection.
      const button = await page.getByRole("button", { name: "Close" }).first().boundingBox();
      expect((button?.x ?? 0) + (button?.width ?? 0)).toBeLessThanOrEqual(360);
      await pictured(page, `phone-${colorScheme}`);
    });
  });

  test("is drawn again when the colour scheme changes", async (context) => {
    const fake = busyOverview();
    const page = await openPage(context, { colorScheme: "light" });
    // What the page draws after the change has the new colours.
    await live(page, await statusOf(fake, STILL));
    await firstPlot(page);
    const light = await evaluated(page, drawnIn("service greet", "Connections"));
    await page.emulateMedia({ colorScheme: "dark" });
    await untilTrue(page, `![${JSON.stringify(light)}, ""].includes(${drawnIn("service greet", "Connections")})`);
  });
});

/** Opens a page of the overview on a listener of its own. */
async function statusOf(overview: FakeOverview, options: StatusOptions = {}): Promise<string> {
  return urlOf(await serving(status(overview, { ...OFTEN, ...options }), {}, "http://127.0.0.1:0"));
}

function fileWith(token: string): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-status-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "token");
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  return path;
}

/** An overview with an example of everything that the page can show. */
function busyOverview(): FakeOverview {
  const fake = new FakeOverview();
  const stats = statsOf({
    connectionsActive: 250,
    connectionsAccepted: 12_345,
    connectionsRefused: { ...statsOf().connectionsRefused, "max-connections": 17, "accept-rate-per-address": 4 },
    datagramsReceived: 8,
  });
  fake.serviceList = [
    serviceOf({
      urls: ["tcp://127.0.0.1:8000", "udp://127.0.0.1:9000"],
      stats: [stats],
      limits: [
        { name: "max-connections", limit: 260, used: 250 },
        { name: "max-connections-per-address", limit: 200, used: undefined },
      ],
    }),
    serviceOf({
      name: "site",
      urls: ["http://127.0.0.1:8080/", "https://status.example.org:8443/"],
      requests: {
        answered: 70_000,
        failed: 3,
        bytesSent: 5_000_000_000,
        durationMs: histogramOf([1, 10, 100], [0.5, 5, 50]),
      },
    }),
    serviceOf({ name: "clock", state: "failed", error: "Cannot find module ./clock.mjs", urls: ["unix:clock.sock"] }),
    serviceOf({ name: "chat", state: "draining", stats: [statsOf()], urls: ["tcp://[::1]:7000"] }),
  ];
  fake.listenerList = [{ url: "http://127.0.0.1:8080", services: ["site", "status"], stats: statsOf(), limits: [] }];
  fake.alarmList = [{ services: ["greet"], connectionsActive: 250, raiseAt: 240, sinceMs: Date.UTC(2026, 11, 1) }];
  fake.connectionList = Array.from({ length: 250 }, (_, place) =>
    connectionOf({
      id: place + 1,
      peer:
        place < 200
          ? { host: `192.0.2.${place + 1}`, port: 40_000 + place }
          : { host: "2001:db8::1234:5678", port: place },
      openedAt: new Date(Date.now() - place * 100_000),
      bytesRead: place * 1_000,
      bytesWritten: (place + 1) * 1_000_000,
    }),
  );
  return fake;
}
