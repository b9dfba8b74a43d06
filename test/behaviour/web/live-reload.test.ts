// Pages that reload while their author edits them.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Fields } from "../../../src/http/fields.ts";
import { connect } from "../../../src/server.ts";
import { SETTLE_MS } from "../../../src/services/web/live-reload.ts";
import { openSite } from "../../../src/services/web/open-site.ts";
import { RENEW_AFTER_MS } from "../../../src/services/web/resource-cache.ts";
import { web } from "../../../src/services/web/web.ts";
import { WEB_OPTIONS, type WebOptions } from "../../../src/services/web/web-options.ts";
import { manualClock } from "../../../src/testing.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";
import { allOf, folderWith, served } from "./site.ts";

/** Longer than any test waits. */
const LONG_MS = 1_000_000;
const SCRIPT = '\n<script src="/.sockwright/reload.js" defer></script>\n';

test("a page has the script, and gets an event when a change has settled", async () => {
  const site = await served({ "a.html": "<p>one</p>", "b.css": "b" }, { watch: true });
  const { body, fields } = await site.ask("/a.html");
  expect(String(body)).toBe(`<p>one</p>${SCRIPT}`);
  expect(fields.get("content-length")).toBe(`${body.length}`);
  expect(await site.text("/b.css")).toBe("200 b");
  expect(await site.text("/.sockwright/reload.js")).toContain("EventSource");
  const client = await site.connected();
  client.write("GET /.sockwright/reload HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n");
  await client.readUntil("retry: 500\n\n", { maxBytes: 1_000 });
  writeFileSync(join(site.folder, "a.html"), "<p>two</p>");
  expect(String(await allOf(client))).toContain("data: changed\n\n");
  expect(await site.text("/a.html")).toBe(`200 <p>two</p>${SCRIPT}`);
});

test("the script and the events have the headers of all answers", async () => {
  const site = await served({}, { watch: true, headers: { "X-Own": "1" } });
  for (const path of ["/.sockwright/reload.js", "/.sockwright/reload"]) {
    const client = await site.connected();
    client.write(`GET ${path} HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n`);
    const head = String(await client.readUntil("\r\n\r\n", { maxBytes: 1_000 }));
    expect(head).toContain("X-Own: 1\r\n");
    expect(head).toContain("X-Content-Type-Options: nosniff\r\n");
    client.abort();
  }
});

test("a page that waits for a change does not keep the server from closing", async () => {
  const server = await serving(web(folderWith({}), { watch: true }));
  const client = await connect(urlOf(server));
  client.write("GET /.sockwright/reload HTTP/1.1\r\nHost: site\r\n\r\n");
  await client.readUntil("retry: 500\n\n", { maxBytes: 1_000 });
  const rest = allOf(client);
  expect(await server.close({ graceMs: LONG_MS })).toEqual({ aborted: 0, unfinished: 0 });
  expect(String(await rest)).not.toContain("data:");
  client.abort();
});

test("without `watch` there is neither the script nor its path", async () => {
  const site = await served({ "a.html": "<p>one</p>" });
  expect(await site.text("/a.html")).toBe("200 <p>one</p>");
  expect(await site.text("/.sockwright/reload")).toMatch(/^404/);
});

/** A watched site on the test's clock: only a change of its files sets a timer. */
async function watched(files: Readonly<Record<string, string>>, options: WebOptions = {}) {
  const clock = manualClock();
  const folder = folderWith(files);
  const site = await openSite(folder, WEB_OPTIONS.check("web()", { watch: true, ...options }), clock);
  onTestFinished(() => site.close());
  const answer = async (path: string, rawQuery?: string) =>
    site.answer({ method: "GET", path, rawQuery, headers: Fields.none, address: undefined });
  const text = async (path: string): Promise<string> => {
    const { body } = await answer(path);
    return String(body);
  };
  /** Collects the events that a page of this age receives, as they arrive. */
  const events = async (pageAgeMs: number): Promise<string[]> => {
    const { body } = await answer("/.sockwright/reload", `${pageAgeMs}`);
    const told: string[] = [];
    void (async () => {
      for await (const event of body as AsyncIterable<string>) told.push(event);
      told.push("end");
    })();
    await until(() => told.length > 0, "the first event");
    return told;
  };
  /** Replaces a file by a rename, as editors do, and waits until the site has noticed it. */
  const write = async (name: string, content: string): Promise<void> => {
    writeFileSync(join(folder, `${name}.new`), content);
    renameSync(join(folder, `${name}.new`), join(folder, name));
    clock.advance(1);
    await until(() => clock.nextDueMs === clock.now() + SETTLE_MS, `the change of ${name} to be heard of`);
  };
  return { clock, text, events, write };
}

const TOLD = ["retry: 500\n\n", "data: changed\n\n", "end"];

test("after a change no old content is sent, and pages get the event when it has settled: files, pages, listings", async () => {
  const { clock, text, events, write } = await watched(
    { "a.html": "one", page: "{{> part}}", part: "one" },
    { listing: true, routes: { "/page": "page" } },
  );
  const all = () => Promise.all(["/a.html", "/page"].map(text));
  expect(await all()).toEqual([`one${SCRIPT}`, `one${SCRIPT}`]);
  const told = await events(0);
  for (const content of ["two", "three"]) {
    await write("part", content);
    await write("a.html", content);
    expect(await all()).toEqual([`${content}${SCRIPT}`, `${content}${SCRIPT}`]);
    clock.advance(SETTLE_MS - 2);
    await turn(10);
    expect(told).toEqual(TOLD.slice(0, 1));
  }
  await write("b.txt", "b");
  expect(await text("/")).toContain("b.txt");
  clock.advance(SETTLE_MS);
  await until(() => told.length === TOLD.length, "the page to be told");
  expect(told).toEqual(TOLD);
});

test("a page that was requested before a change, and waits only after it, gets the event at once", async () => {
  const { clock, events, write } = await watched({ "a.html": "one" });
  clock.advance(RENEW_AFTER_MS);
  await write("a.html", "two");
  // But not before the change has settled.
  const early = await events(1);
  await turn(10);
  expect(early).toEqual(TOLD.slice(0, 1));
  clock.advance(SETTLE_MS);
  const [late, behind, unknown] = [await events(SETTLE_MS + 1), await events(SETTLE_MS), await events(Number.NaN)];
  await until(() => early.length + late.length === 2 * TOLD.length, "both to be told");
  expect([early, late, behind, unknown]).toEqual([TOLD, TOLD, TOLD.slice(0, 1), TOLD.slice(0, 1)]);
});
