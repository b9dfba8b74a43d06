// tus 1.0.0: core, creation, creation-with-upload, creation-defer-length, checksum, expiration, termination, concatenation.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Server } from "../../../src/server/server.ts";
import {
  ALL_RIGHTS,
  type AskedRequest,
  askFiles,
  begunRequest,
  filesProblemOf,
  locationOf,
  servedFiles,
} from "../../support/files-services.ts";
import type { Answer } from "../../support/http-talk.ts";
import { until } from "../../support/until.ts";

const TUS = { "Tus-Resumable": "1.0.0" };
const STREAM = { ...TUS, "Content-Type": "application/offset+octet-stream" };
const NAME = `filename ${Buffer.from("a.txt").toString("base64")}`;

function create(server: Server, headers: Record<string, string>, more: Partial<AskedRequest> = {}): Promise<Answer> {
  return askFiles(server, { method: "POST", path: "/", headers: { ...TUS, ...headers }, ...more });
}

function patch(
  server: Server,
  path: string,
  offset: number,
  body: string,
  more: Record<string, string> = {},
): Promise<Answer> {
  return askFiles(server, {
    method: "PATCH",
    path,
    headers: { ...STREAM, "Upload-Offset": `${offset}`, ...more },
    body,
  });
}

function uploadHead(server: Server, path: string): Promise<Answer> {
  return askFiles(server, { method: "HEAD", path, headers: TUS });
}

test("OPTIONS says what the service has", async () => {
  const { server } = await servedFiles({ maxFileBytes: 1_000 });
  expect(await askFiles(server, { method: "OPTIONS", path: "/" })).toMatchObject({
    status: 204,
    headers: {
      "tus-resumable": "1.0.0",
      "tus-version": "1.0.0",
      "tus-max-size": "1000",
      "tus-checksum-algorithm": "sha1,sha256",
      "tus-extension":
        "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation",
    },
  });
});

test("an upload in two requests", async () => {
  const { server, folder } = await servedFiles();
  const created = await create(server, { "Upload-Length": "10", "Upload-Metadata": NAME });
  expect(created).toMatchObject({ status: 201, headers: { "tus-resumable": "1.0.0" } });
  expect(Date.parse(created.headers["upload-expires"] ?? "")).toBeGreaterThan(Date.now());
  const path = locationOf(created);
  expect(await uploadHead(server, path)).toMatchObject({
    status: 200,
    headers: {
      "upload-offset": "0",
      "upload-length": "10",
      "upload-metadata": NAME,
      "cache-control": "no-store",
      "tus-resumable": "1.0.0",
    },
  });
  expect(await patch(server, path, 0, "hello")).toMatchObject({ status: 204, headers: { "upload-offset": "5" } });
  expect(existsSync(join(folder, "a.txt"))).toBe(false);
  expect(await patch(server, path, 5, "world")).toMatchObject({ status: 204, headers: { "upload-offset": "10" } });
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("helloworld");
  expect(await uploadHead(server, path)).toMatchObject({
    status: 200,
    headers: { "upload-offset": "10", "upload-length": "10" },
  });
  // The answer to the last request was lost.
  expect(await patch(server, path, 10, "")).toMatchObject({ status: 204, headers: { "upload-offset": "10" } });
});

test("the file goes to the folder of the request; without a name it has that of the upload", async () => {
  const { server, folder } = await servedFiles();
  await create(server, { "Upload-Length": "0", "Upload-Metadata": NAME }, { path: "/docs/" });
  expect(readFileSync(join(folder, "docs/a.txt"), "utf8")).toBe("");
  const created = await create(server, { "Upload-Length": "0" }, { path: "/docs" });
  const id = locationOf(created).split("/").at(-1) ?? "";
  expect(readFileSync(join(folder, "docs", id), "utf8")).toBe("");
});

test("creation with upload", async () => {
  const { server, folder } = await servedFiles();
  const headers = { ...STREAM, "Upload-Length": "10", "Upload-Metadata": NAME };
  const part = await create(server, headers, { body: "hello" });
  expect(part).toMatchObject({ status: 201, headers: { "upload-offset": "5" } });
  await patch(server, locationOf(part), 5, "world");
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("helloworld");
  const whole = { ...headers, "Upload-Length": "2", "Upload-Metadata": NAME.replace("filename", "other") };
  expect(await create(server, whole, { body: "ab" })).toMatchObject({ status: 201, headers: { "upload-offset": "2" } });
});

