// Content-Type by file name.
import { describe, expect, test } from "vitest";
import { addedMediaTypes, mediaTypeOf, UNKNOWN_MEDIA_TYPE } from "../../../../src/services/web/media-type-of.ts";

test.for<[name: string, type: string]>([
  ["index.html", "text/html; charset=utf-8"],
  ["INDEX.HTM", "text/html; charset=utf-8"],
  ["a.css", "text/css; charset=utf-8"],
  ["a.js", "text/javascript; charset=utf-8"],
  ["a.mjs", "text/javascript; charset=utf-8"],
  ["a.cjs", "application/node"],
  ["a.json", "application/json; charset=utf-8"],
  ["a.map", "application/json; charset=utf-8"],
  ["a.webmanifest", "application/manifest+json; charset=utf-8"],
  ["a.wasm", "application/wasm"],
  ["a.svg", "image/svg+xml"],
  ["a.png", "image/png"],
  ["a.jpg", "image/jpeg"],
  ["a.webp", "image/webp"],
  ["a.avif", "image/avif"],
  ["favicon.ico", "image/vnd.microsoft.icon"],
  ["a.woff2", "font/woff2"],
  ["a.mp4", "video/mp4"],
  ["a.webm", "video/webm"],
  ["a.mp3", "audio/mpeg"],
  ["a.pdf", "application/pdf"],
  ["a.txt", "text/plain; charset=utf-8"],
  ["a.md", "text/markdown; charset=utf-8"],
  ["a.csv", "text/csv; charset=utf-8"],
  ["a.xml", "application/xml"],
  ["a.zip", "application/zip"],
  ["a.tar.gz", "application/gzip"],
  ["a b.html", "text/html; charset=utf-8"],
  ["\u00e9.html", "text/html; charset=utf-8"],
])("%s: %s", ([name, type]) => {
  expect(mediaTypeOf(name)).toBe(type);
});

test.for([
  ...["", ".", "..", "README", "html", "a.", "a.unknown", ".html", ".htaccess", "a.html.", "a.html~", "a.ht ml"],
  ...["a.__proto__", "a.constructor", "a.toString", "a.hasOwnProperty", "a.valueOf", "a.prototype"],
  ...["a.text/html", "a.html\0", "a.\u212a"],
])("the type of %j is unknown", (name) => {
  expect(mediaTypeOf(name)).toBe(UNKNOWN_MEDIA_TYPE);
});

describe("added types", () => {
  const added = addedMediaTypes({
    ".HTML": "application/xhtml+xml",
    ".gltf": "model/gltf+json",
    ".log": "text/plain",
    ".old": "text/plain; charset=iso-8859-1",
    ".own": "application/x-own",
    ".__proto__": "text/x-odd",
  });

  test.for<[name: string, type: string]>([
    ["a.html", "application/xhtml+xml"],
    ["a.gltf", "model/gltf+json"],
    ["a.LOG", "text/plain; charset=utf-8"],
    ["a.old", "text/plain; charset=iso-8859-1"],
    ["a.OWN", "application/x-own"],
    ["a.__proto__", "text/x-odd; charset=utf-8"],
    ["a.css", "text/css; charset=utf-8"],
    ["a.constructor", UNKNOWN_MEDIA_TYPE],
  ])("%s: %s", ([name, type]) => {
    expect(mediaTypeOf(name, added)).toBe(type);
  });

  test.for(["html", "", ".", ".a.b", "./a", "*.html"])("%j is not an extension", (extension) => {
    expect(() => addedMediaTypes({ [extension]: "text/html" })).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE", message: expect.stringContaining("mediaTypes") }),
    );
  });

  test.for(["", "html", "text/", "/html", "text/html\r\nX: y", "text /html", "text/html; a=\u0100", "a/b/c"])(
    "%j is not a media type",
    (type) => {
      expect(() => addedMediaTypes({ ".a": type })).toThrow(
        expect.objectContaining({
          code: "ERR_INVALID_ARG_VALUE",
          message: expect.stringContaining('mediaTypes[".a"]'),
        }),
      );
    },
  );

  test("a type that is not a string is rejected", () => {
    const given: Record<string, string> = JSON.parse('{ ".a": 1 }');
    expect(() => addedMediaTypes(given)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  });
});
