// What a site keeps has an end, whatever is asked for.
import { expect, test } from "vitest";
import { Fields } from "../../../src/http/fields.ts";
import { MAX_RELOADERS } from "../../../src/services/web/live-reload.ts";
import { openSite } from "../../../src/services/web/open-site.ts";
import type { SiteRequest } from "../../../src/services/web/site.ts";
import {
  MAX_KEPT_PAGE_BYTES,
  MAX_KEPT_PAGES,
  MAX_KEPT_VALUES_LENGTH,
} from "../../../src/services/web/template-page.ts";
import { WEB_OPTIONS, type WebOptions } from "../../../src/services/web/web-options.ts";
import { folderWith } from "./site.ts";

async function opened(files: Record<string, string>, options: WebOptions = {}) {
  const site = await openSite(folderWith(files), WEB_OPTIONS.check("web()", options));
  return { site, [Symbol.dispose]: () => site.close() };
}

function get(path: string, rawQuery?: string): SiteRequest {
  return { method: "GET", path, rawQuery, headers: Fields.none, address: "127.0.0.1" };
}

test("pages of a template: the oldest of 64 goes, and neither large pages nor long values are kept", async () => {
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

test("pages that wait for a change: one more is told to come again", async () => {
  using opening = await opened({ a: "a" }, { watch: true });
  const ask = async () =>
    (await opening.site.answer(get("/.sockwright/reload"))) as { status?: number; body?: AsyncIterable<string> };
  const waiting = [];
  for (let count = 0; count < MAX_RELOADERS; count++) waiting.push(await ask());
  expect((await ask()).status).toBe(503);
  await waiting[0]?.body?.[Symbol.asyncIterator]().return?.();
  expect((await ask()).status).toBeUndefined();
});
