// What a handler receives for a request.
import { expect, test } from "vitest";
import type { HttpContext, HttpRequest } from "../../../src/http.ts";
import { askHttp, getRequest, httpServing } from "../../support/http-talk.ts";

/** The request and its context, as a handler gets them. */
async function told(bytes: string): Promise<[HttpRequest, HttpContext]> {
  const given: [HttpRequest, HttpContext][] = [];
  const { server } = await httpServing((request, context) => {
    given.push([request, context]);
    return {};
  });
  await askHttp(server, bytes);
  const [first] = given;
  if (first === undefined) throw new Error("the handler was not asked");
  return first;
}

test("the target is available as sent, and split into its parts", async () => {
  const [request] = await told(getRequest("/a%20b/?x=1&x=%32&y?z"));
  expect([request.target, request.path, request.rawQuery]).toEqual([
    "/a%20b/?x=1&x=%32&y?z",
    "/a%20b/",
    "x=1&x=%32&y?z",
  ]);
  expect([...request.query]).toEqual([
    ["x", "1"],
    ["x", "2"],
    ["y?z", ""],
  ]);
  expect(request.query).toBe(request.query);
});

test("a request without a query has no rawQuery and an empty query", async () => {
  const [request] = await told(getRequest("/"));
  expect([request.rawQuery, [...request.query]]).toEqual([undefined, []]);
});

test("an absolute target gives the authority, and overrides Host", async () => {
  const [request] = await told("GET http://b:80/path?q HTTP/1.1\r\nHost: a\r\n\r\n");
  expect([request.authority, request.path, request.rawQuery]).toEqual(["b:80", "/path", "q"]);
});

test("method, version, headers and trailers are those of the request", async () => {
  const [request] = await told("brew /pot HTTP/1.0\r\nX-A: 1\r\nx-a: 2\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n");
  expect([request.method, request.version, request.authority]).toEqual(["brew", "1.0", ""]);
  expect([request.headers.get("x-A"), request.headers.get("cookie"), request.headers.all("X-a")]).toEqual([
    "1, 2",
    "a=1; b=2",
    ["1", "2"],
  ]);
  expect([request.trailers.size, (await request.bytes()).length, await request.text()]).toEqual([0, 0, ""]);
  const pieces: Buffer[] = [];
  for await (const piece of request.body) pieces.push(piece);
  expect(pieces).toEqual([]);
});

test("the context has the connection and its peer", async () => {
  const [, context] = await told(getRequest());
  expect(context.peer).toMatchObject({ host: "127.0.0.1" });
  expect(context.connection.peer).toEqual(context.peer);
});
