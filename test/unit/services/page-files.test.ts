// The built-in pages and the headers they are sent with.
import { expect, test } from "vitest";
import { type HttpHandler, http, mounts } from "../../../src/http.ts";
import { PageFiles } from "../../../src/services/page-files.ts";
import { askHttp, getRequest } from "../../support/http-talk.ts";
import { serving } from "../../support/serving.ts";

const page: HttpHandler = (request) => new PageFiles("chat").answer(request) ?? { status: 404, body: "other" };
const service = mounts({ "/chat/": http(page) });

test.for([
  ["/chat/", "text/html; charset=utf-8"],
  ["/chat/style.css", "text/css; charset=utf-8"],
  ["/chat/page.js", "text/javascript; charset=utf-8"],
  ["/chat/icon.svg", "image/svg+xml"],
] as const)("%s is sent with a policy that allows nothing else", async ([path, type]) => {
  const server = await serving(service);
  const { status, headers } = await askHttp(server, getRequest(path));
  expect([status, headers["content-type"], headers["cache-control"]]).toEqual([200, type, "no-cache"]);
  expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'");
  const again = await askHttp(server, getRequest(path, [`If-None-Match: ${headers["etag"]}`]));
  expect([again.status, again.body]).toEqual([304, ""]);
  expect((await askHttp(server, getRequest(path, ['If-Match: "other"']))).status).toBe(412);
  const post = await askHttp(server, getRequest(path, [], "POST"));
  expect([post.status, post.headers["allow"]]).toEqual([405, "GET, HEAD"]);
});

test("other paths are left to the next handler", async () => {
  expect((await askHttp(await serving(service), getRequest("/chat/other"))).body).toBe("other");
});
