// The IETF draft for resumable uploads, -15 and interop versions 3, 5 and 6, and appends with Content-Range as curl sends them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Server } from "../../../src/server/server.ts";
import {
  answersOf,
  askFiles,
  askFilesAll,
  begunRequest,
  filesProblemOf,
  locationOf,
  servedFiles,
} from "../../support/files-services.ts";
import type { Answer } from "../../support/http-talk.ts";
import { sha256 } from "../../support/sha256.ts";

const DIGEST = `sha-256=:${Buffer.from(sha256("helloworld"), "hex").toString("base64")}:`;
const PARTIAL = "application/partial-upload";

function patch(
  server: Server,
  path: string,
  offset: number,
  body: string,
  more: Record<string, string> = {},
): Promise<Answer> {
  const headers = { "Content-Type": PARTIAL, "Upload-Offset": `${offset}`, "Upload-Complete": "?0", ...more };
  return askFiles(server, { method: "PATCH", path, headers, body });
}

function uploadHead(server: Server, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return askFiles(server, { method: "HEAD", path, headers });
}

/** Begins an upload of "helloworld", of which "hello" arrives. */
async function begunUpload(server: Server, path = "/a", headers: Record<string, string> = {}): Promise<string> {
  const created = await askFiles(server, {
    method: "POST",
    path,
    headers: { "Upload-Complete": "?0", ...headers },
    body: "hello",
  });
  expect(created.status).toBe(201);
  return locationOf(created);
}

test("a whole file in one request: 104 with the Location, then the answer with the same one", async () => {
  const { server, folder } = await servedFiles({ maxFileBytes: 1_000 });
  const answers = await askFilesAll(server, {
    method: "PUT",
    path: "/a",
    headers: { "Upload-Complete": "?1" },
    body: "helloworld",
  });
  const location = answers[0]?.headers["location"];
  expect(answers).toMatchObject([
    {
      status: 104,
      headers: {
        location: expect.stringMatching(/^\/\.uploads\/[\w-]{22}$/),
        "upload-limit": expect.stringContaining("max-size=1000"),
      },
    },
    { status: 201, headers: { location, "upload-complete": "?1", "upload-offset": "10", "repr-digest": DIGEST } },
  ]);
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("helloworld");
});

test("a file in several requests", async () => {
  const { server, folder } = await servedFiles();
  const path = await begunUpload(server, "/docs/a", { "Upload-Length": "10" });
  expect(await uploadHead(server, path)).toMatchObject({
    status: 204,
    headers: {
      "upload-offset": "5",
      "upload-complete": "?0",
      "upload-length": "10",
      "upload-limit": expect.stringContaining("max-age="),
      "cache-control": "no-store",
    },
  });
  expect(await askFiles(server, { path })).toMatchObject({ status: 204, headers: { "upload-offset": "5" } });
  expect(await patch(server, path, 5, "wor")).toMatchObject({
    status: 204,
    headers: { "upload-complete": "?0", "upload-offset": "8" },
  });
  expect(existsSync(join(folder, "docs"))).toBe(false);
  expect(await patch(server, path, 8, "ld", { "Upload-Complete": "?1" })).toMatchObject({
    status: 201,
    headers: { "upload-complete": "?1", location: "/docs/a", "repr-digest": DIGEST },
  });
  expect(readFileSync(join(folder, "docs/a"), "utf8")).toBe("helloworld");
  expect(await uploadHead(server, path)).toMatchObject({ headers: { "upload-offset": "10", "upload-complete": "?1" } });
  // The answer to the last request was lost.
  expect(await patch(server, path, 10, "", { "Upload-Complete": "?1" })).toMatchObject({
    status: 201,
    headers: { location: "/docs/a" },
  });
  expect(await patch(server, path, 10, "x", { "Upload-Complete": "?1" })).toMatchObject({ status: 409 });
});

test("a length that is not known before the end, and an end without bytes", async () => {
  const { server, folder } = await servedFiles();
  const path = await begunUpload(server);
  expect((await uploadHead(server, path)).headers["upload-length"]).toBeUndefined();
  await patch(server, path, 5, "world");
  expect(await patch(server, path, 10, "", { "Upload-Complete": "?1" })).toMatchObject({ status: 201 });
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("helloworld");
});

test("POST to a folder: the name is that of Content-Disposition, or the ID", async () => {
  const { server, folder } = await servedFiles();
  const post = (disposition: string | undefined): Promise<Answer> =>
    askFiles(server, {
      method: "POST",
      path: "/d/",
      headers: {
        "Upload-Complete": "?1",
        ...(disposition === undefined ? {} : { "Content-Disposition": disposition }),
      },
      body: "x",
    });
  await post('inline; filename="a b.txt"');
  await post("inline; filename=token; filename*=UTF-8''%C3%A4.txt");
  expect((await post('inline; filename="../x"')).status).toBe(400);
  const id =
    locationOf(await post(undefined))
      .split("/")
      .at(-1) ?? "";
  expect(readdirSync(join(folder, "d")).sort()).toEqual(["a b.txt", "ä.txt", id].sort());
});

