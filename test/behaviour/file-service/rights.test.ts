// Who may do what: users, their rights by path, false credentials, hosts and origins, and links.
import { createHash, scryptSync } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Server } from "../../../src/server/server.ts";
import { files } from "../../../src/services/files/files.ts";
import { signedQuery } from "../../../src/services/files/signed-link.ts";
import { askFiles, filesProblemOf, locationOf, servedFiles } from "../../support/files-services.ts";
import { temporaryFolder } from "../../support/folders.ts";
import type { Answer } from "../../support/http-talk.ts";
import { serving } from "../../support/serving.ts";

const SALT = Buffer.alloc(16, 7);
const PASSWORD = `scrypt:16:8:1:${SALT.toString("base64")}:${scryptSync("secret", SALT, 32, { cost: 16 }).toString("base64")}`;
const TOKEN = `sha256:${createHash("sha256").update("ci-token").digest("hex")}`;

const USERS = `
[anonymous]
allow = []
[[user]]
name = "ci"
token = "${TOKEN}"
[[user]]
name = "ann"
password = "${PASSWORD}"
groups = ["staff"]
[[path]]
path = "/pub/"
user = "*"
allow = ["list", "read"]
[[path]]
path = "/pub/"
user = "+"
allow = ["create"]
[[path]]
path = "/drop/"
user = "ci"
allow = ["create"]
[[path]]
path = "/drop/"
user = "@staff"
allow = ["list", "read", "delete"]
[[path]]
path = "/drop/inner/"
user = "ann"
allow = ["list"]
`;

