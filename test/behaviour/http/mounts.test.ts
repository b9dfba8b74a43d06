// Several services on one listener, each below a path.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type HttpExchange, type HttpService, http, mounts } from "../../../src/http.ts";
import { serve } from "../../../src/server/server.ts";
import { web } from "../../../src/services/web/web.ts";
import { askHttp, getRequest } from "../../support/http-talk.ts";
import { serving } from "../../support/serving.ts";

const named = (name: string): HttpService =>
  http(({ mountPath, path, query }) => ({ body: [name, mountPath, path, query.get("q") ?? ""].join("|") }));

const all = mounts({ "/": named("root"), "/a/": named("a"), "/a/b/": named("b"), "/%61/": named("encoded") });

test.for([
  ["/", "root||/|"],
  ["/other?q=1", "root||/other|1"],
  ["/a/", "a|/a|/|"],
  ["/a/x?q=/a/b/", "a|/a|/x|/a/b/"],
  ["/a//x", "a|/a|//x|"],
  ["/a/b/", "b|/a/b|/|"],
  ["/a/b/c", "b|/a/b|/c|"],
  ["/a/bc", "a|/a|/bc|"],
  ["/ab", "root||/ab|"],
  ["/A/", "root||/A/|"],
  ["/%61/x", "encoded|/%61|/x|"],
  ["http://other.example/a/x", "a|/a|/x|"],
] as const)("%s is answered by %s", async ([target, body]) => {
  const server = await serving(all);
  expect(await askHttp(server, getRequest(target))).toMatchObject({ status: 200, body });
});

test("mounts can be nested", async () => {
  const server = await serving(mounts({ "/outer/": mounts({ "/inner/": named("in") }) }));
  expect((await askHttp(server, getRequest("/outer/inner/x"))).body).toBe("in|/outer/inner|/x|");
  expect((await askHttp(server, getRequest("/outer/inner"))).headers["location"]).toBe("/outer/inner/");
});

test.for([
  ["/a/b", "/a/b/"],
  ["/a/b?x=1&y=%41", "/a/b/?x=1&y=%41"],
] as const)("%s without its final slash is redirected for every method", async ([target, location]) => {
  // The redirect takes precedence over a service at a shorter path.
  for (const services of [mounts({ "/a/b/": named("b") }), all]) {
    const server = await serving(services);
    for (const method of ["GET", "POST"]) {
      const { status, headers } = await askHttp(server, getRequest(target, [], method));
      expect([status, headers["location"]]).toEqual([308, location]);
    }
  }
});

test("a path of no service is 404, and OPTIONS * is answered", async () => {
  const server = await serving(mounts({ "/a/": named("a") }));
  for (const target of ["/", "/b/", "/A"]) expect((await askHttp(server, getRequest(target))).status).toBe(404);
  expect((await askHttp(server, getRequest("*", [], "OPTIONS"))).status).toBe(204);
});

test("a web site below a path redirects within that path, and logs the whole path", async () => {
  const folder = mkdtempSync(join(tmpdir(), "site-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "index.html"), "<p>index");
  const lines: string[] = [];
  const site = web(folder, { accessLog: (line) => lines.push(line), accessLogFormat: "common" });
  const server = await serving(mounts({ "/docs/": site, "/": named("root") }));
  expect((await askHttp(server, getRequest("/docs/"))).body).toBe("<p>index");
  expect((await askHttp(server, getRequest("/other"))).body).toBe("root||/other|");
  expect(lines.map((line) => /"(.*?)"/.exec(line)?.[1])).toEqual(["GET /docs/ HTTP/1.1"]);
});

test("each exchange is passed to the listener's onExchange and to the service's, even if one throws", async () => {
  const told: string[] = [];
  const hook = (name: string) => (exchange: HttpExchange) => {
    told.push(`${name} ${exchange.request?.path}`);
    throw new Error(name);
  };
  const errors: unknown[] = [];
  const handler = () => ({ body: "" });
  const services = { "/": http(handler, { onExchange: hook("root") }), "/a/": http(handler) };
  const server = await serving(mounts(services, { onExchange: hook("all") }), {
    onError: (error) => errors.push(error),
  });
  await askHttp(server, getRequest("/a/x"));
  await askHttp(server, getRequest("/y"));
  expect(told).toEqual(["all /a/x", "all /y", "root /y"]);
  expect(errors.length).toBeGreaterThan(0);
});

test("a service at two paths starts and stops once; if one fails to start, those before it are stopped", async () => {
  const calls: string[] = [];
  const living = (name: string, start?: () => void): HttpService => ({
    ...named(name),
    start: () => {
      calls.push(`start ${name}`);
      start?.();
    },
    stop: () => void calls.push(`stop ${name}`),
  });
  const [one, two] = [living("one"), living("two")];
  const server = await serving(mounts({ "/": one, "/1/": one, "/2/": two }));
  await server.close();
  expect(calls.sort()).toEqual(["start one", "start two", "stop one", "stop two"]);
  calls.length = 0;
  const bad = living("bad", () => {
    throw new Error("no disk");
  });
  await expect(serve("tcp://127.0.0.1:0", mounts({ "/longest/": one, "/bad/": bad, "/": two }))).rejects.toThrow(
    "no disk",
  );
  expect(calls).toEqual(["start one", "start bad", "stop one"]);
});

test.for(["", "a", "a/", "/a", "//", "/a//", "/../", "/a/./", "/a b/", "/a?/", "/ä/", "/%zz/"])(
  "%j is refused as a mount path",
  (path) => {
    expect(() => mounts({ [path]: named("x") })).toThrow(/slash at both ends/);
  },
);

test("a value that is not an HTTP service is refused", () => {
  // @ts-expect-error a service that has no requests
  expect(() => mounts({ "/": { name: "x" } })).toThrow(/services\["\/"\].request/);
  // @ts-expect-error no services
  expect(() => mounts(undefined)).toThrow(TypeError);
  expect(() => mounts({})).toThrow(/at least one/);
});

test("each service has its own limit of a body, and the others that of the listener", async () => {
  const sized = (maxBodyBytes?: number): HttpService => ({
    ...http(async (request) => ({ body: `${(await request.bytes()).length}` })),
    maxBodyBytes,
  });
  const server = await serving(
    mounts({ "/large/": sized(1_000), "/small/": sized(2), "/": sized() }, { maxBodyBytes: 10 }),
  );
  const post = async (path: string, bytes: number): Promise<number> => {
    const chunked = `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n0\r\n\r\n`;
    const { status } = await askHttp(
      server,
      getRequest(path, [`Content-Length: ${bytes}`], "POST") + "x".repeat(bytes),
    );
    expect((await askHttp(server, chunked)).status).toBe(status);
    return status;
  };
  for (const [path, most] of [
    ["/large/", 1_000],
    ["/small/", 2],
    ["/", 10],
  ] as const) {
    expect([await post(path, most), await post(path, most + 1)]).toEqual([200, 413]);
  }
});
