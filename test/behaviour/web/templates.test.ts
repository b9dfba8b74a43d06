// Pages of templates: their values, the hiding of their files, changes, and the cost of an error.
import { once } from "node:events";
import { mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { serve } from "../../../src/server.ts";
import { TemplateError, unknownVariables, web } from "../../../src/services/web/web.ts";
import { changedText, folderWith, served } from "./site.ts";

describe("a page", () => {
  test("has the variables of the site, the client, the query and the time", async () => {
    const page = "{{title}}|{{client.address}}|{{query.name}}|{{query.more}}|{{time}}";
    const site = await served({ "go.html": page }, { routes: { "/go": "go.html" }, vars: { title: "A & B" } });
    const text = await site.text("/go?name=%3Cb%3E&name=second&x=1");
    expect(text).toMatch(/^200 A &amp; B\|127\.0\.0\.1\|&lt;b&gt;\|\|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test("contains included files, relative to its own folder and to the root", async () => {
    const site = await served(
      {
        "pages/go.html": "{{> part.html}}-{{> /parts/foot.html}}",
        "pages/part.html": "<p>{{name}}</p>",
        "parts/foot.html": "<hr>",
      },
      { routes: { "/go": "pages/go.html" }, vars: { name: "<Rose>" } },
    );
    expect(await site.text("/go")).toBe("200 <p>&lt;Rose&gt;</p>-<hr>");
  });

  test("is found at exactly its path, and takes precedence over a file of that name", async () => {
    const site = await served(
      { "go.html": "template", go: "file", "index.html": "file", "a b/index.html": "file" },
      { routes: { "/go": "go.html", "/": "go.html", "/a b/": "go.html" } },
    );
    expect(await site.text("/go")).toBe("200 template");
    expect(await site.text("/g%6f")).toBe("200 template");
    expect(await site.text("/")).toBe("200 template");
    expect(await site.text("/a%20b/")).toBe("200 template");
    for (const path of ["/go/", "/GO", "/go.html"]) expect((await site.ask(path)).status).toBe(404);
  });

  test("shows nothing for a variable without a value", async () => {
    const site = await served(
      { "go.html": "[{{missing}}{{query.missing}}{{#if missing}}yes{{else}}no{{/if}}{{#each missing}}x{{/each}}]" },
      { routes: { "/go": "go.html" } },
    );
    expect(await site.text("/go")).toBe("200 [no]");
  });

  test("is HTML with the headers of all answers; HEAD has its length, and other methods are refused", async () => {
    const site = await served(
      { "go.html": "<p>{{query.a}}</p>" },
      { routes: { "/go": "go.html" }, headers: { Server: "mine" }, contentSecurityPolicy: "default-src 'self'" },
    );
    const { fields, body } = await site.ask("/go?a=1");
    expect(fields.get("content-type")).toBe("text/html; charset=utf-8");
    expect(fields.get("server")).toBe("mine");
    expect(fields.get("content-security-policy")).toBe("default-src 'self'");
    expect(fields.get("x-content-type-options")).toBe("nosniff");
    const head = await site.ask("/go?a=1", {}, "HEAD");
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(head.fields.get("content-length")).toBe(String(body.length));
    expect(head.fields.get("etag")).toBe(fields.get("etag"));
    expect((await site.ask("/go", {}, "POST")).status).toBe(405);
  });

  test.for([
    ["made of a request", "{{query.a}}", "private, no-cache"],
    ["the same for all", "{{title}}", "no-cache"],
  ] as const)("%s has its own Cache-Control, and a client that has it gets 304", async ([, template, cacheControl]) => {
    const site = await served({ "go.html": template }, { routes: { "/go": "go.html" }, vars: { title: "t" } });
    const first = await site.ask("/go?a=1");
    expect(first.fields.get("cache-control")).toBe(cacheControl);
    const etag = first.fields.get("etag") ?? "";
    expect(etag).toMatch(/^"[^"]+"$/);
    const again = await site.ask("/go?a=1", { "If-None-Match": etag });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    expect(again.fields.get("etag")).toBe(etag);
    expect(again.fields.get("cache-control")).toBe(cacheControl);
    expect((await site.ask("/go?a=1", { "If-None-Match": '"other"' })).status).toBe(200);
    expect((await site.ask("/go?a=1", { "If-Match": '"other"' })).status).toBe(412);
  });

  test("has an ETag of its text: the page of another request has another", async () => {
    const site = await served({ "go.html": "{{query.a}}" }, { routes: { "/go": "go.html" } });
    const { fields } = await site.ask("/go?a=1");
    const other = await site.ask("/go?a=2", { "If-None-Match": fields.get("etag") ?? "" });
    expect([other.status, String(other.body)]).toEqual([200, "2"]);
  });
});

describe("the file of a template", () => {
  const FILES = {
    "index.html": "{{secret}} index",
    "404.html": "{{secret}} 404",
    "pages/go.html": "{{> ../parts/head.html}}{{secret}} go",
    "parts/head.html": "{{secret}} head",
    "parts/other.html": "{{secret}} other",
    "plain.html": "plain",
  };
  const hidden = {
    routes: { "/go": "pages/go.html" },
    templates: ["parts/**", "index.html", "404.html"],
    listing: true,
  };

  test("has no URL, whether a route, an include or a pattern makes it a template", async () => {
    const site = await served(FILES, hidden);
    for (const path of ["/pages/go.html", "/parts/head.html", "/parts/other.html", "/index.html", "/404.html"]) {
      for (const method of ["GET", "HEAD"])
        expect([path, (await site.ask(path, {}, method)).status]).toEqual([path, 404]);
    }
    for (const path of [
      "/pages/%67o.html",
      "/pages/./go.html",
      "/parts//other.html",
      "/x/../index.html",
      "/parts/other.html?x",
    ]) {
      const { status, body } = await site.ask(path);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(String(body)).not.toContain("secret");
    }
    expect(await site.text("/plain.html")).toBe("200 plain");
    expect(await site.text("/go")).toBe("200  head go");
  });

  test("has no URL in a precompressed form, and none with ranges or conditions", async () => {
    const site = await served(FILES, hidden);
    writeFileSync(join(site.folder, "parts/other.html.gz"), "zipped");
    for (const fields of [{ "Accept-Encoding": "gzip" }, { Range: "bytes=0-3" }, { "If-None-Match": "*" }]) {
      const { status, body } = await site.ask("/parts/other.html", fields);
      expect(status).toBe(404);
      expect(String(body)).not.toContain("secret");
    }
  });

  test("is in no listing and is no index file", async () => {
    const site = await served(FILES, hidden);
    const root = await site.text("/");
    expect(root).toMatch(/^200 /);
    expect(root).toContain("plain.html");
    expect(root).not.toMatch(/index\.html|404\.html|secret/);
    expect(await site.text("/parts/")).not.toMatch(/head\.html|other\.html|secret/);
    expect(await site.text("/pages/")).not.toMatch(/go\.html|secret/);
  });

  test("is sent neither as the 404 page nor as the page of `spa`", async () => {
    const site = await served(FILES, { ...hidden, spa: true });
    expect(await site.text("/nowhere")).toBe("404 404 Not Found\n");
    expect(await site.text("/nowhere.css")).toBe("404 404 Not Found\n");
    const other = await served(FILES, { routes: { "/go": "404.html" }, spa: "pages/go.html", templates: ["pages/*"] });
    expect(await other.text("/nowhere")).toBe("404 404 Not Found\n");
  });

  test("is hidden as soon as a changed template includes it", async () => {
    const site = await served({ "go.html": "old", "part.html": "part" }, { routes: { "/go": "go.html" } });
    expect(await site.text("/part.html")).toBe("200 part");
    writeFileSync(join(site.folder, "go.html"), "new {{> part.html}}");
    expect(await changedText(site, "/go", "200 old")).toBe("200 new part");
    expect((await site.ask("/part.html")).status).toBe(404);
  });
});

describe("a change", () => {
  test("of a template or of an included file becomes visible", async () => {
    const site = await served({ "go.html": "one {{> part.html}}", "part.html": "a" }, { routes: { "/go": "go.html" } });
    expect(await site.text("/go")).toBe("200 one a");
    writeFileSync(join(site.folder, "part.html"), "b");
    expect(await changedText(site, "/go", "200 one a")).toBe("200 one b");
    writeFileSync(join(site.folder, "new.html"), "two {{> part.html}}");
    renameSync(join(site.folder, "new.html"), join(site.folder, "go.html"));
    expect(await changedText(site, "/go", "200 one b")).toBe("200 two b");
  });

  test.for([
    [
      "is no valid template",
      (folder: string) => writeFileSync(join(folder, "part.html"), "\n{{#if x}}"),
      /^part\.html:2: /,
    ],
    [
      "is gone",
      (folder: string) => rmSync(join(folder, "part.html")),
      /^go\.html:2: part\.html cannot be included: no such file$/,
    ],
    [
      "is a folder now",
      (folder: string) => {
        rmSync(join(folder, "go.html"));
        mkdirSync(join(folder, "go.html"));
      },
      /^go\.html:1: it is a directory$/,
    ],
  ] as const)("after which a file %s keeps the old page and is reported", async ([, breakIt, told]) => {
    const reports: unknown[] = [];
    const site = await served(
      { "go.html": "one\n{{> part.html}}", "part.html": "a" },
      { routes: { "/go": "go.html" }, onError: (error) => reports.push(error) },
    );
    breakIt(site.folder);
    while (reports.length === 0) expect(await site.text("/go")).toBe("200 one\na");
    expect(await site.text("/go")).toBe("200 one\na");
    expect(reports[0]).toBeInstanceOf(TemplateError);
    expect(String((reports[0] as Error).message)).toMatch(told);
    rmSync(join(site.folder, "go.html"), { recursive: true });
    writeFileSync(join(site.folder, "go.html"), "mended");
    expect(await changedText(site, "/go", "200 one\na")).toBe("200 mended");
  });
});

describe("variables(request)", () => {
  test("is called for each request, and overrides the variables of the site", async () => {
    const site = await served(
      { "go.html": "{{a}} {{b}} {{c}}" },
      {
        routes: { "/go": "go.html" },
        vars: { a: "site", b: "site" },
        variables: ({ method, path, rawQuery, headers, address }) => ({
          b: `${method} ${path} ${rawQuery} ${address}`,
          c: headers.get("X-Name"),
        }),
      },
    );
    const { body, fields } = await site.ask("/go?q", { "X-Name": "Rose" });
    expect(String(body)).toBe("site GET /go q 127.0.0.1 Rose");
    expect(fields.get("cache-control")).toBe("private, no-cache");
    expect(await site.text("/go", { "X-Name": "<Ada>" })).toBe("200 site GET /go undefined 127.0.0.1 &lt;Ada&gt;");
  });

  test("cannot override the address of the client", async () => {
    const site = await served(
      { "go.html": "{{client.address}}" },
      { routes: { "/go": "go.html" }, variables: () => ({ client: { address: "forged" } }) },
    );
    expect(await site.text("/go")).toBe("200 127.0.0.1");
  });

  test("that throws makes its own request a 500 and affects no other", async () => {
    const failure = new Error("no variables today");
    const folder = folderWith({ "go.html": "{{name}}", "a.txt": "a" });
    const variables = ({ rawQuery }: { rawQuery: string | undefined }) => {
      if (rawQuery === "fail") throw failure;
      return { name: "Rose" };
    };
    const errors: unknown[] = [];
    const server = await serve("http://127.0.0.1:0", web(folder, { routes: { "/go": "go.html" }, variables }), {
      onError: (error) => errors.push(error),
    });
    onTestFinished(async () => {
      await server.close({ graceMs: 0 });
    });
    const ask = async (path: string): Promise<string> => {
      const answer = await fetch(`${server.urls[0]}${path}`, { headers: { Connection: "close" } });
      return `${answer.status} ${await answer.text()}`;
    };
    const failed = await ask("/go?fail");
    expect(failed).toMatch(/^500 /);
    expect(failed).not.toContain("today");
    expect(errors).toEqual([failure]);
    expect(await ask("/go")).toBe("200 Rose");
    expect(await ask("/a.txt")).toBe("200 a");
  });
});

describe("an invalid template", () => {
  test.for([
    [{ "go.html": "<p>\n{{#if a}}" }, "go.html:2: "],
    [{ "go.html": "<p>\n\n<script>{{a}}</script>" }, "go.html:3: "],
    [{ "go.html": "\n{{> part.html}}" }, "go.html:2: part.html cannot be included: no such file"],
    [{ "go.html": "\n{{> sub}}", "sub/a": "" }, "go.html:2: sub cannot be included: it is a directory"],
    [{ "go.html": "\n{{> part.html}}", "part.html": "\n\n{{/if}}" }, "part.html:3: "],
    [{ "go.html": "\n{{> ../part.html}}" }, "go.html:2: ../part.html is outside of the root"],
    [{}, "go.html:1: no such file"],
    [{ "go.html/a": "" }, "go.html:1: it is a directory"],
  ] as const)("%o is reported when the server starts", async ([files, told]) => {
    const folder = folderWith(files);
    const options = { routes: { "/go": "go.html" } };
    for (const start of [
      () => serve("http://127.0.0.1:0", web(folder, options)),
      () => unknownVariables(folder, options),
    ]) {
      const error = await start().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(TemplateError);
      expect(error).toMatchObject({ code: "ERR_SOCKWRIGHT_TEMPLATE", message: expect.stringContaining(told) });
      expect((error as TemplateError).message.indexOf(told)).toBe(0);
    }
  });
});

test("unknownVariables() names the variables without a value, with their file and line", async () => {
  const folder = folderWith({
    "go.html":
      "{{given}}\n{{client.address}}{{time}}{{query.any}}\n{{nobody}}{{> part.html}}{{#each list}}{{ofItem}}{{/each}}",
    "part.html": "\n{{deep.missing}}{{deep.there}}{{client.port}}",
    "unused.html": "{{unused}}",
  });
  const options = {
    routes: { "/go": "go.html" },
    vars: { given: 1, list: [], deep: { there: 1 } },
    templates: ["unused.html"],
  };
  expect(await unknownVariables(folder, options)).toMatchObject([
    { file: "go.html", line: 3, name: "nobody" },
    { file: "part.html", line: 2, name: "deep.missing" },
    { file: "part.html", line: 2, name: "client.port" },
  ]);
});

test("a promise from variables() makes its request a 500 and does not end the process", async () => {
  const variables = (): never => Promise.reject(new Error("later")) as never;
  const site = await served({ "go.html": "{{name}}" }, { routes: { "/go": "go.html" }, variables });
  expect([(await site.ask("/go")).status, (await site.ask("/go")).status]).toEqual([500, 500]);
});

test("a file that is too large for a template is not read", async () => {
  const folder = folderWith({ "go.html": "{{> large.html}}", "large.html": "" });
  // A sparse file, larger than any string can be.
  truncateSync(join(folder, "large.html"), 2 ** 33);
  for (const [file, told] of [
    ["large.html", "large.html:1: it has more than 1048576 bytes"],
    ["go.html", "go.html:1: large.html cannot be included: it has more than 1048576 bytes"],
  ]) {
    await expect(unknownVariables(folder, { routes: { "/go": file ?? "" } })).rejects.toMatchObject({ message: told });
  }
});

test("over a Unix socket the client has no address", async () => {
  const folder = folderWith({ "go.html": "[{{client.address}}]" });
  const path = join(folder, "socket");
  const server = await serve(`http+unix:${path}`, web(folder, { routes: { "/go": "go.html" } }));
  onTestFinished(async () => {
    await server.close({ graceMs: 0 });
  });
  const asked = request({ socketPath: path, path: "/go", headers: { Connection: "close" } }).end();
  const [response] = (await once(asked, "response")) as [AsyncIterable<Buffer>];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  expect(String(Buffer.concat(pieces))).toBe("[]");
});
