import { randomBytes } from "node:crypto";
import { chmodSync, lstatSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { connect } from "../../../../src/server.ts";
import { TRANSFER_STATE_FOLDER } from "../../../../src/services/transfer/entry.ts";
import { localInboxDisk } from "../../../../src/services/transfer/inbox-disk.ts";
import { MAX_BATCH_FILES } from "../../../../src/services/transfer/receiver-session.ts";
import { DEFAULT_STREAMS, MAX_OFFERED_ENTRIES } from "../../../../src/services/transfer/sender.ts";
import { SenderKey } from "../../../../src/services/transfer/sender-key.ts";
import { sourceTree } from "../../../../src/services/transfer/source-tree.ts";
import { recordingDisk, systemError } from "../../../support/file-stores.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { urlOf } from "../../../support/serving.ts";
import { madeFiles, receivingInto, sentTo, TEST_SENDER_KEY } from "../../../support/transfers.ts";

const MIB = 1024 * 1024;

test("files and folders arrive with their modes and times, and the receiver is done", async () => {
  const large = randomBytes(3 * MIB + 1);
  const from = madeFiles(temporaryFolder(), { "a/b/large": large, "a/small": "small", empty: "", ".hidden": "x" });
  chmodSync(`${from}/a/small`, 0o600);
  utimesSync(`${from}/a/small`, 5, 1_000_000_000.5);
  symlinkSync("small", `${from}/a/link`);
  chmodSync(`${from}/a/b`, 0o500);
  const to = temporaryFolder();
  const { server, receiver, inbox, bound, events } = await receivingInto(to);
  const { sent } = await sentTo(server, from);
  await receiver.done;
  expect(sent).toEqual({ stored: 4, there: 3, refused: 0 });
  expect(bound).toEqual([TEST_SENDER_KEY.publicKey]);
  expect(readFileSync(`${to}/a/b/large`).equals(large)).toBe(true);
  expect(readFileSync(`${to}/a/link`, "utf8")).toBe("small");
  expect(lstatSync(`${to}/empty`).size).toBe(0);
  for (const path of ["a", "a/b", "a/b/large", "a/small", "a/link", ".hidden"]) {
    const [before, after] = [lstatSync(`${from}/${path}`), lstatSync(`${to}/${path}`)];
    expect(after.mode).toBe(before.mode);
    expect(Math.abs(after.mtimeMs - before.mtimeMs)).toBeLessThan(0.01);
  }
  expect(events.at(-1)).toEqual({ type: "complete", files: 4, bytes: large.length + 6 });
  expect(readdirSync(to)).toContain(TRANSFER_STATE_FOLDER);
  await server.close();
  await inbox.clear();
  expect(readdirSync(to).toSorted()).toEqual([".hidden", "a", "empty"]);
});

test("nothing to send is complete at once", async () => {
  const { server, receiver } = await receivingInto(temporaryFolder());
  expect((await sentTo(server, temporaryFolder())).sent).toEqual({ stored: 0, there: 0, refused: 0 });
  await receiver.done;
});

test("the receiver is offered as many entries at a time, over as many streams and in as large batches, as the limits say", async () => {
  expect([MAX_OFFERED_ENTRIES, DEFAULT_STREAMS, MAX_BATCH_FILES]).toEqual([64, 4, 64]);
  const from = madeFiles(temporaryFolder(), Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i}`, "x"])));
  const { server } = await receivingInto(temporaryFolder());
  expect((await sentTo(server, from)).sent).toEqual({ stored: 300, there: 0, refused: 0 });
  expect(server.stats().connectionsAccepted).toBeLessThanOrEqual(DEFAULT_STREAMS);
});

test("more entries than may be open at a time, over several connections", async () => {
  const from = madeFiles(
    temporaryFolder(),
    Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`f${index % 7}/${index}`, `content ${index}`])),
  );
  const to = temporaryFolder();
  const { server } = await receivingInto(to);
  expect((await sentTo(server, from)).sent).toMatchObject({ stored: 1_500, refused: 0 });
  expect(server.stats().connectionsAccepted).toBeGreaterThan(1);
  for (let index = 0; index < 1_500; index++) {
    expect(readFileSync(`${to}/f${index % 7}/${index}`, "utf8")).toBe(`content ${index}`);
  }
});

describe("a connection that is lost", () => {
  test("a further run continues with what was sent, in one process of the receiver or another", async () => {
    const content = randomBytes(8 * MIB);
    const from = madeFiles(temporaryFolder(), { large: content, "small/1": "1", "small/2": "2" });
    for (const isRestarted of [false, true]) {
      const to = temporaryFolder();
      const first = await receivingInto(to);
      let bytes = 0;
      const lost = sentTo(first.server, from, {
        onEvent: (event) => {
          if (event.type !== "bytes") return;
          bytes += event.bytes;
          if (bytes > 4 * MIB) first.cut();
        },
      });
      await expect(lost).rejects.toBeInstanceOf(Error);
      if (isRestarted) await first.stop();
      const again = isRestarted ? await receivingInto(to, { sender: TEST_SENDER_KEY.publicKey }) : first;
      const { events } = await sentTo(again.server, from);
      await again.receiver.done;
      expect(readFileSync(`${to}/large`).equals(content)).toBe(true);
      const skipped = events.flatMap((event) => (event.type === "bytes" && event.isThere ? [event.bytes] : []));
      expect(skipped.length).toBe(1);
      expect(skipped[0]).toBeGreaterThan(0);
      await again.stop();
    }
  });
});

describe("the sender", () => {
  test("whose ticket it is not is refused, and writes nothing", async () => {
    const to = temporaryFolder();
    const { server, events } = await receivingInto(to, { sender: TEST_SENDER_KEY.publicKey });
    const from = madeFiles(temporaryFolder(), { file: "x" });
    await expect(sentTo(server, from, { key: SenderKey.create() })).rejects.toMatchObject({ code: "OTHER_SENDER" });
    await expect(sentTo(server, from, { secret: "A".repeat(22) })).rejects.toMatchObject({ code: "WRONG_SECRET" });
    expect(events).toMatchObject([
      { type: "ended", error: { code: "OTHER_SENDER" } },
      { type: "ended", error: { code: "WRONG_SECRET" } },
    ]);
    expect(readdirSync(to)).toEqual([TRANSFER_STATE_FOLDER]);
  });

  test("that comes second is refused; the first one continues", async () => {
    const { server, bound } = await receivingInto(temporaryFolder());
    const from = madeFiles(temporaryFolder(), { file: "x" });
    await sentTo(server, from);
    await expect(sentTo(server, from, { key: SenderKey.create() })).rejects.toMatchObject({ code: "OTHER_SENDER" });
    expect((await sentTo(server, from)).sent).toEqual({ stored: 0, there: 1, refused: 0 });
    expect(bound).toHaveLength(1);
  });

  test("is told of a server that is no receiver", async () => {
    const from = madeFiles(temporaryFolder(), { file: "x" });
    const { server } = await receivingInto(temporaryFolder());
    const connection = await connect(urlOf(server));
    await connection.close();
    const other = { connect: async () => connection };
    await expect(sentTo(server, from, other)).rejects.toBeInstanceOf(Error);
  });
});

test("what is there or cannot be taken is named, and the others arrive", async () => {
  const from = madeFiles(temporaryFolder(), { there: "sent", "a/file": "x", good: "good" });
  symlinkSync("/etc/passwd", `${from}/outside`);
  const to = madeFiles(temporaryFolder(), { there: "kept", a: "a file" });
  const { server, receiver } = await receivingInto(to);
  const { sent, events } = await sentTo(server, from);
  await receiver.done;
  expect(sent).toEqual({ stored: 1, there: 0, refused: 4 });
  const refused = events.flatMap((event) => (event.type === "refused" ? [`${event.path} ${event.error.code}`] : []));
  expect(refused.toSorted()).toEqual(["a EXISTS", "a/file EXISTS", "outside OUTSIDE", "there EXISTS"]);
  expect(readFileSync(`${to}/there`, "utf8")).toBe("kept");
  expect(readFileSync(`${to}/good`, "utf8")).toBe("good");
});

test("files that are there are skipped where that is asked for", async () => {
  const from = madeFiles(temporaryFolder(), { there: "sent", good: "good" });
  const to = madeFiles(temporaryFolder(), { there: "kept" });
  const { server } = await receivingInto(to);
  expect((await sentTo(server, from, { isSkipping: true })).sent).toEqual({ stored: 1, there: 1, refused: 0 });
  expect(readFileSync(`${to}/there`, "utf8")).toBe("kept");
});

test("a file that changes between its offer and its bytes is not sent", async () => {
  const from = madeFiles(temporaryFolder(), { changed: "before", good: "good" });
  const to = temporaryFolder();
  const { server } = await receivingInto(to);
  const { sent, events } = await sentTo(server, from, {
    entries: (async function* () {
      for await (const found of sourceTree([`${from}/`])) {
        if (found.type === "entry" && found.entry.path === "changed") writeFileSync(`${from}/changed`, "and after");
        yield found;
      }
    })(),
  });
  expect(events).toContainEqual(expect.objectContaining({ type: "refused", path: "changed" }));
  expect(sent).toEqual({ stored: 1, there: 0, refused: 1 });
  expect(readdirSync(to).toSorted()).toEqual([TRANSFER_STATE_FOLDER, "good"]);
});

test("a full disk ends the transfer with its reason, and a further run continues", async () => {
  const from = madeFiles(temporaryFolder(), { file: "content" });
  const to = temporaryFolder();
  let isFull = true;
  const { disk } = recordingDisk(({ call, path }) =>
    isFull && call === "writev" && path.includes("part-") ? systemError("ENOSPC") : undefined,
  );
  const { server } = await receivingInto(to, { disk: { ...localInboxDisk, ...disk } });
  await expect(sentTo(server, from)).rejects.toMatchObject({ code: "NO_SPACE" });
  isFull = false;
  expect((await sentTo(server, from)).sent).toMatchObject({ stored: 1 });
  expect(readFileSync(`${to}/file`, "utf8")).toBe("content");
});
