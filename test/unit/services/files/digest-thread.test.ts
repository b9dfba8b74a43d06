import { appendFileSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { DigestThread } from "../../../../src/services/files/digest-thread.ts";
import { freePath } from "../../../support/folders.ts";
import { sha256 } from "../../../support/sha256.ts";

function thread(): DigestThread {
  const own = new DigestThread();
  onTestFinished(() => own.close());
  return own;
}

test("the digest of a whole file", async () => {
  const path = freePath("file");
  const bytes = Buffer.alloc(2_500_000, "abc");
  writeFileSync(path, bytes);
  expect(await thread().digestOf(path)).toBe(sha256(bytes));
  await expect(thread().digestOf(`${path}-none`)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a prefix is verified, and the hash goes on with the file", async () => {
  const path = freePath("file");
  writeFileSync(path, "hello");
  const own = thread();
  expect(await own.verify(path, 5, sha256("other"))).toBeUndefined();
  expect(await own.verify(path, 6, sha256("hello"))).toBeUndefined();
  const hash = await own.verify(path, 4, sha256("hell"));
  if (hash === undefined) throw new Error("the prefix is right");
  const start = hash.mark();
  appendFileSync(path, " world");
  hash.update(Buffer.from("o world"));
  const end = hash.mark();
  expect(hash.reset(start)).toBe(true);
  hash.update(Buffer.from("o world"));
  expect(await hash.mark().digest()).toBe(sha256("hello world"));
  // The thread has read on, and cannot go back.
  expect(hash.reset(start)).toBe(false);
  expect(await end.digest()).toBe(sha256("hello world"));
  hash.close();
});

test("calls that wait when the thread ends are refused, and later ones", async () => {
  const path = freePath("file");
  writeFileSync(path, Buffer.alloc(10_000_000));
  const own = new DigestThread();
  const waiting = own.digestOf(path);
  await Promise.all([expect(waiting).rejects.toThrow("closed"), own.close()]);
  await expect(own.digestOf(path)).rejects.toThrow("closed");
});
