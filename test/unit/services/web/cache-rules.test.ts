// Cache-Control by path, and the recognition of names that contain a content hash.
import { describe, expect, test } from "vitest";
import { CacheRules, IMMUTABLE, MAX_CACHE_RULES, REVALIDATED } from "../../../../src/services/web/cache-rules.ts";
import { hasContentHash } from "../../../../src/services/web/content-hash.ts";

describe("a name with a content hash", () => {
  test.for([
    // webpack, Parcel, Next.
    ...["/main.8d2f3a1b.js", "/main.8d2f3a1b9c0e7f6a5b4d.css", "/main.8d2f3a1b.chunk.js", "/js/app.8d2f3a1b.js.map"],
    ...[
      "/8d2f3a1b9c.css",
      "/static/media/logo.103b5fa18196d5665a7e.svg",
      "/runtime~main.8d2f3a1b.js",
      "/a_8d2f3a1b.png",
    ],
    ...["/_next/static/chunks/main-4b8ddf9fe4a1c2d3.js", "/font.b2ee3dcf.woff2"],
    // esbuild.
    ...["/chunk-K2X7QF5B.js", "/app-2ABCDEFG.css", "/image.4KZ3QQ2A.png", "/app-K2X7QF5B.js.map"],
    // Vite and tools that are built on it.
    ...[
      "/assets/index-BxK3d9_a.js",
      "/assets/index-BxK3d9_a.css",
      "/assets/a-b-C-Qx0-9Z.js",
      "/assets/vendor-DqKmzQxR.js",
    ],
    ...[
      "/base/assets/logo-CxJ8kQ2p.svg",
      "/_astro/hoisted.BxK3d9_a.js",
      "/_nuxt/BxK3d9_a.js",
      "/_app/immutable/nodes/0.BxK3d9_a.js",
    ],
    ...["/assets/index-BxK3d9_a.js.map", "/assets/index-4sfd9QQQ.js"],
  ])("%s", (path) => {
    expect(hasContentHash(path)).toBe(true);
  });

  test.for([
    ...["/", "/index.html", "/app.js", "/style.css", "/jquery-3.7.1.min.js", "/bootstrap-5.3.0.css", "/v2.js", "/.js"],
    // Dates, numbers and words.
    ...["/report-20261201.pdf", "/photo-20261201.jpg", "/photo-20261201a.jpg", "/photo_20261201_123456.jpg"],
    ...["/img-1dec2026.png", "/img-2026feb01.png", "/IMG_20261201.jpg", "/12345678.png", "/photo-1701423600.jpg"],
    ...[
      "/deadbeef.js",
      "/facade.css",
      "/decade-effaced.js",
      "/a-12345678.js",
      "/chunk-VERSION2.js",
      "/chunk-ABCDEFGH.js",
    ],
    ...["/logo-original.png", "/assets/logo-original.png", "/assets/logo-Original.png", "/assets/logo-ORIGINAL.png"],
    ...["/assets/a-Chapter1.mp3", "/assets/a-mainMenu.png", "/assets/a-20261201.png", "/assets/report-26-12-01.png"],
    ...["/assets/foo-my-photo.png", "/assets/a-my_photo.png", "/assets/favicon32.png", "/assets/app.js", "/assets/.js"],
    // The hash is in a name that no bundler writes, or at a place where no bundler writes it.
    ...["/index-BxK3d9_a.js", "/report-8d2f3a1b.pdf", "/main.8d2f3a1b", "/8d2f3a1b/main.js", "/assets/x/../app.js"],
    ...["/main.8D2F3A1B.js", "/main.8d2f3a1.js", `/main.${"8d".repeat(33)}.js`, "/assets/index-BxK3d9_a1.js"],
    ...["/assets.js", "/assets", "/myassets/index-BxK3d9_a.js", "/main.8d2f3a1b.html", "/main.8d2f3a1b.php"],
  ])("no hash: %s", (path) => {
    expect(hasContentHash(path)).toBe(false);
  });
});

describe("the default without a rule", () => {
  test.for<[path: string, value: string]>([
    ["/index.html", REVALIDATED],
    ["/assets/page-BxK3d9_a.html", REVALIDATED],
    ["/app.js", REVALIDATED],
    ["/photo.jpg", REVALIDATED],
    ["/report-20261201.pdf", REVALIDATED],
    ["/sw.js", REVALIDATED],
    ["/main.8d2f3a1b.js", IMMUTABLE],
    ["/assets/index-BxK3d9_a.js", IMMUTABLE],
  ])("%s: %s", ([path, value]) => {
    expect(new CacheRules().cacheControlOf(path)).toBe(value);
  });
});

describe("rules", () => {
  const rules = new CacheRules({
    "/private/**": "no-store",
    "*.{jpg,png}": "max-age=3600",
    "/main.*.js": "",
    "*.jpg": "max-age=1",
  });

  test.for<[path: string, value: string | undefined]>([
    ["/private/a.jpg", "no-store"],
    ["/a/b.jpg", "max-age=3600"],
    ["/main.8d2f3a1b.js", undefined],
    ["/a.html", REVALIDATED],
    ["/b.8d2f3a1b.js", IMMUTABLE],
  ])("%s: the first matching rule applies, %s", ([path, value]) => {
    expect(rules.cacheControlOf(path)).toBe(value);
  });

  test.for(["a\r\nb", "\u0100", "\0"])("a value that cannot be sent is refused: %j", (value) => {
    expect(() => new CacheRules({ "*": value })).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE", message: expect.stringContaining('cache["*"]') }),
    );
  });

  test("an invalid pattern is rejected by name", () => {
    expect(() => new CacheRules({ "{a": "no-store" })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('cache["{a"]') }),
    );
    const wrong: Record<string, string> = JSON.parse('{ "*": 1 }');
    expect(() => new CacheRules(wrong)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  });

  test("MAX_CACHE_RULES limits the number of rules", () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`/${index}`, "no-store"]));
    expect(new CacheRules(many(MAX_CACHE_RULES)).cacheControlOf("/255")).toBe("no-store");
    expect(() => new CacheRules(many(MAX_CACHE_RULES + 1))).toThrow(
      expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }),
    );
  });
});
