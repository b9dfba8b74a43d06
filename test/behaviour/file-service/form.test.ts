// Forms: multipart/form-data, RFC 7578.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Server } from "../../../src/server/server.ts";
import {
  MAX_FORM_FIELD_BYTES,
  MAX_FORM_FIELDS,
  MAX_FORM_FILES,
  MAX_PART_HEADER_BYTES,
  MAX_PART_HEADERS,
} from "../../../src/services/files/form.ts";
import { ALL_RIGHTS, askFiles, begunRequest, servedFiles } from "../../support/files-services.ts";
import type { Answer } from "../../support/http-talk.ts";
import { sha256 } from "../../support/sha256.ts";
import { turn } from "../../support/until.ts";

const TYPE = "multipart/form-data; boundary=x";

function part(disposition: string, content: string): string {
  return `--x\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
}

function post(server: Server, body: string, headers: Record<string, string> = {}, path = "/"): Promise<Answer> {
  return askFiles(server, { method: "POST", path, headers: { "Content-Type": TYPE, ...headers }, body });
}

function incoming(folder: string): readonly string[] {
  return readdirSync(join(folder, ".sockwright/incoming"));
}

test("every file of a form is kept, other fields are passed over", async () => {
  const { server, folder } = await servedFiles();
  const body = `${part('name="f"; filename="a.txt"', "hello")}${part('name="t"', "text")}${part('name="g"; filename="dir/b.txt"', "world")}${part('name="h"; filename=""', "")}--x--\r\n`;
  const answer = await post(server, body, {}, "/d/");
  expect(answer.status).toBe(201);
  expect(JSON.parse(answer.body)).toEqual({
    files: [
      { name: "a.txt", size: 5, sha256: sha256("hello"), url: "/d/a.txt" },
      { name: "dir/b.txt", size: 5, sha256: sha256("world"), url: "/d/dir/b.txt" },
    ],
  });
  expect(readFileSync(join(folder, "d/a.txt"), "utf8")).toBe("hello");
  expect(readFileSync(join(folder, "d/dir/b.txt"), "utf8")).toBe("world");
});

test("a browser without scripts is sent back to the folder", async () => {
  const { server } = await servedFiles();
  const body = `${part('name="f"; filename="a.txt"', "hello")}--x--\r\n`;
  const answer = await post(server, body, { Accept: "text/html,*/*" }, "/d/");
  expect(answer).toMatchObject({ status: 303, headers: { location: "/d/" } });
});

test.each([
  ["../../etc/passwd", 400],
  ["/etc/passwd", 400],
  ["a\\..\\b", 400],
  ["..", 400],
  [".hidden", 404],
  ["a\u202eb", 400],
  ["a".repeat(300), 414],
  [`${"a".repeat(5_000)}`, 414],
])("the name %.20j gets %d, and nothing of the form is kept", async (name, status) => {
  const { server, folder } = await servedFiles();
  const body = `${part('name="f"; filename="good.txt"', "hello")}--x\r\nContent-Disposition: form-data; name="g"; filename="${Buffer.from(name.replaceAll("\\", "\\\\"))}"\r\n\r\nx\r\n--x--\r\n`;
  expect(await post(server, body)).toMatchObject({ status });
  expect(readdirSync(folder)).toEqual([".sockwright"]);
  expect(incoming(folder)).toEqual([]);
});

test("a form that is cut at any byte leaves nothing", async () => {
  const { server, folder } = await servedFiles({ allow: ALL_RIGHTS });
  const body = `${part('name="f"; filename="a.txt"', "hello")}--x--`;
  for (let cut = 0; cut < body.length; cut += 3) {
    expect(await post(server, body.slice(0, cut))).toMatchObject({ status: 400 });
    expect(existsSync(join(folder, "a.txt"))).toBe(false);
  }
  expect(await post(server, body)).toMatchObject({ status: 201 });
  expect(incoming(folder)).toEqual([]);
});

test("a form without a boundary, and one with another", async () => {
  const { server } = await servedFiles();
  const body = `${part('name="f"; filename="a.txt"', "hello")}--x--\r\n`;
  expect(await post(server, body, { "Content-Type": "multipart/form-data" })).toMatchObject({ status: 400 });
  expect(await post(server, body, { "Content-Type": "multipart/form-data; boundary=y" })).toMatchObject({
    status: 400,
  });
});

test("too many files or fields: 413", async () => {
  const { server, folder } = await servedFiles({ allow: ALL_RIGHTS });
  const files = (count: number): string =>
    `${Array.from({ length: count }, (_, at) => part(`name="f"; filename="${at}"`, "x")).join("")}--x--\r\n`;
  expect(await post(server, files(MAX_FORM_FILES + 1))).toMatchObject({ status: 413 });
  expect(readdirSync(folder)).toEqual([".sockwright"]);
  expect(await post(server, files(MAX_FORM_FILES))).toMatchObject({ status: 201 });
  const fields = `${Array.from({ length: MAX_FORM_FIELDS + 1 }, () => part('name="f"', "x")).join("")}--x--\r\n`;
  expect(await post(server, fields)).toMatchObject({ status: 413 });
});

test("a name that is taken: 409, and a file that is too large: 413", async () => {
  const { server, folder } = await servedFiles({ maxFileBytes: 1_000 });
  const body = `${part('name="f"; filename="a"', "hello")}--x--\r\n`;
  expect(await post(server, body)).toMatchObject({ status: 201 });
  expect(await post(server, body)).toMatchObject({ status: 409 });
  const large = `${part('name="f"; filename="b"', "x".repeat(1_001))}--x--\r\n`;
  expect(await post(server, large)).toMatchObject({ status: 413 });
  expect(incoming(folder)).toEqual([]);
});

test("a field that is too long, and header fields of a part that are too many, are passed over", async () => {
  const { server, folder } = await servedFiles();
  const field = part('name="t"', "x".repeat(MAX_FORM_FIELD_BYTES + 1));
  const headers = Array.from({ length: MAX_PART_HEADERS + 1 }, (_, at) => `X-${at}: y\r\n`).join("");
  const file = part('name="f"; filename="a"', "hello").replace("\r\n\r\n", `\r\n${headers}\r\n`);
  expect(await post(server, `${field}${file}--x--\r\n`)).toMatchObject({ status: 201 });
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("hello");
  const long = part('name="f"; filename="b"', "hello").replace(
    "\r\n\r\n",
    `\r\nX: ${"y".repeat(MAX_PART_HEADER_BYTES)}\r\n\r\n`,
  );
  expect([201, 400]).toContain((await post(server, `${long}--x--\r\n`)).status);
  expect(readdirSync(join(folder, ".sockwright/incoming"))).toEqual([]);
});

test("a file that is refused while the client pauses: the form fails with its next bytes, and the process goes on", async () => {
  const { server, folder } = await servedFiles();
  await askFiles(server, { method: "PUT", path: "/a", body: "x" });
  const body = `${part('name="f"; filename="a"', "hello")}--x--\r\n`;
  const headers = { "Content-Type": TYPE, "Content-Length": `${body.length}` };
  const client = await begunRequest(server, { method: "POST", path: "/", headers });
  client.write(body.slice(0, -8));
  await turn(50);
  client.write(body.slice(-8));
  expect(String(await client.readUntil("\r\n"))).toContain("409");
  expect(incoming(folder)).toEqual([]);
});
