import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Broadcast, CATCH_UP_MS, MAX_BEHIND_BYTES, type Reader } from "../../../src/cli/broadcast.ts";
import { turn } from "../../support/until.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const PIECE = 1024 * 1024;
const PIECES_BEHIND = MAX_BEHIND_BYTES / PIECE;

/** Takes every piece at once, until the end. */
async function takeAll(broadcast: Broadcast, reader: Reader): Promise<number> {
  let bytes = 0;
  for (let piece = await broadcast.next(reader); piece !== undefined; piece = await broadcast.next(reader)) {
    bytes += piece.length;
    broadcast.took(reader);
  }
  return bytes;
}

/** A broadcast with one reader that takes everything and one that takes nothing and is at its limit. */
async function withOneBehind(): Promise<{ broadcast: Broadcast; slow: Reader; quick: Promise<number> }> {
  const broadcast = new Broadcast();
  const [slow, reader] = [broadcast.join(), broadcast.join()];
  const quick = takeAll(broadcast, reader);
  for (let piece = 0; piece < PIECES_BEHIND; piece++) expect(await broadcast.send(Buffer.alloc(PIECE))).toEqual([]);
  return { broadcast, slow, quick };
}

test("MAX_BEHIND_BYTES: a reader that takes nothing delays nobody up to this limit", async () => {
  const { broadcast, slow, quick } = await withOneBehind();
  expect(slow.behindBytes).toBe(MAX_BEHIND_BYTES);
  broadcast.end();
  expect(await quick).toBe(MAX_BEHIND_BYTES);
});

test("CATCH_UP_MS: beyond the limit send waits this long, then returns the slow reader", async () => {
  const { broadcast, slow, quick } = await withOneBehind();
  const told = vi.fn();
  const sent = broadcast.send(Buffer.alloc(1));
  void sent.then(() => told());
  // The quick reader has taken the piece, and the timeout runs.
  await turn();
  await vi.advanceTimersByTimeAsync(CATCH_UP_MS - 1);
  expect(told).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  // Compared by identity: toEqual would format 16 MiB.
  const late = await sent;
  expect(late.map((reader) => reader === slow)).toEqual([true]);
  broadcast.leave(slow);
  expect(await broadcast.send(Buffer.alloc(1))).toEqual([]);
  broadcast.end();
  expect(await quick).toBe(MAX_BEHIND_BYTES + 2);
});

test("a reader that catches up by half in time stays, and send resolves at once", async () => {
  const { broadcast, slow } = await withOneBehind();
  const sent = broadcast.send(Buffer.alloc(1));
  await turn();
  for (let piece = 0; piece < PIECES_BEHIND / 2; piece++) {
    expect((await broadcast.next(slow))?.length).toBe(PIECE);
    broadcast.took(slow);
  }
  await turn();
  const told = vi.fn();
  void sent.then(told);
  await turn();
  // One more byte is missing for half.
  expect(told).not.toHaveBeenCalled();
  await broadcast.next(slow);
  broadcast.took(slow);
  expect(await sent).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a reader that catches up too slowly is returned as late", async () => {
  const { broadcast, slow } = await withOneBehind();
  const sent = broadcast.send(Buffer.alloc(1));
  await turn();
  await broadcast.next(slow);
  broadcast.took(slow);
  await vi.advanceTimersByTimeAsync(CATCH_UP_MS);
  expect(await sent).toEqual([slow]);
});

test("send resolves when the slow reader leaves", async () => {
  const { broadcast, slow } = await withOneBehind();
  const sent = broadcast.send(Buffer.alloc(1));
  await turn();
  broadcast.leave(slow);
  expect(await sent).toEqual([]);
});

test("the fastest reader sets the pace of the source, and a new reader counts as the fastest", async () => {
  const broadcast = new Broadcast();
  broadcast.join();
  const told = vi.fn();
  const sent = broadcast.send(Buffer.from("a")).then(told);
  await turn();
  expect(told).not.toHaveBeenCalled();
  const late = broadcast.join();
  await sent;
  const next = broadcast.next(late);
  void broadcast.send(Buffer.from("b"));
  expect(String(await next)).toBe("b");
});
