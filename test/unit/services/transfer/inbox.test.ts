import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import { TRANSFER_STATE_FOLDER } from "../../../../src/services/transfer/entry.ts";
import { type InboxDisk, localInboxDisk } from "../../../../src/services/transfer/inbox-disk.ts";
import { MAX_STORED_JOURNAL_BYTES } from "../../../../src/services/transfer/stored-journal.ts";
import { recordingDisk, systemError } from "../../../support/file-stores.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import {
  inboxIn,
  offeredFile,
  offeredFolder,
  offeredLink,
  openedInbox,
  refusalOf,
  takenInto,
} from "../../../support/inboxes.ts";
import { sha256 } from "../../../support/sha256.ts";

/** Sends the first bytes of a file, and leaves. */
async function begun(folder: string, path: string, content: string, length: number): Promise<void> {
  const inbox = await openedInbox(folder);
  const entry = offeredFile(path, content);
  const offered = await inbox.offer(entry);
  if (offered.type !== "wanted") throw new Error("The file is there");
  await offered.file.append(Buffer.from(content.slice(0, length)));
  await inbox.pause(entry, offered.file);
  await inbox.close();
}

test("a file gets its name, content, mode and time, and the state is gone at the end", async () => {
  const folder = temporaryFolder();
  const inbox = await openedInbox(folder);
  expect(await takenInto(inbox, "a/b/file", "hello")).toBe(0);
  const { mode, mtimeMs } = lstatSync(`${folder}/a/b/file`);
  expect(readFileSync(`${folder}/a/b/file`, "utf8")).toBe("hello");
  expect(mode & 0o7777).toBe(0o640);
  expect(Math.abs(mtimeMs - offeredFile("", "").mtimeMs)).toBeLessThan(0.01);
  await inbox.clear();
  expect(readdirSync(folder)).toEqual(["a"]);
});

test("an empty file", async () => {
  const folder = temporaryFolder();
  const inbox = await inboxIn(folder);
  expect(await takenInto(inbox, "empty", "")).toBe(0);
  expect(lstatSync(`${folder}/empty`).size).toBe(0);
});

test("folders, with their modes when nothing more goes into them", async () => {
  const folder = temporaryFolder();
  const inbox = await inboxIn(folder);
  expect(await inbox.offer(offeredFolder("a", 0o555))).toEqual({ type: "made" });
  expect(await inbox.offer(offeredFolder("a/b"))).toEqual({ type: "made" });
  await takenInto(inbox, "a/file", "x");
  await inbox.finishFolders();
  expect(lstatSync(`${folder}/a`).mode & 0o7777).toBe(0o555);
  expect(lstatSync(`${folder}/a/b`).mode & 0o7777).toBe(0o750);
  for (const path of ["a", "a/b"]) {
    expect(Math.abs(lstatSync(`${folder}/${path}`).mtimeMs - offeredFolder("").mtimeMs)).toBeLessThan(0.01);
  }
});

test("links inside are made; those that lead out are refused", async () => {
  const folder = temporaryFolder();
  const inbox = await inboxIn(folder);
  expect(await inbox.offer(offeredLink("a/link", "../b"))).toEqual({ type: "made" });
  expect(readlinkSync(`${folder}/a/link`)).toBe("../b");
  expect(await inbox.offer(offeredLink("a/link", "../b"))).toEqual({ type: "there" });
  expect(await refusalOf(inbox.offer(offeredLink("a/link", "../c")))).toBe("EXISTS");
  expect(await refusalOf(inbox.offer(offeredLink("out", "../x")))).toBe("OUTSIDE");
  expect(await refusalOf(inbox.offer(offeredLink("out", "/etc/passwd")))).toBe("OUTSIDE");
});

test("nothing is written through a link, neither one that arrived nor one that was there", async () => {
  const [folder, outside] = [temporaryFolder(), temporaryFolder()];
  symlinkSync(outside, `${folder}/there`);
  const inbox = await inboxIn(folder);
  await inbox.offer(offeredLink("arrived", "there"));
  for (const path of ["there/file", "arrived/file"]) {
    expect(await refusalOf(inbox.offer(offeredFile(path, "x")))).toBe("EXISTS");
    expect(await refusalOf(inbox.offer(offeredLink(path, "a")))).toBe("EXISTS");
    expect(await refusalOf(inbox.offer(offeredFolder(path)))).toBe("EXISTS");
  }
  expect(readdirSync(outside)).toEqual([]);
});

test.each(["../x", "/etc/x", "a/../../x", "a\0", "a\nb", TRANSFER_STATE_FOLDER])(
  "the path %j is refused",
  async (path) => {
    const inbox = await inboxIn(temporaryFolder());
    for (const entry of [offeredFile(path, "x"), offeredFolder(path), offeredLink(path, "a")]) {
      expect(await refusalOf(inbox.offer(entry))).toBe("BAD_NAME");
    }
  },
);

