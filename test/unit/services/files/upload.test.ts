// Uploads that arrive in several requests: what lasts, what is told, and what becomes of them.
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Disk, localDisk } from "../../../../src/services/files/disk.ts";
import type { LocalStore } from "../../../../src/services/files/local-store.ts";
import { MAX_CHECK_WAIT_MS, type Upload } from "../../../../src/services/files/upload.ts";
import {
  CHECKPOINT_BYTES,
  CHECKPOINT_INTERVAL_MS,
  MAX_UNSYNCED_BYTES,
} from "../../../../src/services/files/upload-writer.ts";
import { manualClock } from "../../../../src/testing.ts";
import { newUpload, openedStore, recordingDisk, systemError } from "../../../support/file-stores.ts";
import { sha256 } from "../../../support/sha256.ts";
import { turn, until } from "../../../support/until.ts";

const BYTES = Buffer.from("The first part, the second part.");

async function appended(upload: Upload, offset: number, bytes: Uint8Array): Promise<number> {
  const writer = await upload.append({ offset });
  await writer.append(bytes);
  return await writer.end();
}

function uploadFiles(folder: string): readonly string[] {
  return readdirSync(join(folder, ".sockwright/uploads")).sort();
}

/** A store that takes up the uploads of one that was not closed. */
async function reopened(store: LocalStore, folder: string): Promise<LocalStore> {
  await store.close();
  return (await openedStore({}, folder)).store;
}

test("bytes of several requests become one file with a receipt", async () => {
  const { store, folder } = await openedStore();
  const upload = await store.createUpload(newUpload("docs/a.txt", BYTES.length));
  expect(await upload.offset()).toBe(0);
  expect(await appended(upload, 0, BYTES.subarray(0, 10))).toBe(10);
  expect(await upload.offset()).toBe(10);
  expect(existsSync(join(folder, "docs"))).toBe(false);
  expect(await appended(upload, 10, BYTES.subarray(10))).toBe(BYTES.length);
  const published = await upload.finish(sha256(BYTES), { user: "ann", address: "192.0.2.1" });
  expect(published).toMatchObject({ path: "docs/a.txt", size: BYTES.length, sha256: sha256(BYTES), isNew: true });
  expect(readFileSync(join(folder, "docs/a.txt"))).toEqual(BYTES);
  expect(uploadFiles(folder)).toEqual([`${upload.head.id}.journal`]);
  expect(await upload.offset()).toBe(BYTES.length);
  const receipts = readFileSync(join(folder, ".sockwright/receipts.jsonl"), "utf8");
  expect(JSON.parse(receipts)).toMatchObject({
    event: "created",
    path: "docs/a.txt",
    size: BYTES.length,
    sha256: sha256(BYTES),
    user: "ann",
    address: "192.0.2.1",
  });
});

test("after a restart an upload goes on, once its prefix was read again", async () => {
  const { store, folder } = await openedStore();
  const upload = await store.createUpload(newUpload("a", BYTES.length));
  await appended(upload, 0, BYTES.subarray(0, 10));
  const later = await reopened(store, folder);
  const same = later.findUpload(upload.head.id);
  if (same === undefined) throw new Error("the upload is lost");
  expect(same.length).toBe(BYTES.length);
  expect(await same.offset()).toBe(10);
  await appended(same, 10, BYTES.subarray(10, 20));
  await appended(same, 20, BYTES.subarray(20));
  expect(await same.finish(undefined, {})).toMatchObject({ sha256: sha256(BYTES) });
  expect(readFileSync(join(folder, "a"))).toEqual(BYTES);
});

test("an upload whose bytes were changed is gone for ever", async () => {
  const { store, folder } = await openedStore();
  const upload = await store.createUpload(newUpload("a"));
  await appended(upload, 0, BYTES);
  const part = join(folder, `.sockwright/uploads/${upload.head.id}.part`);
  await store.close();
  writeFileSync(part, BYTES.toString().replace("first", "worst"));
  const second = (await openedStore({}, folder)).store;
  await expect(second.findUpload(upload.head.id)?.offset()).rejects.toMatchObject({ code: "GONE" });
  expect(existsSync(part)).toBe(false);
  const third = await reopened(second, folder);
  await expect(third.findUpload(upload.head.id)?.offset()).rejects.toMatchObject({ code: "GONE" });
});

test("an upload whose file is shorter than its journal says is gone", async () => {
  for (const hasDigests of [true, false]) {
    const { store, folder } = await openedStore({ hasDigests });
    const upload = await store.createUpload(newUpload("a"));
    await appended(upload, 0, BYTES);
    await store.close();
    truncateSync(join(folder, `.sockwright/uploads/${upload.head.id}.part`), 5);
    const later = (await openedStore({ hasDigests }, folder)).store;
    await expect(later.findUpload(upload.head.id)?.offset()).rejects.toMatchObject({ code: "GONE" });
  }
});

