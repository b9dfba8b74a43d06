// A service that answers an invalid frame and goes on: frames.skip() drops the refused frame and no other byte.
import { describe, expect, test } from "vitest";
import {
  type Codec,
  delimiter,
  FrameError,
  jsonLines,
  layered,
  lengthPrefixed,
  lines,
  netstring,
} from "../../../src/codec.ts";
import { Connection } from "../../../src/server/connection/connection.ts";
import { DEFAULT_POLICY } from "../../../src/server/connection/policy.ts";
import { DEADLINE_TICK_MS, DeadlineWheel } from "../../../src/server/time/deadline-wheel.ts";
import type { Frames } from "../../../src/server.ts";
import { memoryPair } from "../../../src/testing.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { unhandled } from "../../support/unhandled.ts";
import { turn } from "../../support/until.ts";
import { LateClock } from "../server/late-clock.ts";

function opened() {
  const clock = new LateClock();
  const link = new ScriptedLink();
  const connection = new Connection(link, { ...DEFAULT_POLICY, wheel: new DeadlineWheel(clock) });
  const receive = (text: string): void => link.input?.onReceived(Buffer.from(text));
  return { clock, link, connection, receive };
}

/** A service that answers 500 to an invalid frame and goes on; returns all of its answers. */
async function answers(frames: Frames<unknown, unknown>): Promise<string[]> {
  const given: string[] = [];
  for (;;) {
    try {
      const frame = await frames.read({ timeoutMs: 10_000 });
      if (frame === undefined) return given;
      given.push(String(frame));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      given.push(`500, ${await frames.skip({ timeoutMs: 10_000 })}`);
    }
  }
}

const maxFrameBytes = 8;
const PROTOCOLS: readonly (readonly [string, Codec<unknown, never>, string, string[]])[] = [
  ["lines", lines({ maxFrameBytes }), "one\nmuch too long\n\n\xff\ntwo\n", ["one", "500, 14", "", "500, 2", "two"]],
  [
    "lines, strict",
    lines({ maxFrameBytes, newline: "\r\n", strict: true }),
    "one\r\nx\nsmuggled\r\ntwo\r\n",
    ["one", "500, 12", "two"],
  ],
  ["JSON lines", jsonLines({ maxFrameBytes }), '1\n[\n"much too long"\n2\n', ["1", "500, 2", "500, 16", "2"]],
  ["delimiter", delimiter("aab", { maxFrameBytes }), "oneaabmuch too aa long aaabtwoaab", ["one", "500, 21", "two"]],
  [
    "length-prefixed",
    lengthPrefixed({ lengthBytes: 1, maxFrameBytes }),
    "\x03one\x0Amuch too l\x03two",
    ["one", "500, 11", "two"],
  ],
  ["netstring", netstring({ maxFrameBytes }), "3:one,13:much too long,3:two,", ["one", "500, 17", "two"]],
];

describe.each([1, 3, 64 * 1024])("in pieces of %i bytes", (pieceBytes) => {
  test.each(PROTOCOLS)("%s", async (_, codec, sent, expected) => {
    const { client, server } = memoryPair({ pieceBytes });
    client.write(Buffer.from(sent, "latin1"));
    const ended = client.end();
    expect(await answers(server.frames(codec))).toEqual(expected);
    await Promise.all([server.close(), client.close(), ended]);
  });
});

test("skip() does not buffer the bytes that it drops", async () => {
  const { connection, receive } = opened();
  const frames = connection.frames(lines({ maxFrameBytes }));
  const refused = frames.read();
  receive("much too long");
  await expect(refused).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_FRAME_TOO_LARGE" });
  const skipping = frames.skip();
  const chunk = "x".repeat(64 * 1024);
  for (let count = 0; count < 64; count++) {
    receive(chunk);
    expect(connection.stats().bytesUnread).toBe(0);
  }
  receive("\ntwo\nthree\n");
  expect(await skipping).toBe(13 + 64 * chunk.length + 1);
  expect([await frames.read(), (await frames.next()).value]).toEqual(["two", "three"]);
  connection.abort();
});