test.each([
  ["3", "Upload-Incomplete", "?1", "?0"],
  ["5", "Upload-Complete", "?0", "?1"],
  ["6", "Upload-Complete", "?0", "?1"],
  ["99", "Upload-Complete", "?0", "?1"],
])("interop version %s", async (version, field, open, complete) => {
  const { server, folder } = await servedFiles();
  const own = { "Upload-Draft-Interop-Version": version };
  const isKnown = version !== "99";
  const answers = await askFilesAll(server, {
    method: "POST",
    path: "/a",
    headers: { ...own, [field]: open },
    body: "hello",
  });
  const named = isKnown ? { "upload-draft-interop-version": version } : {};
  expect(answers).toMatchObject([
    { status: 104, headers: named },
    { status: 201, headers: { ...named, [field.toLowerCase()]: open, "upload-offset": "5" } },
  ]);
  const path = locationOf(answers[0] as Answer);
  expect(await uploadHead(server, path, own)).toMatchObject({
    headers: { [field.toLowerCase()]: open, "upload-offset": "5" },
  });
  const type: Record<string, string> = version === "3" || version === "5" ? {} : { "Content-Type": PARTIAL };
  const headers = { ...own, ...type, "Upload-Offset": "5", [field]: complete };
  const last = await askFiles(server, { method: "PATCH", path, headers, body: "world" });
  expect(last).toMatchObject({ status: 201, headers: { ...named, [field.toLowerCase()]: complete } });
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("helloworld");
});

test("PATCH: what is wrong or missing is refused and changes nothing", async () => {
  const { server } = await servedFiles();
  const path = await begunUpload(server, "/a", { "Upload-Length": "10" });
  const conflict = await patch(server, path, 7, "xyz");
  expect(conflict).toMatchObject({ status: 409, headers: { "upload-offset": "5", "upload-complete": "?0" } });
  expect(filesProblemOf(conflict)).toMatchObject({
    type: "https://iana.org/assignments/http-problem-types#mismatching-upload-offset",
    "expected-offset": 5,
    "provided-offset": 7,
  });
  const length = await patch(server, path, 5, "wor", { "Upload-Complete": "?1" });
  expect(filesProblemOf(length)).toMatchObject({
    status: 400,
    type: "https://iana.org/assignments/http-problem-types#inconsistent-upload-length",
  });
  expect(await patch(server, path, 5, "wor", { "Upload-Length": "11" })).toMatchObject({ status: 400 });
  expect(await patch(server, path, 5, "worldandmore")).toMatchObject({ status: 400 });
  expect(await patch(server, path, 5, "wor", { "Content-Type": "text/plain" })).toMatchObject({ status: 415 });
  expect(await patch(server, path, 5, "wor", { "Upload-Offset": "x" })).toMatchObject({ status: 400 });
  expect(await patch(server, path, 5, "wor", { "Upload-Complete": "yes" })).toMatchObject({ status: 400 });
  expect((await uploadHead(server, path)).headers["upload-offset"]).toBe("5");
});

test("digests: of the body of a request, and of the whole file", async () => {
  const { server, folder } = await servedFiles();
  const path = await begunUpload(server);
  const digestOf = (text: string): string => `sha-256=:${Buffer.from(sha256(text), "hex").toString("base64")}:`;
  expect(await patch(server, path, 5, "world", { "Content-Digest": digestOf("other") })).toMatchObject({ status: 400 });
  expect((await uploadHead(server, path)).headers["upload-offset"]).toBe("5");
  await patch(server, path, 5, "world", { "Content-Digest": digestOf("world") });
  const last = { "Upload-Complete": "?1" };
  expect(await patch(server, path, 10, "", { ...last, "Repr-Digest": digestOf("other") })).toMatchObject({
    status: 400,
  });
  expect(existsSync(join(folder, "a"))).toBe(false);
  expect(await patch(server, path, 10, "", { ...last, "Repr-Digest": DIGEST })).toMatchObject({ status: 201 });
});

