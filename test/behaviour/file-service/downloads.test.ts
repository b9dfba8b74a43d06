// GET and HEAD: files with conditions and ranges, listings, digests and archives.
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MAX_FOLDERS_READ } from "../../../src/services/files/listings.ts";
import { ALL_RIGHTS, askFiles, begunRequest, servedFiles } from "../../support/files-services.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { sha256 } from "../../support/sha256.ts";

const digestOf = (text: string): string => `sha-256=:${Buffer.from(sha256(text), "hex").toString("base64")}:`;

test("conditions and ranges are the web service's, with the digest of the whole", async () => {
  const { server } = await servedFiles();
  const { headers } = await askFiles(server, { method: "PUT", path: "/a.txt", body: "0123456789" });
  const part = await askFiles(server, { path: "/a.txt", headers: { Range: "bytes=2-4" } });
  expect(part).toMatchObject({
    status: 206,
    body: "234",
    headers: { "content-range": "bytes 2-4/10", "repr-digest": digestOf("0123456789") },
  });
  const etag = headers["etag"] ?? "";
  expect(await askFiles(server, { path: "/a.txt", headers: { "If-None-Match": etag } })).toMatchObject({ status: 304 });
  expect(await askFiles(server, { method: "HEAD", path: "/a.txt" })).toMatchObject({
    status: 200,
    headers: { "content-length": "10", etag },
  });
  expect(await askFiles(server, { path: "/a.txt", headers: { Range: "bytes=99-" } })).toMatchObject({ status: 416 });
});

test("a digest that is not known is computed when the client wants it", async () => {
  const { server, folder } = await servedFiles();
  writeFileSync(join(folder, "a"), "hello");
  expect((await askFiles(server, { path: "/a" })).headers["repr-digest"]).toBeUndefined();
  const headers = { "Want-Repr-Digest": "sha-256=1" };
  expect((await askFiles(server, { path: "/a", headers })).headers["repr-digest"]).toBe(digestOf("hello"));
  expect((await askFiles(server, { path: "/a" })).headers["repr-digest"]).toBe(digestOf("hello"));
});

test("a file that was replaced is sent at once", async () => {
  const { server } = await servedFiles({ allow: ALL_RIGHTS });
  for (const body of ["one", "two", "three"]) {
    await askFiles(server, { method: "PUT", path: "/a", body });
    expect((await askFiles(server, { path: "/a" })).body).toBe(body);
  }
});

test.each([
  ["a.txt", "inline"],
  ["a.png", "inline"],
  ["a.mp4", "inline"],
  ["a.pdf", "inline"],
  ["a.html", "attachment"],
  ["a.svg", "attachment"],
  ["a.xml", "attachment"],
  ["a.js", "attachment"],
  ["a", "attachment"],
])("%s is sent %s, and runs nothing", async (name, kind) => {
  const { server } = await servedFiles();
  await askFiles(server, { method: "PUT", path: `/${name}`, body: "<script>" });
  const { headers } = await askFiles(server, { path: `/${name}` });
  expect(headers["content-disposition"]).toMatch(new RegExp(`^${kind};`));
  expect(headers).toMatchObject({
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
  });
});

test("the name in Content-Disposition cannot begin another field", async () => {
  const { server } = await servedFiles();
  await askFiles(server, { method: "PUT", path: "/a%22b%25%C3%A4%3B'.bin", body: "x" });
  const { headers } = await askFiles(server, { path: "/a%22b%25%C3%A4%3B'.bin" });
  expect(headers["content-disposition"]).toBe(
    "attachment; filename=\"a_b__;'.bin\"; filename*=UTF-8''a%22b%25%C3%A4%3B%27.bin",
  );
});

test("FILE.gz never stands in for FILE", async () => {
  const { server } = await servedFiles();
  await askFiles(server, { method: "PUT", path: "/a.txt", body: "mine" });
  await askFiles(server, { method: "PUT", path: "/a.txt.gz", body: "other" });
  const answer = await askFiles(server, { path: "/a.txt", headers: { "Accept-Encoding": "gzip, br" } });
  expect(answer).toMatchObject({ status: 200, body: "mine" });
});

