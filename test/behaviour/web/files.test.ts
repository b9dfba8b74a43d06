// What a site answers for its files and folders.
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { served } from "./site.ts";

test("a file is sent with its headers, and HEAD has the same headers", async () => {
  const site = await served({ "a.html": "<p>hello</p>" });
  const { status, fields, body } = await site.ask("/a.html");
  expect([status, String(body)]).toEqual([200, "<p>hello</p>"]);
  expect(Object.fromEntries(fields)).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "content-length": "12",
    "accept-ranges": "bytes",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    etag: expect.stringMatching(/^"[\w-]{22}"$/),
    "last-modified": expect.stringMatching(/ GMT$/),
    date: expect.stringMatching(/ GMT$/),
  });
  const head = await site.ask("/a.html", {}, "HEAD");
  expect([head.status, head.body.length]).toEqual([200, 0]);
  expect([...head.fields.keys()]).toEqual([...fields.keys()]);
});

test("a failed condition or range has the headers of all answers and Vary, too", async () => {
  const headers = { "Access-Control-Allow-Origin": "*" };
  const cache = { "*.txt": "max-age=3600" };
  const site = await served({ "a.txt": "a".repeat(100), "a.txt.gz": "gz" }, { headers, cache });
  for (const [status, fields] of [
    [412, { "If-Match": '"other"' }],
    [416, { Range: "bytes=1000-" }],
    [304, { "If-None-Match": "*" }],
    [206, { Range: "bytes=0-1,99-" }],
  ] as const) {
    const answer = await site.ask("/a.txt", fields);
    const [origin, sniffing, vary] = ["access-control-allow-origin", "x-content-type-options", "vary"].map((name) =>
      answer.fields.get(name),
    );
    expect([answer.status, origin, sniffing, vary]).toEqual([status, "*", "nosniff", "Accept-Encoding"]);
    // Cache-Control describes the file, not an error.
    expect(answer.fields.get("cache-control")).toBe(status > 400 ? undefined : "max-age=3600");
  }
});

test("an empty file, and a file for each way of sending", async () => {
  for (const bytes of [0, 1, 32 * 1024, 32 * 1024 + 1, 64 * 1024 + 1, 1024 * 1024, 1024 * 1024 + 1]) {
    const content = Buffer.alloc(bytes, "0123456789");
    const site = await served({ "a.bin": content });
    for (const again of [1, 2]) {
      const { fields, body } = await site.ask("/a.bin");
      expect([again, fields.get("content-length"), body.equals(content)]).toEqual([again, `${bytes}`, true]);
    }
    const { status, body } = await site.ask("/a.bin", { Range: "bytes=-1" });
    expect([status, String(body)]).toEqual(bytes === 0 ? [200, ""] : [206, String(content.subarray(-1))]);
  }
});

test("the same content has the same ETag on another server; the ETag of a large file depends on its inode", async () => {
  const large = Buffer.alloc(1024 * 1024 + 1);
  const [one, other] = [await served({ a: "same", large }), await served({ b: "same", large })];
  const tag = async (site: typeof one, path: string) => (await site.ask(path)).fields.get("etag");
  expect(await tag(one, "/a")).toBe(await tag(other, "/b"));
  expect(await tag(one, "/large")).not.toBe(await tag(other, "/large"));
  expect(await tag(one, "/large")).toMatch(/^"[0-9a-z]+(?:-[0-9a-z]+){3}"$/);
});