test("bytes behind the last offset of the journal are cut off", async () => {
  const { store, folder } = await openedStore();
  const upload = await store.createUpload(newUpload("a"));
  await appended(upload, 0, BYTES.subarray(0, 10));
  const part = join(folder, `.sockwright/uploads/${upload.head.id}.part`);
  await store.close();
  writeFileSync(part, Buffer.concat([BYTES.subarray(0, 10), Buffer.from("never told")]));
  const later = (await openedStore({}, folder)).store.findUpload(upload.head.id);
  if (later === undefined) throw new Error("the upload is lost");
  await appended(later, 10, BYTES.subarray(10));
  await later.finish(sha256(BYTES), {});
  expect(readFileSync(join(folder, "a"))).toEqual(BYTES);
});

test("a torn line of the journal does not count, and the next line can be read", async () => {
  const { store, folder } = await openedStore();
  const upload = await store.createUpload(newUpload("a"));
  await appended(upload, 0, BYTES.subarray(0, 10));
  const journal = join(folder, `.sockwright/uploads/${upload.head.id}.journal`);
  const whole = readFileSync(journal, "utf8");
  await store.close();
  writeFileSync(journal, `${whole}{"type":"offset","offset":12,"sha`);
  const second = (await openedStore({}, folder)).store;
  const same = second.findUpload(upload.head.id);
  if (same === undefined) throw new Error("the upload is lost");
  expect(await same.offset()).toBe(10);
  await appended(same, 10, BYTES.subarray(10));
  const third = await reopened(second, folder);
  expect(await third.findUpload(upload.head.id)?.offset()).toBe(BYTES.length);
});

test("the journal gets an offset every 8 MiB and every second, each after fdatasync(2)", async () => {
  const clock = manualClock();
  const { disk, calls } = recordingDisk();
  const { store, folder } = await openedStore({ clock, disk });
  const upload = await store.createUpload(newUpload("a"));
  const journal = join(folder, `.sockwright/uploads/${upload.head.id}.journal`);
  const offsets = (): unknown[] =>
    readFileSync(journal, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line): unknown => (JSON.parse(line) as { offset: unknown }).offset);
  calls.length = 0;
  const writer = await upload.append({ offset: 0 });
  await writer.append(Buffer.alloc(CHECKPOINT_BYTES));
  await until(() => offsets().length === 1, "the first offset");
  await writer.append(BYTES);
  await until(() => clock.pending === 2, "the timers of the next offset and of expiry");
  clock.advance(CHECKPOINT_INTERVAL_MS);
  await until(() => offsets().length === 2, "the second offset");
  expect(offsets()).toEqual([CHECKPOINT_BYTES, CHECKPOINT_BYTES + BYTES.length]);
  expect(await writer.end()).toBe(CHECKPOINT_BYTES + BYTES.length);
  const part = `uploads/${upload.head.id}.part`;
  const lines = `uploads/${upload.head.id}.journal`;
  const checkpoint = [
    { call: "datasync", path: part },
    { call: "write", path: lines },
    { call: "datasync", path: lines },
  ];
  const all = calls.filter(({ call }) => call !== "writev" && call !== "truncate");
  expect(all).toEqual([...checkpoint, ...checkpoint]);
});

test("receiving pauses when too many bytes wait for a slow disk", async () => {
  let goOn: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const disk: Disk = {
    ...localDisk,
    open: async (path, flags, mode) => {
      const file = await localDisk.open(path, flags, mode);
      if (!path.endsWith(".part")) return file;
      return Object.assign(file, { datasync: () => slow });
    },
  };
  const { store } = await openedStore({ disk });
  const upload = await store.createUpload(newUpload("a"));
  const writer = await upload.append({ offset: 0 });
  const block = Buffer.alloc(CHECKPOINT_BYTES);
  for (let at = 0; at < MAX_UNSYNCED_BYTES - CHECKPOINT_BYTES; at += block.length) await writer.append(block);
  let isWaiting = true;
  const waiting = writer.append(block)?.then(() => {
    isWaiting = false;
  });
  await turn(20);
  expect(isWaiting).toBe(true);
  goOn();
  await waiting;
  expect(await writer.end()).toBe(MAX_UNSYNCED_BYTES);
});

