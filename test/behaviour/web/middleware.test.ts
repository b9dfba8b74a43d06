// The web server as middleware for node:http and Express: its answers equal those of the library's own listeners.
import { once } from "node:events";
import { appendFileSync, mkdirSync, rmSync, truncateSync, utimesSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { connect as connectHttp2, constants, createServer as createHttp2Server } from "node:http2";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import express from "express";
import { describe, expect, onTestFinished, test } from "vitest";
import { serve } from "../../../src/server.ts";
import { type WebMiddleware, type WebOptions, web, webMiddleware } from "../../../src/services/web/web.ts";
import { type Answer, allOf, answerOf, askAt, connectedTo, folderWith } from "./site.ts";

const LARGE_BYTES = 32 * 1024 * 1024;
const MODIFIED = new Date("2024-02-03T04:05:06Z");

const FILES = {
  "index.html": "<h1>home</h1>",
  "a.txt": "0123456789".repeat(10),
  "a.txt.gz": gzipSync("0123456789".repeat(10)),
  "middle.bin": Buffer.alloc(300 * 1024, "0123456789abcdef"),
  "empty.css": "",
  "sub/index.html": "sub",
  "none/b.txt": "b",
  "page.html": "<p>{{query.name}} from {{client.address}}</p>",
  "ü b.txt": "umlaut",
  ".hidden": "no",
};
const OPTIONS: WebOptions = {
  listing: true,
  routes: { "/page": "page.html" },
  headers: { "X-Mine": "1" },
  securityHeaders: true,
};

/** Starts a node:http server that closes with the test. */
async function nodeServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

function middlewareOf(folder: string, options?: WebOptions): WebMiddleware {
  const files = webMiddleware(folder, options);
  onTestFinished(() => files.close());
  return files;
}

async function ownServer(folder: string, options?: WebOptions): Promise<string> {
  const server = await serve("tcp://127.0.0.1:0", web(folder, options));
  onTestFinished(async () => {
    await server.close({ graceMs: 0 });
  });
  return server.urls[0] ?? "";
}

/** Keeps the headers in their order, without those that describe the connection or the time. */
function comparable({ status, fields, body }: Answer) {
  const BY_SERVER = ["date", "connection", "keep-alive", "x-powered-by"];
  const kept = [...fields].filter(([name]) => !BY_SERVER.includes(name));
  // RFC 9110, section 14.6: the boundary is arbitrary.
  const boundary = /boundary="?([\w-]+)/.exec(fields.get("content-type") ?? "")?.[1] ?? "no boundary";
  const without = (text: string): string => text.replaceAll(boundary, "BOUNDARY");
  return { status, fields: kept.map((field) => field.map(without)), body: without(body.toString("latin1")) };
}

type Row = readonly [path: string, fields?: Readonly<Record<string, string>>, method?: string];

const DATED = MODIFIED.toUTCString();
const ROWS: readonly Row[] = [
  ["/"],
  ["/index.html"],
  ["/a.txt"],
  ["/a.txt?query"],
  ["/a.txt/"],
  ["/empty.css"],
  ["/middle.bin"],
  ["/sub"],
  ["/sub?a='b'&c"],
  ["/sub/"],
  ["/none/"],
  ["/none/?sort=size&order=desc"],
  ["//a.txt"],
  ["/sub/../a.txt"],
  ["/../a.txt"],
  ["/%2e%2e/a.txt"],
  ["/%zz"],
  ["/a%2Ftxt"],
  ["/%C3%BC%20b.txt"],
  ["/.hidden"],
  ["/missing"],
  ["/page?name=%3Cb%3E"],
  ["/page.html"],
  ["http://other/a.txt"],
  ["/a.txt", { "Accept-Encoding": "gzip" }],
  ["/a.txt", { "Accept-Encoding": "gzip;q=0, *" }],
  ["/a.txt", { Range: "bytes=0-8" }],
  ["/a.txt", { Range: "bytes=-5" }],
  ["/a.txt", { Range: "bytes=0-1,5-6,90-" }],
  ["/a.txt", { Range: "bytes=1000-" }],
  ["/a.txt", { Range: "lines=1" }],
  ["/middle.bin", { Range: "bytes=100000-299999" }],
  ["/middle.bin", { Range: "bytes=0-99999,150000-299999" }],
  ["/a.txt", { "If-Modified-Since": DATED }],
  ["/a.txt", { "If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT" }],
  ["/a.txt", { "If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT" }],
  ["/a.txt", { "If-None-Match": "*" }],
  ["/a.txt", { "If-Match": '"other"' }],
  ["/page", { "If-None-Match": "*" }],
  ["/page", { "If-Match": '"other"' }],
  ["/page", { "If-Match": '"other"' }, "HEAD"],
  ["/a.txt", { "If-Range": DATED, Range: "bytes=1-2" }],
  ["/a.txt", {}, "HEAD"],
  ["/middle.bin", {}, "HEAD"],
  ["/middle.bin", { Range: "bytes=0-1,5-6" }, "HEAD"],
  ["/a.txt", { Range: "bytes=0-8" }, "HEAD"],
  ["/missing", {}, "HEAD"],
  ["/a.txt", {}, "OPTIONS"],
  ["*", {}, "OPTIONS"],
  ["/a.txt", { "Content-Length": "0" }, "POST"],
  ["/a.txt", {}, "DELETE"],
  ["/a.txt", { "X-Twice": "1", "x-twice": "2" }],
];

describe("the answers equal those of the library's own listener", () => {
  test.for([
    ["node:http", (files: WebMiddleware): RequestListener => files],
    [
      "Express",
      (files: WebMiddleware): RequestListener => {
        return express().use((request, response) => files(request, response));
      },
    ],
  ] as const)("under %s", async ([, listenerOf]) => {
    const folder = folderWith(FILES);
    for (const name of Object.keys(FILES)) utimesSync(join(folder, name), MODIFIED, MODIFIED);
    const own = await ownServer(folder, OPTIONS);
    const theirs = await nodeServer(listenerOf(middlewareOf(folder, OPTIONS)));
    for (const row of ROWS) {
      const [ours, answer] = [await askAt(own, ...row), await askAt(theirs, ...row)];
      expect({ row, ...comparable(answer) }).toEqual({ row, ...comparable(ours) });
    }
  });

  test("the compared answers have every kind of status", async () => {
    const folder = folderWith(FILES);
    for (const name of Object.keys(FILES)) utimesSync(join(folder, name), MODIFIED, MODIFIED);
    const url = await nodeServer(middlewareOf(folder, OPTIONS));
    const statuses = new Set<number>();
    for (const row of ROWS) statuses.add((await askAt(url, ...row)).status);
    expect([...statuses].sort()).toEqual([200, 204, 206, 301, 304, 400, 404, 405, 412, 416]);
  });
});

describe("with other middleware", () => {
  test("missing files and other methods are passed on with next(); headers that were set before stay", async () => {
    const folder = folderWith({ "a.txt": "a", "404.html": "not asked for" });
    const app = express();
    app.use((_, response, next) => {
      response.setHeader("X-Before", "1");
      next();
    });
    app.use(middlewareOf(folder, { cacheDescriptors: 0 }));
    app.use((request, response) => void response.status(418).send(`${request.method} ${request.url}`));
    const url = await nodeServer(app);
    const found = await askAt(url, "/a.txt");
    expect([found.status, String(found.body), found.fields.get("x-before")]).toEqual([200, "a", "1"]);
    for (const [method, path] of [
      ["GET", "/none?x"],
      ["POST", "/a.txt"],
      ["OPTIONS", "/a.txt"],
    ] as const) {
      const passed = await askAt(url, path, {}, method);
      expect([passed.status, String(passed.body)]).toEqual([418, `${method} ${path}`]);
    }
  });

  test.for([
    ["Origin", "Origin, Accept-Encoding", "Origin"],
    [["Origin", "Cookie"], "Origin,Cookie, Accept-Encoding", "Cookie"],
    [undefined, "Accept-Encoding", undefined],
  ] as const)("an earlier Vary is kept: %s", async ([earlier, vary, ofOneForm]) => {
    const files = middlewareOf(folderWith(FILES));
    const url = await nodeServer((request, response) => {
      if (earlier !== undefined) response.setHeader("Vary", earlier);
      files(request, response);
    });
    for (const fields of [{}, { "If-None-Match": "*" }]) {
      const answer = await askAt(url, "/a.txt", { ...fields, "Accept-Encoding": "gzip" });
      expect(answer.fields.get("vary")).toBe(vary);
    }
    // Nothing is added here; `fields` has the last of several lines.
    expect((await askAt(url, "/middle.bin")).fields.get("vary")).toBe(ofOneForm);
  });

  test("errors are passed on with next(): of a missing root, until it is created, and of a hook", async () => {
    const folder = join(folderWith({}), "later");
    const variables = (): never => {
      throw new Error("no variables");
    };
    const files = middlewareOf(folder, { routes: {}, variables });
    await expect(files.ready()).rejects.toMatchObject({ code: "ENOENT" });
    const errors: unknown[] = [];
    const url = await nodeServer((request, response) => {
      files(request, response, (error) => {
        errors.push(error);
        response.writeHead(502).end();
      });
    });
    expect((await askAt(url, "/a")).status).toBe(502);
    expect(errors).toMatchObject([{ code: "ENOENT" }]);
    mkdirSync(folder);
    await files.ready();
    await askAt(url, "/a");
    expect(errors).toMatchObject([{ code: "ENOENT" }, undefined]);
  });
});

test("a middleware that is closed while its first request opens it answers that request and later ones with 404", async () => {
  const files = middlewareOf(folderWith({ a: "a" }));
  const url = await nodeServer((request, response) => {
    files(request, response);
    void files.close();
  });
  expect([(await askAt(url, "/a")).status, (await askAt(url, "/a")).status]).toEqual([404, 404]);
});

test.for([
  [
    "throw",
    () => {
      throw new Error("of the hook");
    },
  ],
  ["reject", () => Promise.reject(new Error("of the hook"))],
] as const)(
  "without next(), an error is a 500 without details and is passed to onError, which may %s",
  async ([, fail]) => {
    const folder = folderWith({ "go.html": "{{greeting}}" });
    const told: unknown[] = [];
    const options: WebOptions = {
      routes: { "/go": "go.html" },
      variables: () => {
        throw new Error("secret");
      },
      onError: (error): unknown => {
        told.push(error);
        return fail();
      },
    };
    const url = await nodeServer(middlewareOf(folder, options));
    const { status, body } = await askAt(url, "/go");
    expect([status, String(body)]).toEqual([500, "Internal Server Error\n"]);
    expect(told).toMatchObject([{ message: "secret" }]);
  },
);

describe("mounted below a path", () => {
  async function mounted(path: string): Promise<string> {
    const app = express();
    app.use(path, middlewareOf(folderWith(FILES)));
    return nodeServer(app);
  }

  /** Like Connect, Polka and middie: `originalUrl` stays whole, and nothing tells which prefix was removed. */
  async function mountedByOriginal(take: (url: string) => string): Promise<string> {
    const files = middlewareOf(folderWith(FILES));
    return nodeServer((request, response) => {
      const { url = "" } = request;
      files(Object.assign(request, { originalUrl: url, url: take(url) }), response);
      // When a middleware returns before it has finished, the framework restores the URL.
      Object.assign(request, { originalUrl: "/other", url });
    });
  }

  test.for([
    ["/docs/sub", "/docs/sub/"],
    ["/docs/sub?a=1", "/docs/sub/?a=1"],
    ["/docs", "/docs/"],
    ["/docs?a=1", "/docs/?a=1"],
    ["/docs//sub", "/docs/sub/"],
    ["http://other/docs/sub", "/docs/sub/"],
  ])("under Connect, %s redirects to %s", async ([asked = "", location]) => {
    const url = await mountedByOriginal((original) => original.replace(/^(?:http:..other)?.docs\/?/, "/"));
    const { status, fields } = await askAt(url, asked);
    expect([status, fields.get("location")]).toEqual([301, location]);
  });

  test.for([
    ["/docs/", "<h1>home</h1>"],
    ["/docs/sub/", "sub"],
  ])("under Connect, %s is found", async ([asked = "", body]) => {
    const url = await mountedByOriginal((original) => original.replace("/docs", ""));
    expect(String((await askAt(url, asked)).body)).toBe(body);
  });

  test("slashes that a framework has merged do not redirect to another host", async () => {
    const url = await mountedByOriginal((original) => original.replace(/\/+/g, "/"));
    for (const asked of ["//sub", "///sub", "/.//sub"]) {
      expect((await askAt(url, asked)).fields.get("location")).toMatch(/^\/(?:\.\/)?sub\/$/);
    }
  });

  test("a path that the program has rewritten is not taken for a mount path", async () => {
    const app = express();
    const files = middlewareOf(folderWith(FILES));
    app.use((request, response) => {
      request.url = request.url === "/old" ? "/sub" : "/";
      files(request, response);
    });
    const url = await nodeServer(app);
    expect((await askAt(url, "/old")).fields.get("location")).toBe("/sub/");
    expect(String((await askAt(url, "/page/of/an/app")).body)).toBe("<h1>home</h1>");
  });

  test.for([
    ["/docs", "/docs/sub", "/docs/sub/"],
    ["/docs", "/docs/sub?a=1", "/docs/sub/?a=1"],
    ["/docs", "/docs", "/docs/"],
    ["/docs", "/docs?a=1", "/docs/?a=1"],
    ["/:any", "/%C3%BC/sub", "/%C3%BC/sub/"],
    // To a browser a backslash is a slash: the redirect would lead to another host.
    ["/:any", "/\\evil.example/sub", "/%5Cevil.example/sub/"],
  ])("under Express at %s, %s redirects to %s", async ([path = "", asked = "", location]) => {
    const { status, fields } = await askAt(await mounted(path), asked);
    expect([status, fields.get("location")]).toEqual([301, location]);
  });

  test("a file and the root are found", async () => {
    const url = await mounted("/docs");
    expect(String((await askAt(url, "/docs/sub/")).body)).toBe("sub");
    expect(String((await askAt(url, "/docs/")).body)).toBe("<h1>home</h1>");
    expect((await askAt(url, "/sub/")).status).toBe(404);
  });
});

describe("a large file", () => {
  const content = Buffer.alloc(LARGE_BYTES, "0123456789abcdef");

  async function begun(url: string, fields = ""): Promise<Awaited<ReturnType<typeof connectedTo>>> {
    const client = await connectedTo(url);
    client.write(`GET /large HTTP/1.1\r\nHost: site\r\nConnection: close\r\n${fields}\r\n`);
    expect(String(await client.readExactly("HTTP/1.1 20".length))).toBe("HTTP/1.1 20");
    return client;
  }

  test("arrives complete, even if the file is deleted and the middleware closed meanwhile", async () => {
    const folder = folderWith({ large: content });
    const files = middlewareOf(folder);
    const url = await nodeServer(files);
    const client = await begun(url);
    rmSync(join(folder, "large"));
    await files.close();
    expect(answerOf(await allOf(client)).body.equals(content)).toBe(true);
    expect((await askAt(url, "/large")).status).toBe(404);
  });

  test.for([
    ["truncated", "", (path: string) => truncateSync(path, 1)],
    ["appended to", "", (path: string) => appendFileSync(path, "more")],
    [
      "appended to while several ranges are sent",
      "Range: bytes=0-1,1000-\r\n",
      (path: string) => appendFileSync(path, "more"),
    ],
  ] as const)("that is %s is reset, and next() gets the error", async ([, fields, change]) => {
    const folder = folderWith({ large: content });
    const files = middlewareOf(folder);
    let tell: (error: unknown) => void = () => undefined;
    const told = new Promise((resolve) => {
      tell = resolve;
    });
    const url = await nodeServer((request, response) => files(request, response, tell));
    const client = await begun(url, fields);
    change(join(folder, "large"));
    await expect(allOf(client)).rejects.toMatchObject({ code: "ECONNRESET" });
    // The second code occurs if the file is truncated between the check and the read.
    expect(await told).toMatchObject({
      code: expect.stringMatching(/^ERR_SOCKWRIGHT_(HTTP_FILE_CHANGED|FILE_SHRANK)$/),
    });
  });

  // The check after each test looks for open descriptors.
  test("leaves no descriptor open when clients disconnect: whole file, ranges, HEAD", async () => {
    const files = middlewareOf(folderWith({ large: content }), { cacheDescriptors: 0 });
    const errors: unknown[] = [];
    const closed: Promise<unknown>[] = [];
    const url = await nodeServer((request: IncomingMessage, response: ServerResponse) => {
      closed.push(once(response, "close"));
      files(request, response, (error) => errors.push(error));
    });
    for (const fields of ["", "Range: bytes=0-1,1000-\r\n"]) {
      const clients = await Promise.all(Array.from({ length: 8 }, () => begun(url, fields)));
      for (const client of clients) client.abort();
    }
    expect((await askAt(url, "/large", {}, "HEAD")).fields.get("content-length")).toBe(`${LARGE_BYTES}`);
    await Promise.all(closed);
    expect(errors).toEqual([]);
  });
});

test("over HTTP/2 a changed file ends only its own stream, without a warning", async () => {
  const folder = folderWith({ large: Buffer.alloc(LARGE_BYTES), "a.txt": "a" });
  const files = middlewareOf(folder);
  const server = createHttp2Server((request, response) => {
    files(request as unknown as IncomingMessage, response as unknown as ServerResponse, (error) => {
      if (error === undefined) response.writeHead(404).end();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const session = connectHttp2(`http://127.0.0.1:${Object(server.address()).port}`);
  onTestFinished(async () => {
    session.destroy();
    await new Promise((closed) => server.close(closed));
  });
  const large = session.request({ ":path": "/large" });
  await once(large, "readable");
  truncateSync(join(folder, "large"), 1);
  await expect(once(large.resume(), "end")).rejects.toMatchObject({ code: "ERR_HTTP2_STREAM_ERROR" });
  expect(large.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  for (const [path, status] of [
    ["/a.txt", 200],
    ["/none", 404],
  ] as const) {
    const stream = session.request({ ":path": path });
    const [headers] = await once(stream.resume(), "response");
    expect(headers[":status"]).toBe(status);
  }
});

test("server options and a root that is not a string are refused", () => {
  expect(() => webMiddleware(".", { http: {} })).toThrow(/options\.http/);
  expect(() => webMiddleware(".", { accessLog: () => undefined })).toThrow(/options\.accessLog/);
  expect(() => webMiddleware(1 as never)).toThrow(/root/);
  expect(() => webMiddleware(".", { index: 1 as never })).toThrow(/options\.index/);
});
