import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { localDisk } from "../../../../src/services/files/disk.ts";
import { Journal, MAX_JOURNAL_BYTES, parseJournal, readJournal } from "../../../../src/services/files/journal.ts";
import { recordingDisk, systemError } from "../../../support/file-stores.ts";
import { freePath } from "../../../support/folders.ts";

const HEAD = { id: "abc", path: "a/b", onConflict: "fail", isPart: false, createdMs: 1 } as const;
const LINES = [
  { type: "length", length: 9 },
  { type: "offset", offset: 5, sha256: "00", atMs: 2 },
] as const;

async function written(path: string): Promise<Buffer> {
  const journal = await Journal.create(localDisk, path, HEAD);
  for (const line of LINES) await journal.append(line);
  await journal.close();
  return readFileSync(path);
}

test("what is written is read", async () => {
  const path = freePath("journal");
  const bytes = await written(path);
  expect(await readJournal(localDisk, path)).toEqual({ head: { v: 1, ...HEAD }, lines: LINES, length: bytes.length });
});

test("cut at every byte, the complete lines count", async () => {
  const bytes = await written(freePath("journal"));
  const ends = [...bytes.entries()].flatMap(([at, byte]) => (byte === 10 ? [at + 1] : []));
  for (let cut = 0; cut <= bytes.length; cut++) {
    const lines = ends.filter((end) => end <= cut).length;
    const found = parseJournal(bytes.subarray(0, cut));
    expect(found?.lines.length).toBe(lines === 0 ? undefined : lines - 1);
    if (found !== undefined) expect(found.length).toBe(ends[lines - 1]);
  }
});

test("lines after one that is not JSON do not count", async () => {
  const bytes = await written(freePath("journal"));
  const end = bytes.indexOf(10) + 1;
  const damaged = Buffer.concat([bytes.subarray(0, end), Buffer.from("{bad}\n"), bytes.subarray(end)]);
  expect(parseJournal(damaged)).toMatchObject({ lines: [], length: end });
});

test.each(["", "\n", "{}\n", '{"v":2,"id":"a","path":"b","createdMs":1}\n', "null\n", "[]\n"])(
  "%j is no journal",
  (text) => {
    expect(parseJournal(Buffer.from(text))).toBeUndefined();
  },
);

test("a line that cannot be written leaves nothing of it", async () => {
  const path = freePath("journal");
  const before = await written(path);
  let isFull = true;
  const { disk } = recordingDisk(({ call }) => (call === "datasync" && isFull ? systemError("ENOSPC") : undefined));
  const journal = await Journal.open(disk, path, before.length);
  await expect(journal.append({ type: "length", length: 9 })).rejects.toThrow("ENOSPC");
  expect(readFileSync(path)).toEqual(before);
  isFull = false;
  await journal.append({ type: "length", length: 9 });
  await journal.close();
  expect((await readJournal(localDisk, path))?.lines).toHaveLength(3);
});

test("a file that is too large is no journal", async () => {
  const path = freePath("journal");
  writeFileSync(path, "");
  truncateSync(path, MAX_JOURNAL_BYTES + 1);
  expect(await readJournal(localDisk, path)).toBeUndefined();
});