test("an upload that is checked after a restart: a request waits, and then is to come back", async () => {
  const clock = manualClock();
  const { store, folder } = await openedStore();
  const upload = await store.createUpload(newUpload("a"));
  await appended(upload, 0, Buffer.alloc(CHECKPOINT_BYTES));
  await store.close();
  const later = (await openedStore({ clock }, folder)).store.findUpload(upload.head.id);
  const asked = later?.offset();
  await until(() => clock.pending === 2, "the timer of the request");
  clock.advance(MAX_CHECK_WAIT_MS);
  await expect(asked).rejects.toMatchObject({ code: "CHECKING", details: { retryAfterMs: MAX_CHECK_WAIT_MS } });
  await until(() => clock.pending === 1, "the end of the request");
  expect(await later?.offset()).toBe(CHECKPOINT_BYTES);
});

test("the order of publishing: file, journal, name, folder, receipt", async () => {
  const { disk, calls } = recordingDisk();
  const { store } = await openedStore({ disk });
  const upload = await store.createUpload(newUpload("a"));
  await appended(upload, 0, BYTES);
  calls.length = 0;
  await upload.finish(undefined, {});
  const { id } = upload.head;
  const names = calls.map(({ call, path }) => `${call} ${path.replace(id, "ID")}`);
  const significant = names.filter((name) => /^(?:sync|datasync|link|unlink)/.test(name));
  expect(significant).toEqual([
    "datasync uploads/ID.journal",
    "sync uploads/ID.part",
    "datasync uploads/ID.journal",
    expect.stringMatching(/^link \d+\/a$/),
    expect.stringMatching(/^sync \d+\/\.$/),
    "unlink uploads/ID.part",
    "datasync .sockwright/receipts.jsonl",
    "datasync uploads/ID.journal",
    "unlink uploads/ID.part",
  ]);
});

test("a newer request ends an older one at what that has received", async () => {
  const { store } = await openedStore();
  const upload = await store.createUpload(newUpload("a"));
  const older = await upload.append({ offset: 0 });
  await older.append(BYTES.subarray(0, 10));
  let isWoken = false;
  older.onSuperseded = () => {
    isWoken = true;
    void older.end();
  };
  expect(await upload.offset()).toBe(10);
  expect(isWoken).toBe(true);
  expect(() => older.append(BYTES)).toThrow(expect.objectContaining({ code: "SUPERSEDED" }));
  const newer = await upload.append({ offset: 10 });
  await newer.append(BYTES.subarray(10));
  expect(await newer.end()).toBe(BYTES.length);
});

test("several newer requests at once: each ends the one before it", async () => {
  const { store } = await openedStore();
  const upload = await store.createUpload(newUpload("a"));
  const ended: string[] = [];
  const append = async (): Promise<string> => {
    const writer = await upload.append({ offset: 0 });
    return await new Promise((resolve) => {
      writer.onSuperseded = () => resolve("superseded");
      ended.push("began");
      if (ended.length === 3) resolve("last");
    }).then(async (how) => {
      await writer.end();
      return String(how);
    });
  };
  const ends = await Promise.all([append(), append(), append()]);
  expect(ends.filter((end) => end === "superseded")).toHaveLength(2);
});

test("a request that counts whole or not at all leaves nothing when it is discarded", async () => {
  const { store } = await openedStore();
  const upload = await store.createUpload(newUpload("a"));
  await appended(upload, 0, BYTES.subarray(0, 10));
  const writer = await upload.append({ offset: 10, isAllOrNone: true });
  await writer.append(Buffer.alloc(CHECKPOINT_BYTES + 1));
  expect(await writer.discard()).toBe(10);
  await appended(upload, 10, BYTES.subarray(10));
  expect(await upload.finish(sha256(BYTES), {})).toMatchObject({ sha256: sha256(BYTES) });
});

test("wrong offsets, lengths and digests", async () => {
  const { store } = await openedStore({ maxBytes: 100 });
  const upload = await store.createUpload(newUpload("a", 20));
  await expect(upload.append({ offset: 3 })).rejects.toMatchObject({ code: "BAD_OFFSET", details: { offset: 0 } });
  const writer = await upload.append({ offset: 0 });
  expect(() => writer.append(Buffer.alloc(21))).toThrow(expect.objectContaining({ code: "BAD_LENGTH" }));
  await writer.append(Buffer.alloc(10));
  await writer.end();
  await expect(upload.finish(undefined, {})).rejects.toMatchObject({ code: "BAD_LENGTH" });
  await expect(upload.setLength(30)).rejects.toMatchObject({ code: "BAD_LENGTH" });
  await appended(upload, 10, Buffer.alloc(10));
  await expect(upload.finish(sha256(BYTES), {})).rejects.toMatchObject({ code: "BAD_DIGEST" });
  const open = await store.createUpload(newUpload("b"));
  await appended(open, 0, Buffer.alloc(50));
  await expect(open.setLength(49)).rejects.toMatchObject({ code: "BAD_LENGTH" });
  await expect(open.setLength(101)).rejects.toMatchObject({ code: "TOO_LARGE" });
  const more = await open.append({ offset: 50 });
  expect(() => more.append(Buffer.alloc(51))).toThrow(expect.objectContaining({ code: "TOO_LARGE" }));
  await more.end();
});