test("a request that is cut off: what has arrived is kept, also when a newer request comes first", async () => {
  const { server } = await servedFiles();
  const path = await begunUpload(server, "/a", { "Upload-Length": "10" });
  const headers = {
    "Content-Type": PARTIAL,
    "Upload-Offset": "5",
    "Upload-Complete": "?1",
    "Content-Length": "5",
    Expect: "100-continue",
  };
  const older = await begunRequest(server, { method: "PATCH", path, headers });
  expect(String(await older.readUntil("\r\n\r\n"))).toContain("100 Continue");
  older.write("wor");
  // Its connection is dead, and the server does not know it. Whether its bytes have come by now is left to the kernel.
  const offset = (await uploadHead(server, path)).headers["upload-offset"] ?? "";
  expect(["5", "8"]).toContain(offset);
  const [answer] = await answersOf(older);
  expect(answer?.status).toBe(409);
  await older.close();
  expect(
    await patch(server, path, Number(offset), "helloworld".slice(Number(offset)), { "Upload-Complete": "?1" }),
  ).toMatchObject({ status: 201 });
});

test("curl -C: PUT with Content-Range appends at its first byte, and ends at the last", async () => {
  const { server, folder } = await servedFiles();
  const path = await begunUpload(server, "/a", { "Upload-Length": "10" });
  const put = (range: string, body: string): Promise<Answer> =>
    askFiles(server, { method: "PUT", path, headers: { "Content-Range": range }, body });
  expect(await put("bytes 7-9/10", "rld")).toMatchObject({ status: 409, headers: { "upload-offset": "5" } });
  expect(await put("bytes 5-9/11", "world")).toMatchObject({ status: 400 });
  expect(await put("bytes 5-9/10", "wor")).toMatchObject({ status: 400 });
  expect(await put("items 5-9/10", "world")).toMatchObject({ status: 400 });
  const whole = await askFiles(server, { method: "PUT", path, body: "helloworld" });
  expect(whole).toMatchObject({ status: 409, headers: { "upload-offset": "5" } });
  expect(await put("bytes 5-6/10", "wo")).toMatchObject({ status: 204, headers: { "upload-offset": "7" } });
  expect(await put("bytes 7-9/10", "rld")).toMatchObject({
    status: 201,
    headers: { location: "/a", "repr-digest": DIGEST },
  });
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("helloworld");
});

test("curl -C 0: PUT without Content-Range is the whole, for an upload without bytes", async () => {
  const { server, folder } = await servedFiles();
  const headers = { "Upload-Complete": "?0", "Upload-Length": "10" };
  const path = locationOf(await askFiles(server, { method: "POST", path: "/a", headers }));
  expect(await askFiles(server, { method: "PUT", path, body: "helloworld" })).toMatchObject({ status: 201 });
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("helloworld");
});

test("one upload begun by tus, continued by the draft and ended by curl", async () => {
  const { server, folder } = await servedFiles();
  const tus = { "Tus-Resumable": "1.0.0" };
  const name = `filename ${Buffer.from("a").toString("base64")}`;
  const created = await askFiles(server, {
    method: "POST",
    path: "/",
    headers: { ...tus, "Upload-Length": "10", "Upload-Metadata": name },
  });
  const path = locationOf(created);
  const type = { ...tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0" };
  expect(await askFiles(server, { method: "PATCH", path, headers: type, body: "hel" })).toMatchObject({ status: 204 });
  expect(await patch(server, path, 3, "lowo")).toMatchObject({ status: 204 });
  const end = await askFiles(server, {
    method: "PUT",
    path,
    headers: { "Content-Range": "bytes 7-9/10" },
    body: "rld",
  });
  expect(end).toMatchObject({ status: 201, headers: { "repr-digest": DIGEST } });
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("helloworld");
});

test("DELETE removes an upload, and of one that has ended only what is known of it", async () => {
  const { server, folder } = await servedFiles();
  const path = await begunUpload(server);
  expect(await askFiles(server, { method: "DELETE", path })).toMatchObject({ status: 204 });
  expect(await uploadHead(server, path)).toMatchObject({ status: 404 });
  const whole = await askFiles(server, { method: "PUT", path: "/b", headers: { "Upload-Complete": "?1" }, body: "x" });
  expect(await askFiles(server, { method: "DELETE", path: locationOf(whole) })).toMatchObject({ status: 204 });
  expect(readFileSync(join(folder, "b"), "utf8")).toBe("x");
});

test("an upload goes on after the service has stopped and started again", async () => {
  const { server, folder } = await servedFiles();
  const path = await begunUpload(server, "/a", { "Upload-Length": "10" });
  await server.close();
  const later = await servedFiles({}, folder);
  expect(await uploadHead(later.server, path)).toMatchObject({ headers: { "upload-offset": "5" } });
  expect(await patch(later.server, path, 5, "world", { "Upload-Complete": "?1" })).toMatchObject({
    status: 201,
    headers: { "repr-digest": DIGEST },
  });
});
