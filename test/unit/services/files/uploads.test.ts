// How many uploads there are, when they expire, and how long they are remembered.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ENDED_KEPT_MS, EXPIRY_INTERVAL_MS, MAX_ENDED_UPLOADS } from "../../../../src/services/files/uploads.ts";
import { manualClock } from "../../../../src/testing.ts";
import { newUpload, openedStore } from "../../../support/file-stores.ts";
import { until } from "../../../support/until.ts";

const HOUR = 3_600_000;

test("an upload expires: gone at once by the clock, its bytes at the next look, forgotten a day later", async () => {
  const clock = manualClock();
  let nowMs = 1_000_000;
  const { store, folder } = await openedStore({ clock, wallMs: () => nowMs, expireMs: HOUR });
  const upload = await store.createUpload(newUpload("a"));
  const writer = await upload.append({ offset: 0 });
  await writer.append(Buffer.from("hello"));
  nowMs += HOUR - 1;
  await writer.end();
  nowMs += HOUR - 1;
  expect(await upload.offset()).toBe(5);
  nowMs += HOUR;
  await expect(upload.offset()).rejects.toMatchObject({ code: "GONE" });
  const part = join(folder, `.sockwright/uploads/${upload.head.id}.part`);
  expect(existsSync(part)).toBe(true);
  clock.advance(EXPIRY_INTERVAL_MS);
  await until(() => !existsSync(part) && clock.pending === 1, "the look");
  await expect(upload.append({ offset: 5 })).rejects.toMatchObject({ code: "GONE" });
  nowMs += ENDED_KEPT_MS;
  clock.advance(EXPIRY_INTERVAL_MS);
  await until(() => store.findUpload(upload.head.id) === undefined, "the second look");
  await until(() => readdirSync(join(folder, ".sockwright/uploads")).length === 0, "the end of the journal");
});

test("uploads that are not complete are limited, also those that are being created", async () => {
  const { store } = await openedStore({ maxPartials: 2 });
  const all = await Promise.allSettled(["a", "b", "c"].map((name) => store.createUpload(newUpload(name, 0))));
  const [first, ...others] = all.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(others).toHaveLength(1);
  expect(all.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "TOO_MANY_UPLOADS" } });
  await first?.finish(undefined, {});
  await store.createUpload(newUpload("d"));
});

test("of too many ended uploads the oldest are forgotten", async () => {
  const { store, folder } = await openedStore();
  const upload = await store.createUpload(newUpload("a", 0));
  await upload.finish(undefined, {});
  const uploads = join(folder, ".sockwright/uploads");
  const text = readFileSync(join(uploads, `${upload.head.id}.journal`), "utf8");
  await store.close();
  for (let at = 0; at < MAX_ENDED_UPLOADS; at++) {
    const id = `${at}`.padStart(22, "x");
    const line = text.replace(upload.head.id, id).replaceAll(/"atMs":\d+/g, `"atMs":${Date.now() + 1_000}`);
    writeFileSync(join(uploads, `${id}.journal`), line);
  }
  const later = await openedStore({}, folder);
  expect(later.store.findUpload(upload.head.id)).toBeUndefined();
  expect(later.store.findUpload("9".padStart(22, "x"))).toBeDefined();
});

test("files that belong to no upload are removed at the start", async () => {
  const { store, folder } = await openedStore();
  await store.close();
  const uploads = join(folder, ".sockwright/uploads");
  for (const name of ["x.part", `${"a".repeat(22)}.part`, `${"b".repeat(22)}.journal`])
    writeFileSync(join(uploads, name), "{");
  writeFileSync(join(folder, ".sockwright/incoming/1"), "x");
  await openedStore({}, folder);
  expect(readdirSync(uploads)).toEqual([]);
  expect(readdirSync(join(folder, ".sockwright/incoming"))).toEqual([]);
});