test("a name that was taken meanwhile: the upload stays, and can be finished later", async () => {
  const { store, folder } = await openedStore();
  const upload = await store.createUpload(newUpload("a"));
  await appended(upload, 0, BYTES);
  writeFileSync(join(folder, "a"), "other");
  await expect(upload.finish(undefined, {})).rejects.toMatchObject({ code: "EXISTS" });
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("other");
  await store.remove("a", {});
  await upload.finish(undefined, {});
  expect(readFileSync(join(folder, "a"))).toEqual(BYTES);
});

test.each(["writev", "datasync", "write"])("a full disk at %s: the upload stays at its last offset", async (call) => {
  let isFull = false;
  const { disk } = recordingDisk((found) => (isFull && found.call === call ? systemError("ENOSPC") : undefined));
  const { store, folder } = await openedStore({ disk });
  const upload = await store.createUpload(newUpload("a"));
  await appended(upload, 0, BYTES.subarray(0, 10));
  isFull = true;
  await expect(appended(upload, 10, BYTES.subarray(10, 20))).rejects.toMatchObject({ code: "NO_SPACE" });
  expect(statSync(join(folder, `.sockwright/uploads/${upload.head.id}.part`)).size).toBe(10);
  isFull = false;
  expect(await upload.offset()).toBe(10);
  await appended(upload, 10, BYTES.subarray(10));
  await upload.finish(sha256(BYTES), {});
  expect(readFileSync(join(folder, "a"))).toEqual(BYTES);
});

test("a full disk after a restart, too", async () => {
  let isFull = false;
  const { disk } = recordingDisk(({ call }) => (isFull && call === "write" ? systemError("ENOSPC") : undefined));
  const { store, folder } = await openedStore();
  const first = await store.createUpload(newUpload("a"));
  await appended(first, 0, BYTES.subarray(0, 10));
  await store.close();
  const upload = (await openedStore({ disk }, folder)).store.findUpload(first.head.id);
  if (upload === undefined) throw new Error("the upload is lost");
  isFull = true;
  await expect(appended(upload, 10, Buffer.from("other bytes"))).rejects.toMatchObject({ code: "NO_SPACE" });
  isFull = false;
  await appended(upload, 10, BYTES.subarray(10));
  await upload.finish(sha256(BYTES), {});
  expect(readFileSync(join(folder, "a"))).toEqual(BYTES);
});

test("an upload that is removed leaves nothing", async () => {
  const { store, folder } = await openedStore();
  const upload = await store.createUpload(newUpload("a"));
  await appended(upload, 0, BYTES);
  await store.removeUpload(upload.head.id);
  expect(store.findUpload(upload.head.id)).toBeUndefined();
  expect(uploadFiles(folder)).toEqual([]);
  await expect(upload.append({ offset: 0 })).rejects.toMatchObject({ code: "MISSING" });
});

test("a crash between the name and the journal: the file is there once, and the upload has ended", async () => {
  for (const onConflict of ["fail", "replace"] as const) {
    let isDown = false;
    // After this call nothing reaches the disk.
    const { disk } = recordingDisk((found) => {
      const isDead = isDown;
      if (found.call === (onConflict === "fail" ? "link" : "rename")) isDown = true;
      return isDead && found.call !== "truncate" ? systemError("EIO") : undefined;
    });
    const { store, folder } = await openedStore({ disk });
    const upload = await store.createUpload({ ...newUpload("a"), onConflict });
    await appended(upload, 0, BYTES);
    await expect(upload.finish(undefined, { user: "ann" })).rejects.toThrow("EIO");
    const later = (await openedStore({}, await copyOf(folder))).store;
    expect(later.findUpload(upload.head.id)?.state).toMatchObject({ type: "published", published: { path: "a" } });
  }
});

/** The state as another process finds it: with hard links as they are. */
async function copyOf(folder: string): Promise<string> {
  const { execFileSync } = await import("node:child_process");
  const { temporaryFolder } = await import("../../../support/folders.ts");
  const copy = temporaryFolder();
  execFileSync("cp", ["-a", `${folder}/.`, copy]);
  return copy;
}