describe("a file that is there", () => {
  test("is not replaced", async () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, "before");
    const inbox = await inboxIn(folder);
    expect(await refusalOf(inbox.offer(offeredFile("file", "after")))).toBe("EXISTS");
    expect(readFileSync(`${folder}/file`, "utf8")).toBe("before");
  });

  test("is replaced where that is wanted", async () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, "before");
    const inbox = await inboxIn(folder, { isOverwriting: true });
    expect(await takenInto(inbox, "file", "after")).toBe(0);
    expect(readFileSync(`${folder}/file`, "utf8")).toBe("after");
  });

  test("counts as the one that is offered where files are skipped", async () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, "before");
    const inbox = await inboxIn(folder);
    expect(await inbox.offer(offeredFile("file", "after"), true)).toEqual({ type: "there" });
  });

  test("appears while the bytes arrive: it stays", async () => {
    const folder = temporaryFolder();
    const inbox = await inboxIn(folder);
    const entry = offeredFile("file", "after");
    const offered = await inbox.offer(entry);
    if (offered.type !== "wanted") throw new Error("The file is there");
    await offered.file.append(Buffer.from("after"));
    writeFileSync(`${folder}/file`, "before");
    const outcome = await inbox.store([{ entry, file: offered.file, sha256: sha256("after") }]);
    expect(outcome).toMatchObject([{ code: "EXISTS" }]);
    expect(readFileSync(`${folder}/file`, "utf8")).toBe("before");
  });

  test("is a folder", async () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/file`);
    const inbox = await inboxIn(folder, { isOverwriting: true });
    expect(await refusalOf(inbox.offer(offeredFile("file", "x")))).toBe("EXISTS");
  });
});

test("one path twice at a time is refused", async () => {
  const inbox = await inboxIn(temporaryFolder());
  const entry = offeredFile("file", "x");
  const first = await inbox.offer(entry);
  expect(await refusalOf(inbox.offer({ ...entry, id: 1 }))).toBe("EXISTS");
  if (first.type === "wanted") await inbox.discard(entry, first.file);
  expect(await takenInto(inbox, "file", "x")).toBe(0);
});

test("a transfer continues where the part ends, and files that are stored are there", async () => {
  const folder = temporaryFolder();
  await begun(folder, "large", "0123456789", 4);
  const inbox = await openedInbox(folder);
  const offered = await inbox.offer(offeredFile("large", "0123456789"));
  if (offered.type !== "wanted") throw new Error("The file is there");
  expect(offered.file.prefix).toEqual({ offset: 4, sha256: sha256("0123") });
  await inbox.pause(offeredFile("large", "0123456789"), offered.file);
  expect(await takenInto(inbox, "large", "0123456789")).toBe(4);
  await inbox.close();
  const again = await inboxIn(folder);
  expect(await takenInto(again, "large", "0123456789")).toBeUndefined();
  expect(readFileSync(`${folder}/large`, "utf8")).toBe("0123456789");
});

test("a sender with other bytes begins again", async () => {
  const folder = temporaryFolder();
  await begun(folder, "file", "0123456789", 8);
  const inbox = await inboxIn(folder);
  const entry = offeredFile("file", "abcdefghij");
  const offered = await inbox.offer(entry);
  if (offered.type !== "wanted") throw new Error("The file is there");
  await offered.file.restart();
  expect(offered.file.prefix).toEqual({ offset: 0, sha256: sha256("") });
  await offered.file.append(Buffer.from("abcdefghij"));
  expect(offered.file.digest()).toBe(sha256("abcdefghij"));
  expect(await inbox.store([{ entry, file: offered.file, sha256: offered.file.digest() }])).toEqual([undefined]);
  expect(readFileSync(`${folder}/file`, "utf8")).toBe("abcdefghij");
});

test("a part is that of one size and time", async () => {
  const folder = temporaryFolder();
  await begun(folder, "file", "0123456789", 8);
  const inbox = await inboxIn(folder);
  const offered = await inbox.offer({ ...offeredFile("file", "0123456789"), mtimeMs: 5 });
  expect(offered).toMatchObject({ type: "wanted", file: { length: 0 } });
  if (offered.type === "wanted") await offered.file.close();
});

test("two receivers of one folder: the second is refused", async () => {
  const folder = temporaryFolder();
  await inboxIn(folder);
  await expect(openedInbox(folder)).rejects.toMatchObject({ code: "IN_USE" });
});

test("a journal that ends within a line, or has others, counts up to there", async () => {
  const folder = temporaryFolder();
  const inbox = await openedInbox(folder);
  await takenInto(inbox, "one", "1");
  await takenInto(inbox, "two", "2");
  await inbox.close();
  const journal = `${folder}/${TRANSFER_STATE_FOLDER}/stored.jsonl`;
  const [first = ""] = readFileSync(journal, "utf8").split("\n");
  writeFileSync(journal, `${first}\n{"path":"tw`);
  const again = await inboxIn(folder);
  expect(await takenInto(again, "one", "1")).toBeUndefined();
  expect(await refusalOf(again.offer(offeredFile("two", "2")))).toBe("EXISTS");
  expect(readFileSync(journal, "utf8")).toBe(`${first}\n`);
});

