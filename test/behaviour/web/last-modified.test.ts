import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { serve } from "../../../src/server.ts";
import { web } from "../../../src/services/web/web.ts";
import { publicFolder } from "../../support/site-folder.ts";

const BUILT = "Sat, 15 Jun 2024 12:00:00 GMT";
const COMPRESSED = "Sat, 15 Jun 2024 12:00:09 GMT";
const PAGE = "page".repeat(100);

/** Serves these files with these modification times and requests the page. */
async function ask(modified: Readonly<Record<string, string>>, fields: Readonly<Record<string, string>>) {
  const folder = publicFolder();
  for (const [name, time] of Object.entries(modified)) {
    const path = join(folder, name);
    writeFileSync(path, name.endsWith(".gz") ? gzipSync(PAGE) : PAGE);
    utimesSync(path, new Date(time), new Date(time));
  }
  const server = await serve("http://127.0.0.1:0", web(folder));
  onTestFinished(async () => void (await server.close()));
  const answer = await fetch(`${server.urls[0]}/page.txt`, { headers: { Connection: "close", ...fields } });
  await answer.arrayBuffer();
  return { status: answer.status, lastModified: answer.headers.get("Last-Modified") };
}

const files = { "page.txt": BUILT, "page.txt.gz": COMPRESSED };

test("a precompressed form has its own date, and conditions compare that date", async () => {
  const gzip = { "Accept-Encoding": "gzip" };
  expect(await ask(files, gzip)).toEqual({ status: 200, lastModified: COMPRESSED });
  expect((await ask(files, { ...gzip, "If-Modified-Since": COMPRESSED })).status).toBe(304);
  expect((await ask(files, { ...gzip, "If-Modified-Since": BUILT })).status).toBe(200);
  expect((await ask(files, { ...gzip, "If-Unmodified-Since": COMPRESSED })).status).toBe(200);
  expect((await ask(files, { ...gzip, "If-Range": COMPRESSED, Range: "bytes=0-1" })).status).toBe(206);
  expect((await ask(files, { ...gzip, "If-Range": BUILT, Range: "bytes=0-1" })).status).toBe(200);
});

test("the uncompressed file has its own date", async () => {
  const plain = { "Accept-Encoding": "identity" };
  expect(await ask(files, plain)).toEqual({ status: 200, lastModified: BUILT });
  expect((await ask(files, { ...plain, "If-Modified-Since": BUILT })).status).toBe(304);
});

test("RFC 9110, section 8.8.2.1: a date in the future is neither sent nor compared", async () => {
  const later = { "page.txt": "Wed, 15 Jun 2095 12:00:00 GMT" };
  expect(await ask(later, {})).toEqual({ status: 200, lastModified: null });
  expect((await ask(later, { "If-Modified-Since": later["page.txt"] })).status).toBe(200);
});