test("a skip() that times out or is aborted has dropped a part of the frame, and the next read drops the rest", async () => {
  const { clock, connection, receive } = opened();
  const frames = connection.frames(lines({ maxFrameBytes }));
  receive("");
  const refused = frames.read();
  receive("much too long");
  await expect(refused).rejects.toBeInstanceOf(FrameError);
  const timed = frames.skip({ timeoutMs: 1_000 });
  await expect(frames.skip()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
  expect(() => frames.release()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_READING" }));
  receive(" and longer");
  clock.advance(1_000 + DEADLINE_TICK_MS);
  await expect(timed).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
  await expect(frames.skip({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  const next = frames.read();
  receive(" and longer\ntwo\nmuch too long again");
  expect(await next).toBe("two");
  await expect(frames.next()).rejects.toBeInstanceOf(FrameError);
  const aborting = new AbortController();
  const aborted = frames.skip({ signal: aborting.signal });
  aborting.abort();
  await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
  const rest = frames.skip();
  receive("\nthree\n");
  expect([await rest, await frames.read()]).toEqual([20, "three"]);
  expect(clock.timers).toBe(0);
  connection.abort();
});

test("skip() without a refused frame drops nothing and does not wait", async () => {
  const { connection, receive } = opened();
  const frames = connection.frames(lines());
  expect(await frames.skip()).toBe(0);
  const next = frames.read();
  receive("one\ntw");
  expect([await next, await frames.skip()]).toEqual(["one", 0]);
  receive("o\n");
  expect(await frames.read()).toBe("two");
  connection.abort();
});

test("skip() of a frame whose end is unknown rejects, and the connection can be read in other ways", async () => {
  const { connection, receive } = opened();
  const frames = connection.frames(netstring());
  const refused = frames.read();
  receive("05:hello,");
  await expect(refused).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_FRAME_MALFORMED" });
  await expect(frames.skip()).rejects.toMatchObject({
    code: "ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE",
    cause: { code: "ERR_SOCKWRIGHT_FRAME_MALFORMED" },
  });
  await expect(frames.read()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_FRAME_MALFORMED" });
  const outer = lengthPrefixed({ lengthBytes: 1 });
  await expect(connection.frames(layered(outer, lines())).skip()).rejects.toMatchObject({
    code: "ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE",
  });
  expect(String(await connection.readUntil(","))).toBe("05:hello,");
  receive("2:hi,");
  expect(String(await frames.read())).toBe("hi");
  connection.abort();
});

test("release() in the middle of a skip: the rest of the frame can be read as bytes", async () => {
  const { connection, receive } = opened();
  const frames = connection.frames(lines({ maxFrameBytes }));
  const refused = frames.read();
  receive("much too long");
  await expect(refused).rejects.toBeInstanceOf(FrameError);
  await expect(frames.skip({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  frames.release();
  expect(String(await connection.readExactly(13))).toBe("much too long");
  receive(" rest\nline\n");
  expect(String(await connection.readUntil("\n"))).toBe(" rest\n");
  expect(await frames.read()).toBe("line");
  connection.abort();
});

describe("the end within a frame that is skipped", () => {
  async function skipping() {
    const all = opened();
    const frames = all.connection.frames(lines({ maxFrameBytes }));
    const refused = frames.read();
    all.receive("much too long");
    await expect(refused).rejects.toBeInstanceOf(FrameError);
    return { ...all, frames, skip: frames.skip() };
  }

  test("by the peer is an error, now and later", async () => {
    const { connection, link, frames, skip } = await skipping();
    link.input?.onEnd();
    for (const each of [skip, frames.skip(), frames.read()]) {
      await expect(each).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_UNEXPECTED_END" });
    }
    connection.abort();
  });

  test("by endInput() is not an error: skip() resolves with the bytes dropped, then comes the end", async () => {
    const { connection, frames, skip } = await skipping();
    connection.endInput();
    expect([await skip, await frames.read(), await frames.skip()]).toEqual([13, undefined, 0]);
    connection.abort();
  });

  test("by an abort rejects with its reason", async () => {
    const { connection, frames, skip } = await skipping();
    connection.abort(new Error("the reason"));
    await expect(skip).rejects.toThrow("the reason");
    await expect(frames.skip()).rejects.toThrow("the reason");
  });

  test("does not end the process when nobody awaits the skip", async () => {
    const errors = await unhandled(async () => {
      const { connection, frames } = await skipping();
      connection.abort();
      void frames.skip();
      void frames.read();
      void opened().connection.frames(layered(lengthPrefixed(), lines())).skip();
      await turn();
    });
    expect(errors).toEqual([]);
  });
});
