// PUT, DELETE, MOVE and MKCOL of whole files.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { http, mounts } from "../../../src/http.ts";
import { files } from "../../../src/services/files/files.ts";
import {
  ALL_RIGHTS,
  askFiles,
  askFilesAll,
  begunRequest,
  filesProblemOf,
  servedFiles,
} from "../../support/files-services.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { serving } from "../../support/serving.ts";
import { sha256 } from "../../support/sha256.ts";
import { until } from "../../support/until.ts";

const DIGEST = `sha-256=:${Buffer.from(sha256("hello"), "hex").toString("base64")}:`;

function incoming(folder: string): readonly string[] {
  return readdirSync(join(folder, ".sockwright/incoming"));
}

test("a new file gets 201, a replaced one 204; folders are made; GET gives both tags", async () => {
  const { server, folder } = await servedFiles({ allow: ALL_RIGHTS });
  const put = { method: "PUT", path: "/a/b%20c/d.txt", body: "hello" };
  const created = await askFiles(server, put);
  expect(created).toMatchObject({ status: 201, headers: { "repr-digest": DIGEST, location: "/a/b%20c/d.txt" } });
  expect(readFileSync(join(folder, "a/b c/d.txt"), "utf8")).toBe("hello");
  const replaced = await askFiles(server, put);
  expect(replaced).toMatchObject({ status: 204, headers: { "repr-digest": DIGEST } });
  const got = await askFiles(server, { path: "/a/b%20c/d.txt" });
  expect(got).toMatchObject({
    status: 200,
    body: "hello",
    headers: {
      etag: created.headers["etag"],
      "repr-digest": DIGEST,
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
      "content-disposition": "inline; filename=\"d.txt\"; filename*=UTF-8''d.txt",
    },
  });
  expect(incoming(folder)).toEqual([]);
});

test("without the right to overwrite: 409, and If-None-Match: * gives 412", async () => {
  const { server, folder } = await servedFiles();
  const put = { method: "PUT", path: "/a", body: "hello" };
  expect(await askFiles(server, put)).toMatchObject({ status: 201 });
  const refused = await askFiles(server, { ...put, body: "other" });
  expect(filesProblemOf(refused)).toMatchObject({ status: 409, title: "Conflict" });
  const headers = { "If-None-Match": "*" };
  expect(await askFiles(server, { ...put, headers })).toMatchObject({ status: 412 });
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("hello");
});

test("If-None-Match: * and If-Match with the right to overwrite", async () => {
  const { server } = await servedFiles({ allow: ALL_RIGHTS });
  const put = { method: "PUT", path: "/a", body: "hello" };
  expect(await askFiles(server, { ...put, headers: { "If-Match": "*" } })).toMatchObject({ status: 412 });
  const { headers } = await askFiles(server, { ...put, headers: { "If-None-Match": "*" } });
  expect(await askFiles(server, { ...put, headers: { "If-None-Match": "*" } })).toMatchObject({ status: 412 });
  expect(await askFiles(server, { ...put, headers: { "If-Match": '"other"' } })).toMatchObject({ status: 412 });
  expect(await askFiles(server, { ...put, headers: { "If-Match": headers["etag"] ?? "" } })).toMatchObject({
    status: 204,
  });
});

test("onConflict rename: the file gets another name, which Location says", async () => {
  const { server, folder } = await servedFiles({ onConflict: "rename" });
  const put = { method: "PUT", path: "/a.txt", body: "hello" };
  await askFiles(server, put);
  const second = await askFiles(server, { ...put, body: "other" });
  expect(second).toMatchObject({ status: 201, headers: { location: "/a%20(2).txt" } });
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("hello");
  expect(readFileSync(join(folder, "a (2).txt"), "utf8")).toBe("other");
});

test("two clients create one file at once: one gets 201, the other 409", async () => {
  const { server, folder } = await servedFiles();
  const head = { method: "PUT", path: "/a", headers: { "Content-Length": "5" } };
  const [one, other] = [await begunRequest(server, head), await begunRequest(server, head)];
  await until(() => incoming(folder).length === 2, "both requests");
  one.write("hello");
  other.write("world");
  const answers = [String(await one.readUntil("\r\n")), String(await other.readUntil("\r\n"))].sort();
  expect(answers).toEqual(["HTTP/1.1 201 Created\r\n", "HTTP/1.1 409 Conflict\r\n"]);
  await one.close();
  await other.close();
});

test("a request that is cut off leaves nothing", async () => {
  const { server, folder, errors } = await servedFiles();
  const client = await begunRequest(server, { method: "PUT", path: "/a", headers: { "Content-Length": "5" } });
  client.write("he");
  await until(() => incoming(folder).length === 1, "the request");
  await client.close();
  await until(() => incoming(folder).length === 0, "the end of the file");
  expect(existsSync(join(folder, "a"))).toBe(false);
  expect(errors).toEqual([]);
});

