// What a site answers while no descriptor is free, and it cannot tell what is there.
import { expect, onTestFinished, test } from "vitest";
import { Fields } from "../../../src/http/fields.ts";
import { ResourceCache } from "../../../src/services/web/resource-cache.ts";
import { openRoot } from "../../../src/services/web/root.ts";
import { Site } from "../../../src/services/web/site.ts";
import { BUSY, FORBIDDEN, MISSING, type Unopened } from "../../../src/services/web/unopened.ts";
import { manualClock } from "../../../src/testing.ts";
import { publicFolder } from "../../support/site-folder.ts";

const PAGES = {
  unknownNames: [],
  pageAt: () => undefined,
  isTemplate: () => false,
  templatesIn: () => () => false,
  expire: () => undefined,
};

/** The status of what is asked for where nothing is there but these. */
async function statusOf(path: string, found: Readonly<Record<string, Unopened>>): Promise<number | undefined> {
  const clock = manualClock();
  const load = (file: string) => Promise.resolve(found[file] ?? MISSING);
  const cache = new ResourceCache(load, { maxBytes: 0, maxDescriptors: 0 }, clock);
  const site = new Site(await openRoot(publicFolder()), cache, PAGES, undefined, {
    index: ["index.html", "index.htm"],
    listing: false,
    spa: "app.html",
    notFound: "404.html",
    dotfiles: "hidden",
    headers: [],
  });
  onTestFinished(() => site.close());
  const request = { method: "GET", path, rawQuery: undefined, headers: Fields.none, address: undefined };
  return (await site.answer(request)).status;
}

test.for([
  ["the file", "/file.txt", { "file.txt": BUSY }, 503],
  ["a file of an index", "/", { "index.htm": BUSY }, 503],
  ["the page of an application", "/page", { "app.html": BUSY }, 503],
  ["no more than a page for what is missing", "/none.txt", { "404.html": BUSY }, 404],
  ["the page of an application, which may not be read", "/page", { "app.html": FORBIDDEN }, 404],
] as const)("it cannot be told of %s", async ([, path, found, status]) => {
  expect(await statusOf(path, found)).toBe(status);
});