const ANN = { Authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` };
const CI = { Authorization: "Bearer ci-token" };

async function withUsers(users = USERS): Promise<{ server: Server; folder: string }> {
  const file = join(temporaryFolder(), "users.toml");
  writeFileSync(file, users, { mode: 0o600 });
  const { server, folder } = await servedFiles({ users: file });
  for (const name of ["pub", "drop", "drop/inner", "other"]) mkdirSync(join(folder, name));
  for (const name of ["pub/a", "drop/a", "drop/inner/a", "other/a"]) writeFileSync(join(folder, name), "hello");
  return { server, folder };
}

test.each([
  ["GET", "/pub/a", {}, 200],
  ["GET", "/pub/", {}, 200],
  ["GET", "/pub", {}, 301],
  ["PUT", "/pub/b", {}, 401],
  ["PUT", "/pub/b", CI, 201],
  ["PUT", "/pub/a", CI, 409],
  ["DELETE", "/pub/a", CI, 403],
  ["GET", "/drop/a", {}, 401],
  ["GET", "/drop/a", CI, 404],
  ["GET", "/drop/", CI, 404],
  ["PUT", "/drop/b", CI, 201],
  ["GET", "/drop/a", ANN, 200],
  ["PUT", "/drop/b", ANN, 403],
  ["DELETE", "/drop/a", ANN, 204],
  ["GET", "/drop/inner/", ANN, 200],
  ["GET", "/drop/inner/a", ANN, 403],
  ["GET", "/drop/inner/a", CI, 404],
  ["GET", "/other/a", ANN, 404],
  ["GET", "/other/a", {}, 401],
  ["GET", "/", ANN, 404],
  ["PUT", "/x", ANN, 403],
  ["MKCOL", "/drop/x/", CI, 201],
  ["MKCOL", "/x/", CI, 403],
] as const)("%s %s with %j gets %d", async (method, path, headers, status) => {
  const { server } = await withUsers();
  const answer = await askFiles(server, { method, path, headers, ...(method === "PUT" ? { body: "x" } : {}) });
  expect(answer.status).toBe(status);
  const challenge = answer.headers["www-authenticate"];
  expect(challenge).toBe(status === 401 ? 'Basic realm="files", charset="UTF-8"\nBearer realm="files"' : undefined);
});

test("MOVE takes the rights of both ends, and no file to where others can read it", async () => {
  const { server, folder } = await withUsers();
  const move = async (path: string, to: string, headers: Record<string, string>): Promise<number> =>
    (await askFiles(server, { method: "MOVE", path, headers: { ...headers, Destination: to } })).status;
  expect(await move("/drop/a", "/pub/b", CI)).toBe(404);
  expect(await move("/pub/a", "/drop/b", CI)).toBe(403);
  expect(await move("/drop/", "/pub/drop/", ANN)).toBe(403);
  expect(await move("/drop/a", "/pub/b", ANN)).toBe(201);
  expect(readFileSync(join(folder, "pub/b"), "utf8")).toBe("hello");
});

test("an archive has only what its reader may read", async () => {
  const { server } = await withUsers();
  const { body, status } = await askFiles(server, { path: "/drop/?archive=tar", headers: ANN });
  expect(status).toBe(200);
  expect(body).toContain("a\0");
  expect(body).not.toContain("inner/a");
});

test("an upload belongs to its creator, by whatever protocol it is asked for", async () => {
  const { server } = await withUsers();
  const created = await askFiles(server, {
    method: "POST",
    path: "/drop/b",
    headers: { ...CI, "Upload-Complete": "?0" },
    body: "x",
  });
  const path = locationOf(created);
  for (const method of ["HEAD", "DELETE", "PATCH", "PUT"]) {
    for (const more of [{}, { "Tus-Resumable": "1.0.0" }]) {
      expect((await askFiles(server, { method, path, headers: more })).status).toBe(401);
      expect((await askFiles(server, { method, path, headers: { ...ANN, ...more } })).status).toBe(404);
    }
  }
  expect((await askFiles(server, { method: "HEAD", path, headers: CI })).headers["upload-offset"]).toBe("1");
});

test("no protocol steps round the rights of another", async () => {
  const { server } = await withUsers();
  const tus = {
    "Tus-Resumable": "1.0.0",
    "Upload-Length": "1",
    "Upload-Metadata": `filename ${Buffer.from("x").toString("base64")}`,
  };
  const form = { "Content-Type": "multipart/form-data; boundary=x" };
  const body = '--x\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nx\r\n--x--\r\n';
  for (const [headers, status] of [
    [{}, 401],
    [ANN, 403],
  ] as const) {
    expect((await askFiles(server, { method: "POST", path: "/other/", headers: { ...tus, ...headers } })).status).toBe(
      status,
    );
    expect(
      (
        await askFiles(server, {
          method: "PUT",
          path: "/other/x",
          headers: { "Upload-Complete": "?1", ...headers },
          body: "x",
        })
      ).status,
    ).toBe(status);
    expect(
      (
        await askFiles(server, {
          method: "POST",
          path: "/other/x",
          headers: { "Upload-Complete": "?0", ...headers },
          body: "x",
        })
      ).status,
    ).toBe(status);
    expect(
      (await askFiles(server, { method: "POST", path: "/other/", headers: { ...form, ...headers }, body })).status,
    ).toBe(status);
  }
  // A name in a form or in metadata cannot lead to another folder.
  const up = { ...tus, ...CI, "Upload-Metadata": `filename ${Buffer.from("../other/x").toString("base64")}` };
  expect((await askFiles(server, { method: "POST", path: "/drop/", headers: up })).status).toBe(400);
});

test("false credentials: 401, and after ten of them 429 for all from that address", async () => {
  const { server } = await withUsers();
  const basic = (text: string): Record<string, string> => ({
    Authorization: `Basic ${Buffer.from(text).toString("base64")}`,
  });
  const statuses: number[] = [];
  const tries = [
    "ann:wrong",
    "nobody:secret",
    "ann",
    "",
    ":",
    "ci:secret",
    "ann:",
    "ANN:secret",
    "ann\0:secret",
    "x:y",
  ];
  for (const text of tries) statuses.push((await askFiles(server, { path: "/pub/a", headers: basic(text) })).status);
  expect(statuses).toEqual(tries.map(() => 401));
  expect(await askFiles(server, { path: "/pub/a", headers: ANN })).toMatchObject({
    status: 429,
    headers: { "retry-after": "6" },
  });
  expect((await askFiles(server, { path: "/pub/a" })).status).toBe(200);
});

test("Basic takes a token, too", async () => {
  const { server } = await withUsers();
  const headers = { Authorization: `Basic ${Buffer.from("ci:ci-token").toString("base64")}` };
  expect((await askFiles(server, { method: "PUT", path: "/drop/b", headers, body: "x" })).status).toBe(201);
});

test("a users file that others may read is refused", async () => {
  const file = join(temporaryFolder(), "users.toml");
  writeFileSync(file, USERS);
  chmodSync(file, 0o644);
  await expect(servedFiles({ users: file })).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_USERS_FILE" });
});

test("without users: rights on a listener of this machine alone", async () => {
  const folder = temporaryFolder();
  const server = await serving(files(folder), {}, "tcp://0.0.0.0:0");
  const host = { Host: "127.0.0.1" };
  expect((await askFiles(server, { path: "/", headers: host })).status).toBe(403);
  expect((await askFiles(server, { method: "PUT", path: "/a", headers: host, body: "x" })).status).toBe(403);
});

test("a Host that is not the service's: 421; hosts names others", async () => {
  const { server } = await servedFiles({ hosts: ["files.example"] });
  expect(filesProblemOf(await askFiles(server, { path: "/", headers: { Host: "evil.example" } }))).toMatchObject({
    status: 421,
  });
  expect((await askFiles(server, { path: "/", headers: { Host: "files.example" } })).status).toBe(200);
});

test("a page of another site may change nothing, unless its origin is allowed", async () => {
  const { server } = await servedFiles({ allowOrigins: ["https://app.example"] });
  const evil = { Origin: "https://evil.example" };
  const put = (headers: Record<string, string>): Promise<Answer> =>
    askFiles(server, { method: "PUT", path: "/a", headers, body: "x" });
  for (const method of ["PUT", "POST", "PATCH", "DELETE", "MOVE", "MKCOL"]) {
    expect((await askFiles(server, { method, path: "/a", headers: evil })).status).toBe(403);
  }
  expect((await put({ Origin: "null" })).status).toBe(403);
  const allowed = await put({ Origin: "https://app.example" });
  expect(allowed).toMatchObject({
    status: 201,
    headers: { "access-control-allow-origin": "https://app.example", vary: "Origin" },
  });
  expect(allowed.headers["access-control-expose-headers"]).toContain("Upload-Offset");
  const preflight = await askFiles(server, {
    method: "OPTIONS",
    path: "/.uploads/x",
    headers: { Origin: "https://app.example", "Access-Control-Request-Method": "PATCH" },
  });
  expect(preflight.headers["access-control-allow-methods"]).toContain("PATCH");
  expect(preflight.headers["access-control-allow-headers"]).toContain("Tus-Resumable");
  const other = await askFiles(server, {
    method: "OPTIONS",
    path: "/",
    headers: { ...evil, "Access-Control-Request-Method": "PUT" },
  });
  expect(other.headers["access-control-allow-origin"]).toBeUndefined();
});

test("a link gives the right to read one file until it expires", async () => {
  const { server, folder } = await withUsers();
  const key = readFileSync(join(folder, ".sockwright/link-key"));
  const query = signedQuery(key, "other/a", Date.now() + 60_000);
  expect(await askFiles(server, { path: `/other/a?${query}` })).toMatchObject({ status: 200, body: "hello" });
  expect((await askFiles(server, { path: `/drop/a?${query}` })).status).toBe(401);
  expect((await askFiles(server, { method: "DELETE", path: `/other/a?${query}` })).status).toBe(401);
  expect((await askFiles(server, { path: `/other/a?${signedQuery(key, "other/a", Date.now() - 1_000)}` })).status).toBe(
    401,
  );
  expect(
    (await askFiles(server, { path: `/other/a?${query.replace(/expires=\d+/, "expires=99999999999")}` })).status,
  ).toBe(401);
});