describe("methods", () => {
  test("OPTIONS lists them, also for the server as a whole", async () => {
    const site = await served({});
    for (const path of ["/", "/nowhere", "*"]) {
      const { status, fields, body } = await site.ask(path, {}, "OPTIONS");
      expect([status, fields.get("allow"), body.length]).toEqual([204, "GET, HEAD, OPTIONS", 0]);
    }
  });

  test.for(["POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "BREW"])("%s is not allowed", async (method) => {
    const site = await served({ a: "" });
    const { status, fields } = await site.ask("/a", {}, method);
    expect([status, fields.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });

  test("20 of 20 clients receive the 405 in the middle of an upload", async () => {
    const site = await served({});
    for (let count = 0; count < 20; count++) {
      const client = await site.connected();
      client.write(`PUT /a HTTP/1.1\r\nHost: site\r\nContent-Length: 20000000\r\n\r\n${"x".repeat(200_000)}`);
      const head = String(await client.readUntil("\r\n", { maxBytes: 1_000 }));
      expect(head).toBe("HTTP/1.1 405 Method Not Allowed\r\n");
      client.abort();
    }
  });
});

describe("folders", () => {
  test("a folder is answered with its first index file, or with 404 if it has none", async () => {
    const files = { "index.html": "root", "one/index.html": "one", "two/main.htm": "two", "three/a": "" };
    const site = await served(files, { index: ["index.html", "main.htm"] });
    expect(await Promise.all(["/", "/one/", "/two/", "/three/"].map((path) => site.text(path)))).toEqual([
      "200 root",
      "200 one",
      "200 two",
      "404 404 Not Found\n",
    ]);
    expect(await (await served(files, { index: [] })).text("/")).toBe("404 404 Not Found\n");
  });

  test("a folder without its slash redirects to its path with a slash, with the query and on the same site", async () => {
    const site = await served({ "sub/index.html": "", "ä b/x": "" });
    const location = async (path: string) => {
      const { status, fields } = await site.ask(path);
      return [status, fields.get("location")];
    };
    expect(await location("/sub?a=b&c=%2F")).toEqual([301, "/sub/?a=b&c=%2F"]);
    expect(await location("//sub")).toEqual([301, "/sub/"]);
    expect(await location("/x/%2e%2e/sub")).toEqual([301, "/sub/"]);
    expect(await location("/%C3%A4%20b")).toEqual([301, "/%C3%A4%20b/"]);
    expect(await location("/index.html/")).toEqual([404, undefined]);
    expect(await location("/sub/index.html/")).toEqual([404, undefined]);
  });

  test("a folder has a listing only with the option `listing`, and the listing has its own policy", async () => {
    const site = await served({ "sub/<b>.txt": "", "sub/deep/x": "", "sub/.hidden": "" }, { listing: true });
    const { status, fields, body } = await site.ask("/sub/");
    expect(status).toBe(200);
    expect(fields.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(String(body)).toContain('href="./%3Cb%3E.txt"');
    expect(String(body)).toContain('href="./deep/"');
    expect(String(body)).not.toContain("hidden");
    expect(await (await served({ "sub/x": "" })).text("/sub/")).toMatch(/^404/);
  });
});

describe("missing files", () => {
  test("the site's own 404 page is sent if there is one, without an ETag", async () => {
    const site = await served({ "404.html": "lost", "own.html": "own" });
    const { status, fields, body } = await site.ask("/nowhere", { "If-None-Match": "*" });
    expect([status, fields.get("content-type"), fields.get("etag")]).toEqual([
      404,
      "text/html; charset=utf-8",
      undefined,
    ]);
    expect(String(body)).toBe("lost");
    expect(await (await served({ "own.html": "own" }, { notFound: "own.html" })).text("/x")).toBe("404 own");
    expect(await (await served({ "404.html": "lost" }, { notFound: "" })).text("/x")).toBe("404 404 Not Found\n");
  });

  test("with `spa`, the page is sent for a missing page, and for nothing else", async () => {
    const site = await served({ "index.html": "app", "a.js": "" }, { spa: true });
    expect(await site.text("/users/7", { Accept: "text/html" })).toBe("200 app");
    expect(await site.text("/users/7")).toBe("200 app");
    expect(await site.text("/users/7", { Accept: "application/json" })).toMatch(/^404/);
    expect(await site.text("/missing.js", { Accept: "*/*" })).toMatch(/^404/);
    const other = await served({ "shell.html": "shell" }, { spa: "shell.html" });
    expect(await other.text("/deep/er/")).toBe("200 shell");
  });

  test("hidden files and links out of the root are answered with 404, invalid paths with 400", async () => {
    const site = await served({ ".env": "secret", "sub/.git/config": "secret", ".well-known/a": "a", "in.txt": "in" });
    symlinkSync("/etc/passwd", join(site.folder, "out"));
    symlinkSync("in.txt", join(site.folder, "link"));
    for (const path of ["/.env", "/sub/.git/config", "/.well-known/a", "/%2eenv", "/out", "/sub/%2e%2e/out"]) {
      expect([path, (await site.ask(path)).status]).toEqual([path, 404]);
    }
    expect(await site.text("/link")).toBe("200 in");
    for (const path of ["/../etc/passwd", "/%2e%2e/etc/passwd", "/a%00b", "/%zz", "/%ff"]) {
      expect([path, (await site.ask(path)).status]).toEqual([path, 400]);
    }
    const shown = await served({ ".env": "shown", ".well-known/a": "a" }, { dotfiles: "well-known" });
    expect([await shown.text("/.well-known/a"), (await shown.ask("/.env")).status]).toEqual(["200 a", 404]);
  });
});

describe("precompressed files", () => {
  const files = { "a.js": "x".repeat(200), "a.js.br": "br", "a.js.gz": "gzip", "a.js.zst": "zst" };

  test("the smallest form that the client accepts is sent; each has its own ETag, all have Vary", async () => {
    const site = await served(files);
    const tags = new Set<string | undefined>();
    for (const [accept, coding, text] of [
      ["gzip, br, zstd", "br", "br"],
      ["gzip, zstd", "zstd", "zst"],
      ["x-gzip", "gzip", "gzip"],
      ["br;q=0.5, gzip", "gzip", "gzip"],
      ["br;q=0", undefined, "x".repeat(200)],
      [undefined, undefined, "x".repeat(200)],
    ] as const) {
      const { fields, body } = await site.ask("/a.js", accept === undefined ? {} : { "Accept-Encoding": accept });
      expect([accept, fields.get("content-encoding"), String(body)]).toEqual([accept, coding, text]);
      expect(fields.get("vary")).toBe("Accept-Encoding");
      expect(fields.get("content-type")).toBe("text/javascript; charset=utf-8");
      tags.add(fields.get("etag"));
    }
    expect(tags.size).toBe(4);
  });

  test("ranges and conditions apply to the form that is sent", async () => {
    const site = await served(files);
    const { fields } = await site.ask("/a.js", { "Accept-Encoding": "br" });
    const etag = fields.get("etag") ?? "";
    expect((await site.ask("/a.js", { "Accept-Encoding": "br", "If-None-Match": etag })).status).toBe(304);
    expect((await site.ask("/a.js", { "If-None-Match": etag })).status).toBe(200);
    const part = await site.ask("/a.js", { "Accept-Encoding": "br", Range: "bytes=1-" });
    expect([part.status, String(part.body), part.fields.get("content-range")]).toEqual([206, "r", "bytes 1-1/2"]);
    expect(part.fields.get("content-encoding")).toBe("br");
  });

  test("a larger form is not sent, and none with `precompressed: false`", async () => {
    const site = await served({ a: "x", "a.gz": "larger" });
    expect(await site.text("/a", { "Accept-Encoding": "gzip" })).toBe("200 x");
    const off = await served(files, { precompressed: false });
    const { fields } = await off.ask("/a.js", { "Accept-Encoding": "br" });
    expect([fields.get("content-encoding"), fields.get("vary")]).toEqual([undefined, undefined]);
  });
});

test("options set headers, policies, media types and caching by pattern", async () => {
  const site = await served(
    { "app.3f9a2c1b7d4e.js": "", "a.html": "", "a.gltf": "", "a.css": "" },
    {
      headers: { Server: "mine", "X-Content-Type-Options": "own" },
      securityHeaders: true,
      contentSecurityPolicy: "default-src 'self'",
      mediaTypes: { ".gltf": "model/own" },
      cache: { "*.css": "max-age=60", "a.html": "" },
    },
  );
  const fields = async (path: string) => Object.fromEntries((await site.ask(path)).fields);
  expect(await fields("/a.html")).toMatchObject({
    server: "mine",
    "x-content-type-options": "own",
    "content-security-policy": "default-src 'self'",
    "x-frame-options": "SAMEORIGIN",
  });
  expect((await fields("/a.html"))["cache-control"]).toBeUndefined();
  expect((await fields("/a.css"))["cache-control"]).toBe("max-age=60");
  expect((await fields("/a.gltf"))["content-type"]).toBe("model/own");
  expect((await fields("/app.3f9a2c1b7d4e.js"))["cache-control"]).toContain("immutable");
  expect((await fields("/nowhere"))["server"]).toBe("mine");
});

test("answers to conditions and ranges have the headers of all answers; only those of the file have its Cache-Control", async () => {
  const site = await served({ a: "0123456789" }, { headers: { "X-All": "1" }, cache: { a: "max-age=60" } });
  const { fields } = await site.ask("/a");
  const etag = fields.get("etag") ?? "";
  for (const [status, asked, cacheControl] of [
    [200, {}, "max-age=60"],
    [206, { Range: "bytes=0-1" }, "max-age=60"],
    [206, { Range: "bytes=0-1,9-9" }, "max-age=60"],
    [304, { "If-None-Match": etag }, "max-age=60"],
    [412, { "If-Match": '"other"' }, undefined],
    [416, { Range: "bytes=10-" }, undefined],
  ] as const) {
    const answer = await site.ask("/a", asked);
    const told = ["x-all", "x-content-type-options", "cache-control"].map((name) => answer.fields.get(name));
    expect([answer.status, ...told]).toEqual([status, "1", "nosniff", cacheControl]);
  }
});