test("digests: Repr-Digest and Content-Digest are checked", async () => {
  const { server, folder } = await servedFiles();
  const wrong = `sha-256=:${Buffer.alloc(32).toString("base64")}:`;
  for (const name of ["Repr-Digest", "Content-Digest"]) {
    const put = { method: "PUT", path: `/${name}`, body: "hello" };
    expect(await askFiles(server, { ...put, headers: { [name]: wrong } })).toMatchObject({ status: 400 });
    expect(await askFiles(server, { ...put, headers: { [name]: "sha-256=:xyz" } })).toMatchObject({ status: 400 });
    expect(existsSync(join(folder, name))).toBe(false);
    expect(await askFiles(server, { ...put, headers: { [name]: DIGEST } })).toMatchObject({ status: 201 });
  }
  expect(incoming(folder)).toEqual([]);
});

test("sizes: 413 for a file that is too large, with a length and without; 507 for the quota", async () => {
  const { server, folder } = await servedFiles({ maxFileBytes: 10, quotaBytes: 12 });
  const put = { method: "PUT", path: "/a" };
  expect(await askFiles(server, { ...put, body: "12345678901" })).toMatchObject({ status: 413 });
  const client = await begunRequest(server, { ...put, headers: { "Transfer-Encoding": "chunked" } });
  client.write("b\r\n12345678901\r\n0\r\n\r\n");
  expect(String(await client.readUntil("\r\n"))).toContain("413");
  expect(await askFiles(server, { ...put, body: "1234567890" })).toMatchObject({ status: 201 });
  const full = await askFiles(server, { ...put, path: "/b", body: "123" });
  expect(filesProblemOf(full)).toMatchObject({
    status: 507,
    detail: "The files of this server have reached its quota",
  });
  expect(await askFiles(server, { ...put, path: "/b", body: "12" })).toMatchObject({ status: 201 });
  expect(incoming(folder)).toEqual([]);
});

test.each([
  ["/../a", 400],
  ["/a/../b", 400],
  ["/%2e%2e/a", 400],
  ["/a%2fb", 400],
  ["/a%5cb", 400],
  ["/a%00", 400],
  ["/a%0a", 400],
  ["/a%e2%80%ae", 400],
  ["/a%e2%81%a6", 400],
  ["/%ff", 400],
  ["/a//b", 400],
  ["/.hidden", 404],
  ["/.sockwright/uploads/a", 404],
  ["/a/.b", 404],
  [`/${"a".repeat(256)}`, 414],
  [`/${"a".repeat(5_000)}`, 414],
  [`/${"%C3%A4".repeat(128)}`, 414],
  [`/${"abc/".repeat(600)}d`, 414],
] as const)("PUT %.40s gets %d", async (path, status) => {
  const { server, folder } = await servedFiles({ allow: ALL_RIGHTS });
  expect(await askFiles(server, { method: "PUT", path, body: "x" })).toMatchObject({ status });
  expect(readdirSync(folder)).toEqual([".sockwright"]);
});

test("a folder or a link in the way: 409, and nothing is written elsewhere", async () => {
  const { server, folder } = await servedFiles({ allow: ALL_RIGHTS });
  mkdirSync(join(folder, "dir"));
  mkdirSync(join(folder, "other"));
  symlinkSync("other", join(folder, "link"));
  symlinkSync("other/target", join(folder, "file-link"));
  writeFileSync(join(folder, "file"), "x");
  const put = async (path: string): Promise<number> =>
    (await askFiles(server, { method: "PUT", path, body: "x" })).status;
  expect(await put("/dir")).toBe(409);
  expect(await put("/dir/")).toBe(409);
  expect(await put("/file/a")).toBe(409);
  expect(await put("/link/a")).toBe(409);
  // The link itself is replaced.
  expect(await put("/file-link")).toBe(204);
  expect(readdirSync(join(folder, "other"))).toEqual([]);
});

test("Content-Range on the URL of a file is refused", async () => {
  const { server } = await servedFiles();
  const headers = { "Content-Range": "bytes 0-4/5" };
  expect(await askFiles(server, { method: "PUT", path: "/a", body: "hello", headers })).toMatchObject({ status: 400 });
});

