// The store as a whole: one process, the quota, what is in the folder, and what is known of it.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { QUOTA_COUNT_INTERVAL_MS } from "../../../../src/services/files/local-store.ts";
import { manualClock } from "../../../../src/testing.ts";
import { newUpload, openedStore } from "../../../support/file-stores.ts";
import { sha256 } from "../../../support/sha256.ts";
import { until } from "../../../support/until.ts";

type Store = Awaited<ReturnType<typeof openedStore>>["store"];

async function put(
  store: Store,
  path: string,
  text: string,
  onConflict: "fail" | "replace" = "replace",
): Promise<void> {
  const receiver = await store.receive({ path, onConflict }, { author: {} });
  try {
    await receiver.append(Buffer.from(text));
  } catch (error) {
    await receiver.discard();
    throw error;
  }
  await receiver.finish();
}

test("a second store on the folder is refused, and the first can be taken over", async () => {
  const { store, folder } = await openedStore();
  await expect(openedStore({}, folder)).rejects.toMatchObject({ code: "IN_USE" });
  await store.close();
  const later = await openedStore({}, folder);
  await put(later.store, "a", "hello");
});

test("the state is for this user alone, and a link in its place is refused", async () => {
  const { store, folder } = await openedStore();
  const state = join(folder, ".sockwright");
  expect(statSync(state).mode & 0o777).toBe(0o700);
  await store.close();
  renameSync(state, join(folder, "elsewhere"));
  symlinkSync("elsewhere", state);
  await expect(openedStore({}, folder)).rejects.toMatchObject({ code: "ENOTDIR" });
});

test("the quota counts what is there, and what is replaced, removed or cut off", async () => {
  const { store, folder } = await openedStore();
  writeFileSync(join(folder, "old"), "12345");
  await store.close();
  const { store: later } = await openedStore({ quotaBytes: 10 }, folder);
  await put(later, "a", "123");
  await expect(put(later, "b", "123")).rejects.toMatchObject({ code: "QUOTA" });
  await put(later, "a", "12");
  await expect(later.createUpload(newUpload("c", 4))).rejects.toMatchObject({ code: "QUOTA" });
  const upload = await later.createUpload(newUpload("c"));
  const writer = await upload.append({ offset: 0 });
  await writer.append(Buffer.from("123"));
  expect(() => writer.append(Buffer.from("4"))).toThrow(expect.objectContaining({ code: "QUOTA" }));
  await writer.end();
  await later.removeUpload(upload.head.id);
  await later.remove("old", {});
  await put(later, "b", "12345678");
});

test("the quota is counted anew: other programs remove files, too", async () => {
  const clock = manualClock();
  const { store, folder } = await openedStore();
  writeFileSync(join(folder, "old"), "12345");
  await store.close();
  const { store: later } = await openedStore({ quotaBytes: 5, clock }, folder);
  rmSync(join(folder, "old"));
  await expect(put(later, "a", "1")).rejects.toMatchObject({ code: "QUOTA" });
  clock.advance(QUOTA_COUNT_INTERVAL_MS);
  const isRoom = { value: false };
  await until(() => {
    put(later, "a", "1").then(
      () => {
        isRoom.value = true;
      },
      () => undefined,
    );
    return isRoom.value;
  }, "the count");
});

test("files that were there before: their digest is computed when it is asked for, and known until they change", async () => {
  const { store, folder } = await openedStore();
  writeFileSync(join(folder, "a"), "hello");
  expect(await store.sha256Of("a", false)).toBeUndefined();
  expect(await store.sha256Of("a", true)).toBe(sha256("hello"));
  expect(await store.sha256Of("a", false)).toBe(sha256("hello"));
  writeFileSync(join(folder, "a"), "other one");
  expect(await store.sha256Of("a", false)).toBeUndefined();
  await expect(store.sha256Of("none", true)).rejects.toMatchObject({ code: "MISSING" });
});

test("without digests there are none, and receipts all the same", async () => {
  const { store, folder } = await openedStore({ hasDigests: false });
  await put(store, "a", "hello");
  expect(await store.sha256Of("a", false)).toBeUndefined();
  expect(readFileSync(join(folder, ".sockwright/receipts.jsonl"), "utf8")).not.toContain("sha256");
});

test("the root may get another name while it is served", async () => {
  const { store, folder } = await openedStore();
  const moved = `${folder}-moved`;
  renameSync(folder, moved);
  await put(store, "a/b", "hello");
  expect(readFileSync(join(moved, "a/b"), "utf8")).toBe("hello");
  renameSync(moved, folder);
});

test("a link is removed and moved as a link", async () => {
  const { store, folder } = await openedStore();
  mkdirSync(join(folder, "dir"));
  writeFileSync(join(folder, "dir/a"), "hello");
  symlinkSync("dir", join(folder, "link"));
  await expect(put(store, "link/a", "x")).rejects.toMatchObject({ code: "NOT_FOLDER" });
  await expect(store.remove("link/a", {})).rejects.toMatchObject({ code: "NOT_FOLDER" });
  await store.remove("link", {});
  expect(readFileSync(join(folder, "dir/a"), "utf8")).toBe("hello");
});

test("closing ends requests: a whole file leaves nothing, an upload what it has received", async () => {
  const { store, folder } = await openedStore();
  const file = await store.receive({ path: "a", onConflict: "fail" }, { author: {} });
  await file.append(Buffer.from("hello"));
  const upload = await store.createUpload(newUpload("b"));
  const writer = await upload.append({ offset: 0 });
  await writer.append(Buffer.from("hello"));
  writer.onSuperseded = () => void writer.end();
  await store.close();
  expect(() => file.append(Buffer.from("x"))).toThrow(expect.objectContaining({ code: "CLOSED" }));
  await expect(put(store, "c", "x")).rejects.toMatchObject({ code: "CLOSED" });
  const later = await openedStore({}, folder);
  expect(await later.store.findUpload(upload.head.id)?.offset()).toBe(5);
});
