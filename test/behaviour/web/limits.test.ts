// What a site keeps in memory is limited, whatever clients request.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Fields } from "../../../src/http/fields.ts";
import { MAX_RELOADERS } from "../../../src/services/web/live-reload.ts";
import { openSite } from "../../../src/services/web/open-site.ts";
import { RENEW_AFTER_MS } from "../../../src/services/web/resource-cache.ts";
import type { SiteRequest } from "../../../src/services/web/site.ts";
import {
  MAX_KEPT_PAGE_BYTES,
  MAX_KEPT_PAGES,
  MAX_KEPT_VALUES_LENGTH,
} from "../../../src/services/web/template-page.ts";
import { web } from "../../../src/services/web/web.ts";
import { WEB_OPTIONS, type WebOptions } from "../../../src/services/web/web-options.ts";
import { manualClock } from "../../../src/testing.ts";
import { connected } from "../../support/connected.ts";
import { serving } from "../../support/serving.ts";
import { unhandled } from "../../support/unhandled.ts";
import { until } from "../../support/until.ts";
import { folderWith } from "./site.ts";

async function opened(files: Record<string, string>, options: WebOptions = {}) {
  const site = await openSite(folderWith(files), WEB_OPTIONS.check("web()", options));
  return { site, [Symbol.dispose]: () => site.close() };
}

function get(path: string, rawQuery?: string): SiteRequest {
  return { method: "GET", path, rawQuery, headers: Fields.none, address: "127.0.0.1" };
}

test("the newest 64 pages of a template are kept; large pages and pages of long values are not", async () => {
  const template = "<p>{{query.text}}</p>{{#each large}}xxxxxxxxxxxxxxxx{{/each}}";
  using opening = await opened({ a: template }, { routes: { "/a": "a", "/b": "a" } });
  const { site } = opening;
  const page = (text: string) => site.answer(get("/a", `text=${text}`));
  const [first, second] = [page("0"), page("1")];
  expect([page("0"), page("1")]).toEqual([first, second]);
  for (let count = 2; count <= MAX_KEPT_PAGES; count++) void page(`${count}`);
  expect(page("1")).toBe(second);
  expect(page("0")).not.toBe(first);
  const long = "x".repeat(MAX_KEPT_VALUES_LENGTH);
  expect(page(long)).not.toBe(page(long));
  const large = Array.from({ length: MAX_KEPT_PAGE_BYTES / 16 }, () => "");
  using other = await opened({ a: template }, { routes: { "/a": "a" }, vars: { large } });
  expect(other.site.answer(get("/a", "text=1"))).not.toBe(other.site.answer(get("/a", "text=1")));
});

test("MAX_RELOADERS pages can wait for a change, and one more gets 503", async () => {
  using opening = await opened({ a: "a" }, { watch: true });
  const ask = async () =>
    (await opening.site.answer(get("/.sockwright/reload"))) as { status?: number; body?: AsyncIterable<string> };
  const waiting = [];
  for (let count = 0; count < MAX_RELOADERS; count++) waiting.push(await ask());
  expect((await ask()).status).toBe(503);
  await waiting[0]?.body?.[Symbol.asyncIterator]().return?.();
  expect((await ask()).status).toBeUndefined();
});

test("a hook that throws or rejects for an unreadable template does no harm, and its error is published", async () => {
  const clock = manualClock();
  for (const onError of [() => Promise.reject(new Error("full")), thrower]) {
    const folder = folderWith({ a: "<p>1</p>" });
    const settings = WEB_OPTIONS.check("web()", { routes: { "/a": "a" }, onError });
    const site = await openSite(folder, settings, clock);
    const published: unknown[] = [];
    const listen = (message: unknown): unknown => published.push(message);
    subscribe("sockwright:server:error", listen);
    writeFileSync(`${folder}/a`, "{{");
    const unheard = await unhandled(async () => {
      clock.advance(RENEW_AFTER_MS);
      void site.answer(get("/a"));
      await until(() => published.length > 0, "the hook was called");
    });
    unsubscribe("sockwright:server:error", listen);
    expect([unheard, published]).toEqual([[], [expect.objectContaining({ hook: "onError", service: "web" })]]);
    site.close();
  }
});

function thrower(): never {
  throw new Error("full");
}

test("a failing access log does not keep another hook from being called, and its error is reported", async () => {
  const told: number[] = [];
  const errors: unknown[] = [];
  const service = web(folderWith({ a: "a" }), {
    accessLog: thrower,
    http: { onExchange: ({ status }) => told.push(status) },
  });
  const server = await serving(service, { onError: (error) => errors.push(error) });
  const client = await connected(server);
  client.write("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  for await (const _ of client);
  await until(() => errors.length > 0, "the failure was reported");
  expect([told, errors.map(String)]).toEqual([[200], ["Error: full"]]);
});

test("a site is closed if its last server stops while the site opens", async () => {
  const service = web(folderWith({ a: "a" }));
  const before = readdirSync("/proc/self/fd").length;
  const starting = service.start?.();
  await service.stop?.();
  await starting;
  await until(() => readdirSync("/proc/self/fd").length === before, "the root was closed");
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});