test("a folder is listed as a page, as JSON and as digests; its state is not there", async () => {
  const { server, folder } = await servedFiles();
  await askFiles(server, { method: "PUT", path: "/b%20%3C.txt", body: "hello" });
  mkdirSync(join(folder, "dir"));
  symlinkSync("/etc/passwd", join(folder, "link"));
  const page = await askFiles(server, { path: "/" });
  expect(page.headers).toMatchObject({ "content-type": "text/html; charset=utf-8" });
  expect(page.body).toContain("b &lt;.txt");
  for (const hidden of ["sockwright", "link"]) expect(page.body).not.toContain(`>${hidden}`);
  const json = await askFiles(server, { path: "/?json" });
  expect(JSON.parse(json.body)).toMatchObject({
    path: "/",
    isComplete: true,
    entries: [
      { name: "b <.txt", type: "file", size: 5, sha256: sha256("hello") },
      { name: "dir", type: "folder" },
    ],
  });
  expect(await askFiles(server, { path: "/", headers: { Accept: "application/json" } })).toMatchObject({
    body: json.body,
  });
  expect((await askFiles(server, { path: "/?sha256" })).body).toBe(`${sha256("hello")}  b <.txt\n`);
  expect(await askFiles(server, { path: "/dir" })).toMatchObject({ status: 301, headers: { location: "/dir/" } });
  expect(await askFiles(server, { path: "/link" })).toMatchObject({ status: 404 });
  expect(await askFiles(server, { path: "/none/" })).toMatchObject({ status: 404 });
});

test("more folders are asked for than are read at once: MAX_FOLDERS_READ", async () => {
  const { server } = await servedFiles();
  const asked = Array.from({ length: MAX_FOLDERS_READ + 6 }, () => askFiles(server, { path: "/?json" }));
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 200));
});

test("sha256sum checks the digests of a folder", async () => {
  const { server, folder } = await servedFiles();
  for (const name of ["a", "b c", "ä"])
    await askFiles(server, { method: "PUT", path: `/${encodeURIComponent(name)}`, body: name });
  const sums = await askFiles(server, { path: "/?sha256" });
  const output = execFileSync("sha256sum", ["-c", "--strict"], {
    cwd: folder,
    input: Buffer.from(sums.body, "latin1"),
  });
  expect(output.toString().match(/OK$/gm)).toHaveLength(3);
});

test("an archive is what tar reads: long names, times, empty files and folders", async () => {
  const { server, folder } = await servedFiles();
  const long = `${"long name ".repeat(20)}ä`.slice(0, 200);
  mkdirSync(join(folder, "dir", "empty"), { recursive: true });
  writeFileSync(join(folder, "dir", long), "hello");
  writeFileSync(join(folder, "dir", "none"), "");
  writeFileSync(join(folder, "dir", "big"), Buffer.alloc(700_000, "abc"));
  utimesSync(join(folder, "dir", "none"), 1_000_000_000, 1_000_000_000);
  const { body, headers } = await askFiles(server, { path: "/dir/?archive=tar" });
  expect(headers).toMatchObject({
    "content-type": "application/x-tar",
    "content-disposition": expect.stringContaining('"dir.tar"'),
  });
  const target = temporaryFolder();
  execFileSync("tar", ["-xf", "-", "-C", target], { input: Buffer.from(body, "latin1") });
  expect(execFileSync("diff", ["-r", join(folder, "dir"), target]).toString()).toBe("");
  expect(
    execFileSync("stat", ["-c", "%Y", join(target, "none")])
      .toString()
      .trim(),
  ).toBe("1000000000");
  expect(await askFiles(server, { path: "/dir/?archive=zip" })).toMatchObject({ status: 400 });
});

test("a client that leaves an archive ends it", async () => {
  const { server, folder } = await servedFiles();
  writeFileSync(join(folder, "big"), "");
  truncateSync(join(folder, "big"), 200_000_000);
  const client = await begunRequest(server, { path: "/?archive=tar" });
  await client.readExactly(100_000);
  await client.close();
  expect((await askFiles(server, { path: "/?json" })).status).toBe(200);
});