test("a length that is deferred", async () => {
  const { server, folder } = await servedFiles();
  const created = await create(server, { "Upload-Defer-Length": "1", "Upload-Metadata": NAME });
  const path = locationOf(created);
  expect((await uploadHead(server, path)).headers).toMatchObject({ "upload-offset": "0", "upload-defer-length": "1" });
  await patch(server, path, 0, "hello");
  expect(await patch(server, path, 5, "!", { "Upload-Length": "6" })).toMatchObject({ status: 204 });
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("hello!");
});

test.each([
  [{}, 400],
  [{ "Upload-Length": "-1" }, 400],
  [{ "Upload-Length": "x" }, 400],
  [{ "Upload-Length": "1", "Upload-Defer-Length": "1" }, 400],
  [{ "Upload-Defer-Length": "2" }, 400],
  [{ "Upload-Length": "101" }, 413],
  [{ "Upload-Length": "1", "Upload-Metadata": "filename !!!" }, 400],
  [{ "Upload-Length": "1", "Upload-Metadata": `${NAME},${NAME}` }, 400],
  [{ "Upload-Length": "1", "Upload-Metadata": `filename ${Buffer.from("../x").toString("base64")}` }, 400],
  [{ "Upload-Length": "1", "Upload-Metadata": `filename ${Buffer.from("..").toString("base64")}` }, 400],
  [{ "Upload-Length": "1", "Upload-Metadata": `filename ${Buffer.from(".x").toString("base64")}` }, 404],
  [{ "Upload-Length": "1", "Upload-Metadata": `filename ${Buffer.from([0xff]).toString("base64")}` }, 400],
  [{ "Upload-Length": "1", "Upload-Concat": "part" }, 400],
  [{ "Tus-Resumable": "0.2.2", "Upload-Length": "1" }, 412],
] as const)("creation with %j gets %d", async (headers, status) => {
  const { server, folder } = await servedFiles({ maxFileBytes: 100 });
  const answer = await create(server, headers);
  expect(filesProblemOf(answer)).toMatchObject({ status });
  expect(answer.headers).toMatchObject({ "tus-resumable": "1.0.0" });
  if (status === 412) expect(answer.headers["tus-version"]).toBe("1.0.0");
  expect(readdirSync(join(folder, ".sockwright/uploads"))).toEqual([]);
});

test("PATCH: another offset, type, or length is refused and changes nothing", async () => {
  const { server } = await servedFiles();
  const path = locationOf(await create(server, { "Upload-Length": "10" }));
  const refused = await patch(server, path, 3, "hello");
  expect(refused).toMatchObject({ status: 409, headers: { "upload-offset": "0" } });
  expect(await patch(server, path, 0, "hello", { "Content-Type": "text/plain" })).toMatchObject({ status: 415 });
  expect(await patch(server, path, 0, "hello", { "Upload-Offset": "" })).toMatchObject({ status: 400 });
  expect(await patch(server, path, 0, "hello", { "Upload-Length": "12" })).toMatchObject({ status: 400 });
  expect(await patch(server, path, 0, "12345678901")).toMatchObject({ status: 400 });
  expect((await uploadHead(server, path)).headers["upload-offset"]).toBe("0");
  expect(await uploadHead(server, "/.uploads/none")).toMatchObject({ status: 404 });
  expect(await askFiles(server, { method: "POST", path, headers: TUS })).toMatchObject({ status: 405 });
});

test("checksums: a wrong one gets 460 and the bytes do not count", async () => {
  const { server, folder } = await servedFiles();
  const path = locationOf(await create(server, { "Upload-Length": "5", "Upload-Metadata": NAME }));
  const checksum = (algorithm: string, text: string): Record<string, string> => ({
    "Upload-Checksum": `${algorithm} ${createHash(algorithm).update(text).digest("base64")}`,
  });
  expect(await patch(server, path, 0, "hel", checksum("sha1", "other"))).toMatchObject({ status: 460 });
  expect(await patch(server, path, 0, "hel", { "Upload-Checksum": "md5 AAAA" })).toMatchObject({ status: 400 });
  expect(await patch(server, path, 0, "hel", { "Upload-Checksum": "sha1 AAAA" })).toMatchObject({ status: 400 });
  expect((await uploadHead(server, path)).headers["upload-offset"]).toBe("0");
  expect(await patch(server, path, 0, "hel", checksum("sha1", "hel"))).toMatchObject({ status: 204 });
  expect(await patch(server, path, 3, "lo", checksum("sha256", "lo"))).toMatchObject({ status: 204 });
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("hello");
});