test("a journal larger than its limit is not read", async () => {
  const folder = temporaryFolder();
  const inbox = await openedInbox(folder);
  await inbox.close();
  truncateSync(`${folder}/${TRANSFER_STATE_FOLDER}/stored.jsonl`, MAX_STORED_JOURNAL_BYTES + 1);
  await expect(openedInbox(folder)).rejects.toThrow(/more than 536870912 bytes/);
  // The lock is free again.
  truncateSync(`${folder}/${TRANSFER_STATE_FOLDER}/stored.jsonl`, 0);
  await (await openedInbox(folder)).close();
});

/** A disk on which the call of this number, of those that change something, fails as all after it, as in a crash. */
function crashingDisk(at: number): {
  readonly disk: InboxDisk;
  readonly calls: { call: string; path: string }[];
} {
  let count = 0;
  const { disk, calls } = recordingDisk(() => (++count >= at ? systemError("EIO") : undefined));
  const changes = { chmod: localInboxDisk.chmod, lutimes: localInboxDisk.lutimes };
  return { disk: { ...localInboxDisk, ...disk, ...changes }, calls };
}

describe("durability", () => {
  test("sync, journal, names, folders, in this order", async () => {
    const { disk, calls } = crashingDisk(Infinity);
    const inbox = await inboxIn(temporaryFolder(), { disk });
    const entries = [offeredFile("a/one", "1"), offeredFile("a/two", "2", 1)];
    const batch = [];
    for (const entry of entries) {
      const offered = await inbox.offer(entry);
      if (offered.type !== "wanted") throw new Error("The file is there");
      await offered.file.append(Buffer.from(entry.path === "a/one" ? "1" : "2"));
      batch.push({ entry, file: offered.file, sha256: offered.file.digest() });
    }
    calls.length = 0;
    expect(await inbox.store(batch)).toEqual([undefined, undefined]);
    const names = calls.map(({ call, path }) => (path.endsWith("stored.jsonl") ? `${call} journal` : call));
    const at = (name: string): number => names.lastIndexOf(name);
    const order = [at("sync"), at("datasync journal"), names.indexOf("link")];
    // The last sync is that of a folder; those of the parts are two, before the journal.
    expect(names.slice(0, names.indexOf("write journal")).filter((name) => name === "sync")).toHaveLength(2);
    expect(order[1]).toBeLessThan(order[2] ?? 0);
    expect(names.filter((name) => name === "datasync journal")).toHaveLength(1);
    expect(names.slice(at("link")).filter((name) => name === "sync")).toHaveLength(1);
  });

  test("after a crash at every call, the transfer ends with the same files and nothing else", async () => {
    for (let at = 1; ; at++) {
      const folder = temporaryFolder();
      const { disk, calls } = crashingDisk(at);
      let inbox: Awaited<ReturnType<typeof openedInbox>> | undefined;
      try {
        inbox = await openedInbox(folder, { disk });
        await takenInto(inbox, "a/one", "first");
        await takenInto(inbox, "two", "second");
      } catch {
        // The crash.
      }
      await inbox?.close();
      const again = await openedInbox(folder);
      await takenInto(again, "a/one", "first");
      await takenInto(again, "two", "second");
      await again.clear();
      expect(readFileSync(`${folder}/a/one`, "utf8")).toBe("first");
      expect(readFileSync(`${folder}/two`, "utf8")).toBe("second");
      expect(readdirSync(folder).toSorted()).toEqual(["a", "two"]);
      if (calls.length < at) break;
      expect(at).toBeLessThan(100);
    }
  });

  test("a full disk is the error of the write, and what was written is used again", async () => {
    const folder = temporaryFolder();
    let isFull = true;
    const { disk } = recordingDisk(({ call, path }) =>
      isFull && call === "writev" && path.includes("part-") ? systemError("ENOSPC") : undefined,
    );
    const inbox = await inboxIn(folder, { disk: { ...localInboxDisk, ...disk } });
    await expect(takenInto(inbox, "file", "x")).rejects.toMatchObject({ code: "ENOSPC" });
    expect(existsSync(`${folder}/file`)).toBe(false);
    isFull = false;
    expect(await takenInto(inbox, "file", "x")).toBe(0);
    expect(readFileSync(`${folder}/file`, "utf8")).toBe("x");
  });
});
