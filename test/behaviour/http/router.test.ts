// Which handler serves a request, by its path and its method.
import { expect, test } from "vitest";
import { type HttpHandler, router } from "../../../src/http.ts";
import { askHttp, getRequest, httpServing } from "../../support/http-talk.ts";

const named =
  (name: string): HttpHandler =>
  (request) => ({ body: `${name} ${request.method} ${request.path}` });

const routes = router({
  "/": named("root"),
  "GET /a": named("a"),
  "POST /a": named("post a"),
  "DELETE /a": named("delete a"),
  "/any": named("any"),
  "GET /files/*": named("files"),
  "/files/deep/*": named("deep"),
  "GET /files/exact": named("exact"),
  "purge /a": named("small letters"),
});

test.for([
  ["GET", "/", "root GET /"],
  ["PATCH", "/?a=/any", "root PATCH /"],
  ["GET", "/a", "a GET /a"],
  ["POST", "/a", "post a POST /a"],
  ["purge", "/a", "small letters purge /a"],
  ["BREW", "/any", "any BREW /any"],
  ["GET", "/files/", "files GET /files/"],
  ["GET", "/files/b/c", "files GET /files/b/c"],
  ["PUT", "/files/deep/d", "deep PUT /files/deep/d"],
  ["GET", "/files/exact", "exact GET /files/exact"],
  ["GET", "/files/exact/", "files GET /files/exact/"],
] as const)("%s %s", async ([method, target, body]) => {
  const { server } = await httpServing(routes);
  expect(await askHttp(server, getRequest(target, [], method))).toMatchObject({ status: 200, body });
});

test.for(["/b", "/A", "/a/", "/files", "/%61", "//"])("%s is not found", async (target) => {
  const { server } = await httpServing(routes);
  expect((await askHttp(server, getRequest(target))).status).toBe(404);
});

test("a method that a path does not allow is 405, with the allowed ones in Allow", async () => {
  const { server } = await httpServing(routes);
  const { status, headers } = await askHttp(server, getRequest("/a", [], "PUT"));
  expect([status, headers["allow"]]).toEqual([405, "GET, POST, DELETE, purge, HEAD, OPTIONS"]);
  expect((await askHttp(server, getRequest("/files/exact", [], "PUT"))).headers["allow"]).toBe("GET, HEAD, OPTIONS");
});

test("HEAD is served by the handler of GET", async () => {
  const { server } = await httpServing(routes);
  const { status, headers } = await askHttp(server, getRequest("/a", [], "HEAD"), "HEAD");
  expect([status, headers["content-length"]]).toEqual([200, String("a HEAD /a".length)]);
});

test("OPTIONS lists the methods of a path, and OPTIONS * answers for the server", async () => {
  const { server } = await httpServing(routes);
  const { status, headers } = await askHttp(server, getRequest("/files/x", [], "OPTIONS"));
  expect([status, headers["allow"]]).toEqual([204, "GET, HEAD, OPTIONS"]);
  expect((await askHttp(server, getRequest("*", [], "OPTIONS"))).status).toBe(204);
});

test("a path or a method named like a property of Object is not found", async () => {
  const { server } = await httpServing(router({ "GET /a": named("a") }));
  for (const target of ["/constructor", "/__proto__"])
    expect((await askHttp(server, getRequest(target))).status).toBe(404);
  expect((await askHttp(server, getRequest("/a", [], "constructor"))).status).toBe(405);
});

test.for([
  "",
  "a",
  "GET a",
  "GET  /a",
  "G@T /a",
  "GET /a b",
  " /a",
  "get /a",
  "Post /a",
  "/a/*/b",
  "/**",
  "/a/:id",
  "/:id",
])("the key %j is refused", (key) => {
  expect(() => router({ [key]: named("a") })).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE" }));
});

test("a value that is not a handler is refused", () => {
  expect(() => router({ "/a": 5 as never })).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  expect(() => router(5 as never)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
});
