import { describe, expect, test } from "vitest";
import { DEFAULT_CACHE_BYTES, DEFAULT_CACHE_DESCRIPTORS } from "../../../../src/services/web/resource-cache.ts";
import { web } from "../../../../src/services/web/web.ts";
import { MAX_INDEX_NAMES, MAX_TEMPLATES, WEB_OPTIONS } from "../../../../src/services/web/web-options.ts";

const many = (count: number) => Array.from({ length: count }, (_, index) => `name-${index}`);
const routes = (count: number) => Object.fromEntries(many(count).map((name) => [`/${name}`, name]));

describe("an invalid option is rejected by its name", () => {
  test.for<[option: string, given: unknown, told: string]>([
    ["index", "index.html", "options.index"],
    ["index", ["a/b"], "options.index[0]"],
    ["index", [".."], "options.index[0]"],
    ["index", many(MAX_INDEX_NAMES + 1), `at most ${MAX_INDEX_NAMES}`],
    ["listing", "yes", "options.listing"],
    ["spa", 1, "options.spa"],
    ["spa", "../index.html", "options.spa"],
    ["spa", "", "options.spa"],
    ["notFound", true, "options.notFound"],
    ["notFound", "../404.html", "options.notFound"],
    ["dotfiles", "visible", "options.dotfiles"],
    ["symlinks", "all", "options.symlinks"],
    ["cache", { "*.css": 1 }, 'cache["*.css"]'],
    ["cache", { "{": "no-cache" }, 'cache["{"]'],
    ["mediaTypes", { html: "text/html" }, "mediaTypes"],
    ["headers", ["Server"], "options.headers"],
    ["headers", { "a b": "c" }, "options.headers"],
    ["headers", { Server: "a\r\nb" }, 'options.headers["Server"]'],
    ["headers", { ETag: '"a"' }, "sets itself"],
    ["headers", { "content-length": "1" }, "sets itself"],
    ["contentSecurityPolicy", "a\nb", "options.contentSecurityPolicy"],
    ["cacheBytes", -1, "options.cacheBytes"],
    ["cacheDescriptors", 1.5, "options.cacheDescriptors"],
    ["routes", { go: "go.html" }, "options.routes"],
    ["routes", { "/../go": "go.html" }, "options.routes"],
    ["routes", { "/go": "/etc/passwd" }, 'options.routes["/go"]'],
    ["routes", { "/go": "a/../../b" }, 'options.routes["/go"]'],
    ["routes", routes(MAX_TEMPLATES + 1), `at most ${MAX_TEMPLATES}`],
    ["templates", ["{"], "options.templates[0]"],
    ["templates", many(MAX_TEMPLATES + 1), `at most ${MAX_TEMPLATES}`],
    ["vars", { client: "mine" }, "options.vars"],
    ["vars", "a=b", "options.vars"],
    ["variables", {}, "options.variables"],
    ["accessLog", "access.log", "options.accessLog"],
    ["accessLogFormat", "clf", "options.accessLogFormat"],
    ["indexes", [], "indexes"],
    ["http", { headTimeoutMs: 0 }, "headTimeoutMs"],
  ])("%s: %o", ([option, given, told]) => {
    expect(() => web(".", { [option]: given })).toThrow(told);
  });

  test("the root", () => {
    for (const root of [undefined, 7, null]) expect(() => web(root as unknown as string)).toThrow(/root/);
  });
});

test("the defaults", () => {
  expect(WEB_OPTIONS.check("web()", {})).toMatchObject({
    listing: false,
    dotfiles: "hidden",
    symlinks: "inside",
    precompressed: true,
    cacheBytes: DEFAULT_CACHE_BYTES,
    cacheDescriptors: DEFAULT_CACHE_DESCRIPTORS,
    accessLogFormat: "combined",
    watch: false,
  });
  expect([DEFAULT_CACHE_BYTES, DEFAULT_CACHE_DESCRIPTORS]).toEqual([64 * 1024 * 1024, 512]);
});

test("the largest lists are accepted, and route paths are normalized", () => {
  expect(() => web(".", { index: many(MAX_INDEX_NAMES), templates: many(MAX_TEMPLATES) })).not.toThrow();
  const { routes: found } = WEB_OPTIONS.check("web()", {
    routes: { "/a//b/": "./c/../d.html", "/": "e", "/ä b": "f" },
  });
  expect([...(found ?? [])]).toEqual([
    ["/a/b/", "d.html"],
    ["/", "e"],
    ["/ä b", "f"],
  ]);
});