test("DELETE removes a file or an empty folder", async () => {
  const { server, folder } = await servedFiles({ allow: ALL_RIGHTS });
  await askFiles(server, { method: "PUT", path: "/a/b", body: "hello" });
  const remove = async (path: string): Promise<number> => (await askFiles(server, { method: "DELETE", path })).status;
  expect(await remove("/a/")).toBe(409);
  expect(await remove("/a/b")).toBe(204);
  expect(await remove("/a/b")).toBe(404);
  expect(await remove("/a/")).toBe(204);
  expect(await remove("/")).toBe(403);
  expect(readdirSync(folder)).toEqual([".sockwright"]);
});

test("MOVE gives a file or a folder another name", async () => {
  const { server, folder } = await servedFiles({ allow: ALL_RIGHTS });
  await askFiles(server, { method: "PUT", path: "/a/b", body: "hello" });
  await askFiles(server, { method: "PUT", path: "/c", body: "other" });
  const move = async (path: string, to: string, more: Record<string, string> = {}): Promise<number> =>
    (await askFiles(server, { method: "MOVE", path, headers: { Destination: to, ...more } })).status;
  expect(await move("/a/b", "http://localhost/c", { Overwrite: "F" })).toBe(409);
  expect(await move("/a/b", "/c")).toBe(204);
  expect(readFileSync(join(folder, "c"), "utf8")).toBe("hello");
  expect(await move("/a", "/d")).toBe(201);
  expect(await move("/d", "/d/e")).toBe(409);
  expect(await move("/c", "/d/%ff")).toBe(400);
  expect(await move("/c", "/d/../x")).toBe(400);
  expect(await move("/c", "http://elsewhere.example/x")).toBe(502);
  expect(await move("/c", "x")).toBe(400);
  expect(await move("/none", "/x")).toBe(404);
  expect(await move("/c", "/d/c")).toBe(201);
  const got = await askFiles(server, { path: "/d/c" });
  expect(got).toMatchObject({ body: "hello", headers: { "repr-digest": DIGEST } });
});

test("MKCOL makes a folder", async () => {
  const { server, folder } = await servedFiles();
  const make = async (path: string): Promise<number> => (await askFiles(server, { method: "MKCOL", path })).status;
  expect(await make("/a/")).toBe(201);
  expect(await make("/a")).toBe(405);
  expect(await make("/b/c/")).toBe(409);
  expect(await askFiles(server, { method: "MKCOL", path: "/d/", body: "<x/>" })).toMatchObject({ status: 415 });
  expect(readdirSync(folder)).toEqual([".sockwright", "a"]);
});

test("Expect: 100-continue: a refused file is not sent", async () => {
  const { server } = await servedFiles();
  await askFiles(server, { method: "PUT", path: "/a", body: "hello" });
  const headers = { Expect: "100-continue", "Content-Length": "5" };
  const refused = await begunRequest(server, { method: "PUT", path: "/a", headers });
  expect(String(await refused.readUntil("\r\n"))).toContain("409");
  const answers = await askFilesAll(server, {
    method: "PUT",
    path: "/b",
    headers: { Expect: "100-continue" },
    body: "hello",
  });
  expect(answers.at(-1)?.status).toBe(201);
});

test("another method is refused, and POST without a protocol", async () => {
  const { server } = await servedFiles();
  expect(await askFiles(server, { method: "PROPFIND", path: "/" })).toMatchObject({ status: 405 });
  expect(await askFiles(server, { method: "PATCH", path: "/a", body: "x" })).toMatchObject({ status: 405 });
  expect(await askFiles(server, { method: "POST", path: "/", body: "x" })).toMatchObject({ status: 415 });
});

test("below a path of a shared listener: its own limit of a body, and its path in every Location", async () => {
  const folder = temporaryFolder();
  const mounted = mounts({
    "/f/": files(folder, { maxFileBytes: 3_000_000 }),
    "/": http(async (request) => ({ body: await request.text() })),
  });
  const server = await serving(mounted);
  const body = Buffer.alloc(2_000_000);
  expect(await askFiles(server, { method: "PUT", path: "/f/a", body })).toMatchObject({
    status: 201,
    headers: { location: "/f/a" },
  });
  expect((await askFiles(server, { method: "PUT", path: "/f/b", body: Buffer.alloc(3_000_001) })).status).toBe(413);
  expect((await askFiles(server, { method: "POST", path: "/other", body })).status).toBe(413);
  const headers = { "Upload-Complete": "?1" };
  const upload = await askFiles(server, { method: "PUT", path: "/f/c", headers, body: "x" });
  expect(upload.headers["location"]).toMatch(/^\/f\/\.uploads\//);
  const move = { method: "MOVE", path: "/f/c", headers: { Destination: "http://localhost/f/d" } };
  expect((await askFiles(server, move)).status).toBe(403);
  expect((await askFiles(server, { path: "/f/c" })).body).toBe("x");
});
