// What a site answers when no descriptor is free, so that it cannot tell which files exist.
import { expect, onTestFinished, test } from "vitest";
import { Fields } from "../../../src/http/fields.ts";
import { BUSY, FORBIDDEN, MISSING, type OpenFailure } from "../../../src/services/web/open-failure.ts";
import { ResourceCache } from "../../../src/services/web/resource-cache.ts";
import { openRoot } from "../../../src/services/web/root.ts";
import { Site } from "../../../src/services/web/site.ts";
import { manualClock } from "../../../src/testing.ts";
import { publicFolder } from "../../support/site-folder.ts";

const PAGES = {
  unknownNames: [],
  pageAt: () => undefined,
  isTemplate: () => false,
  templatesIn: () => () => false,
  expire: () => undefined,
};

/** Requests a path of a site in which only these files are found, and returns the status. */
async function statusOf(path: string, found: Readonly<Record<string, OpenFailure>>): Promise<number | undefined> {
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
  ["an index file", "/", { "index.htm": BUSY }, 503],
  ["the page of an app", "/page", { "app.html": BUSY }, 503],
  ["the 404 page", "/none.txt", { "404.html": BUSY }, 404],
  ["the unreadable page of an app", "/page", { "app.html": FORBIDDEN }, 404],
] as const)("the status if the site cannot open %s", async ([, path, found, status]) => {
  expect(await statusOf(path, found)).toBe(status);
});
