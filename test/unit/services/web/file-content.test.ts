import { appendFileSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PreparedResponse } from "../../../../src/http/service/prepared-response.ts";
import {
  MAX_HASHED_AT_ONCE_BYTES,
  MAX_TAGGED_CONTENT_BYTES,
  tagAtOnce,
  tagOfContent,
} from "../../../../src/services/web/content-tag.ts";
import { MAX_READS, readContent, UNSETTLED_MS, withSuffix } from "../../../../src/services/web/file-content.ts";
import type { FileStat } from "../../../../src/services/web/file-stat.ts";
import { ANSWER_BYTES, MAX_KEPT_CONTENT_BYTES, Representation } from "../../../../src/services/web/representation.ts";

const HEAD = { coding: "identity", mediaType: "text/plain", cacheControl: undefined, fields: [] } as const;

async function fileOf(content: string | Uint8Array): Promise<{ path: string; handle: FileHandle; stat: FileStat }> {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-content-"));
  const path = join(folder, "file");
  writeFileSync(path, content);
  const handle = await open(path);
  onTestFinished(async () => {
    await handle.close();
    rmSync(folder, { recursive: true });
  });
  return { path, handle, stat: statOf(path) };
}

function statOf(path: string): FileStat {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return { dev, ino, size: Number(size), mtimeNs, ctimeNs };
}

/** Calls `change` before each `stat`, that is, between the read of the file and the check after it. */
function changing(handle: FileHandle, change: () => void): FileHandle {
  return new Proxy(handle, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (name === "stat") change();
        return Reflect.apply(value, target, args);
      };
    },
  });
}

test("the tag of content is the same from a thread; up to 64 KiB it is computed without a thread", async () => {
  for (const bytes of [0, 1, MAX_HASHED_AT_ONCE_BYTES, MAX_HASHED_AT_ONCE_BYTES + 1]) {
    const content = Buffer.alloc(bytes, "x");
    const tag = tagOfContent(content);
    expect(typeof tag === "string").toBe(bytes <= MAX_HASHED_AT_ONCE_BYTES);
    expect(await tag).toBe(tagAtOnce(content));
  }
});

test("a file of up to 1 MiB is read; a larger one has a tag from its inode", async () => {
  const small = await fileOf(Buffer.alloc(MAX_TAGGED_CONTENT_BYTES, "x"));
  const read = await readContent(small.handle, small.stat, Date.now());
  expect([read.bytes?.length, read.tag]).toEqual([
    MAX_TAGGED_CONTENT_BYTES,
    tagAtOnce(Buffer.alloc(small.stat.size, "x")),
  ]);
  const large = await fileOf(Buffer.alloc(MAX_TAGGED_CONTENT_BYTES + 1));
  const { bytes, tag } = await readContent(large.handle, large.stat, Date.now());
  expect([bytes, tag.split("-").length]).toEqual([undefined, 4]);
});

test("a file that changes during the read is read again, and the result is one consistent state", async () => {
  const { path, handle, stat } = await fileOf("one");
  let changes = 0;
  const read = await readContent(
    changing(handle, () => changes++ === 0 && appendFileSync(path, "!")),
    stat,
    Date.now(),
  );
  expect([String(read.bytes), read.stat.size, changes]).toEqual(["one!", 4, 2]);
});

test(`a file that keeps changing is read ${MAX_READS} times, then has a tag from its inode`, async () => {
  const { path, handle, stat } = await fileOf("one");
  let changes = 0;
  const always = changing(handle, () => {
    changes++;
    appendFileSync(path, "!");
  });
  const { bytes, tag } = await readContent(always, stat, Date.now());
  expect([bytes, changes, tag.split("-").length]).toEqual([undefined, MAX_READS, 4]);
});

test("a file that has changed within the last two seconds is unsettled", async () => {
  const { path, handle } = await fileOf("one");
  utimesSync(path, new Date(0), new Date(0));
  const stat = statOf(path);
  const changedMs = Number(stat.ctimeNs / 1_000_000n);
  const settledAt = async (nowMs: number) => !(await readContent(handle, stat, nowMs)).isUnsettled;
  expect([await settledAt(changedMs + UNSETTLED_MS - 1), await settledAt(changedMs + UNSETTLED_MS)]).toEqual([
    false,
    true,
  ]);
});

test("a suffix of any length is part of the tag", async () => {
  const { handle, stat } = await fileOf("one");
  const content = await withSuffix(await readContent(handle, stat, Date.now()), Buffer.from("two"));
  expect([String(content.bytes), content.tag]).toEqual(["onetwo", tagAtOnce(Buffer.from("onetwo"))]);
});

test("the content is held in memory once: parts are views of the whole response", async () => {
  const bytes = 8_192;
  const { path, stat } = await fileOf(Buffer.alloc(bytes, "0123456789"));
  const handle = await open(path);
  const content = await readContent(handle, stat, Date.now());
  const form = new Representation(content, HEAD, handle);
  expect(form.heldBytes).toBe(2 * ANSWER_BYTES + bytes);
  const whole = form.whole();
  if (!(whole instanceof PreparedResponse)) throw new Error("It was not prepared");
  const part = form.part({ first: 12, last: 15 });
  expect(part).toEqual(Buffer.from("2345"));
  expect(part instanceof Buffer && part.buffer === whole.body.buffer).toBe(true);
  // A response with a later date uses other memory.
  const later = whole.encode(Date.now() + 60_000, true);
  expect([part, form.part({ first: 0, last: 3 })]).toEqual([Buffer.from("2345"), Buffer.from("0123")]);
  expect(later.subarray(-bytes).equals(content.bytes ?? Buffer.alloc(0))).toBe(true);
  while (handle.fd >= 0) await new Promise((resolve) => setImmediate(resolve));
});

// A file system allows times that an HTTP-date cannot express: RFC 9110, section 5.6.7.
test.for([
  [-62_167_219_200_000n, "Sat, 01 Jan 0000 00:00:00 GMT"],
  [-62_167_219_200_001n, undefined],
  [253_402_300_800_000n, undefined],
  [-9_223_372_036_854_775_808_000n, undefined],
  [9_223_372_036_854_775_807_000n, undefined],
] as const)("modified at %d ms, Last-Modified is %s", async ([mtimeMs, date]) => {
  const { path, handle, stat } = await fileOf("one");
  const content = await readContent(handle, stat, Date.now());
  const modified = { ...content, stat: { ...content.stat, mtimeNs: mtimeMs * 1_000_000n } };
  const form = new Representation(modified, HEAD, await open(path));
  expect(new Map(form.fields).get("Last-Modified")).toBe(date);
  form.close();
});

test("a file of up to 32 KiB is held in memory and its descriptor closed; a larger one keeps its descriptor", async () => {
  for (const bytes of [MAX_KEPT_CONTENT_BYTES, MAX_KEPT_CONTENT_BYTES + 1]) {
    const { path, stat } = await fileOf(Buffer.alloc(bytes));
    const handle = await open(path);
    const content = await readContent(handle, stat, Date.now());
    const form = new Representation(content, HEAD, handle);
    expect([form.isOpen, form.length]).toEqual([bytes > MAX_KEPT_CONTENT_BYTES, bytes]);
    form.close();
    while (handle.fd >= 0) await new Promise((resolve) => setImmediate(resolve));
  }
});