test("a checked request that is cut off leaves nothing; another one leaves what has arrived", async () => {
  const { server, folder } = await servedFiles();
  const path = locationOf(await create(server, { "Upload-Length": "10" }));
  const part = join(folder, ".sockwright", path.replace(".uploads", "uploads").concat(".part"));
  const cut = async (more: Record<string, string>): Promise<string | undefined> => {
    const headers = { ...STREAM, "Upload-Offset": "0", "Content-Length": "5", ...more };
    const client = await begunRequest(server, { method: "PATCH", path, headers });
    client.write("hel");
    await client.end();
    for await (const _ of client);
    await client.close();
    return (await uploadHead(server, path)).headers["upload-offset"];
  };
  const digest = createHash("sha1").update("hello").digest("base64");
  expect(await cut({ "Upload-Checksum": `sha1 ${digest}` })).toBe("0");
  expect(await cut({})).toBe("3");
  expect(readFileSync(part, "utf8")).toBe("hel");
});

test("termination: an upload is removed, and its request ends", async () => {
  const { server, folder } = await servedFiles();
  const path = locationOf(await create(server, { "Upload-Length": "10" }));
  await patch(server, path, 0, "hello");
  const headers = { ...STREAM, "Upload-Offset": "5", "Content-Length": "5" };
  const client = await begunRequest(server, { method: "PATCH", path, headers });
  client.write("w");
  await until(() => readdirSync(join(folder, ".sockwright/uploads")).length === 2, "the upload");
  expect(await askFiles(server, { method: "DELETE", path, headers: TUS })).toMatchObject({ status: 204 });
  expect(readdirSync(join(folder, ".sockwright/uploads"))).toEqual([]);
  expect(await uploadHead(server, path)).toMatchObject({ status: 404 });
  await client.close();
});

test("X-HTTP-Method-Override stands for the method", async () => {
  const { server } = await servedFiles();
  const path = locationOf(await create(server, { "Upload-Length": "5" }));
  const headers = { ...STREAM, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH" };
  expect(await askFiles(server, { method: "POST", path, headers, body: "hello" })).toMatchObject({ status: 204 });
});

test("concatenation: parts make a file, are not files themselves, and must be complete", async () => {
  const { server, folder } = await servedFiles();
  const part = async (text: string): Promise<string> => {
    const headers = { ...STREAM, "Upload-Length": `${text.length}`, "Upload-Concat": "partial" };
    return locationOf(await create(server, headers, { body: text }));
  };
  const [one, two] = [await part("hello "), await part("world")];
  expect((await uploadHead(server, one)).headers).toMatchObject({ "upload-concat": "partial", "upload-offset": "6" });
  const open = locationOf(await create(server, { "Upload-Length": "3", "Upload-Concat": "partial" }));
  const join_ = (urls: string): Promise<Answer> =>
    create(server, { "Upload-Concat": `final;${urls}`, "Upload-Metadata": NAME });
  expect(await join_(`${one} ${open}`)).toMatchObject({ status: 400 });
  expect(await join_("/.uploads/none")).toMatchObject({ status: 400 });
  const final = await join_(`http://localhost${one} ${two} ${two}`);
  expect(final.status).toBe(201);
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("hello worldworld");
  expect(await uploadHead(server, locationOf(final))).toMatchObject({
    headers: {
      "upload-length": "16",
      "upload-offset": "16",
      "upload-concat": `final;http://localhost${one} ${two} ${two}`,
    },
  });
  expect(await patch(server, locationOf(final), 16, "x")).toMatchObject({ status: 403 });
  expect(readdirSync(folder).sort()).toEqual([".sockwright", "a.txt"]);
});

test("too many uploads that are not complete: 507", async () => {
  const { server } = await servedFiles({ maxPartials: 2, allow: ALL_RIGHTS });
  const one = await create(server, { "Upload-Length": "1" });
  await create(server, { "Upload-Length": "1" });
  expect(await create(server, { "Upload-Length": "1" })).toMatchObject({ status: 507 });
  await askFiles(server, { method: "DELETE", path: locationOf(one), headers: TUS });
  expect(await create(server, { "Upload-Length": "1" })).toMatchObject({ status: 201 });
});

test("a name that is taken: 409 at creation", async () => {
  const { server } = await servedFiles();
  await askFiles(server, { method: "PUT", path: "/a.txt", body: "x" });
  expect(await create(server, { "Upload-Length": "1", "Upload-Metadata": NAME })).toMatchObject({ status: 409 });
});
