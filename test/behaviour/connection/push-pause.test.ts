// A push that pauses, resumes and stops: no byte is lost or delivered twice.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fixed, layered, lengthPrefixed, lines } from "../../../src/codec.ts";
import { Connection } from "../../../src/server/connection/connection.ts";
import { clientPolicy } from "../../../src/server/connection/policy.ts";
import { MAX_NESTED_PUSHES } from "../../../src/server/connection/push.ts";
import { DeadlineWheel } from "../../../src/server/time/deadline-wheel.ts";
import { timedLinkOf } from "../../../src/server/transport/timed-link.ts";
import type { Push } from "../../../src/server.ts";
import { connected } from "../../support/connected.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { serving } from "../../support/serving.ts";
import { until } from "../../support/until.ts";
import { LateClock } from "../server/late-clock.ts";

function scripted(maxReadBufferBytes?: number) {
  const link = new ScriptedLink();
  const connection = new Connection(link, clientPolicy({ maxReadBufferBytes }));
  const receive = (text: string): void => link.input?.onReceived(Buffer.from(text));
  return { link, connection, receive };
}

/** Opens a connection whose push records the bytes it gets, and pauses at those that contain "p". */
function noting() {
  const { link, connection, receive } = scripted();
  const given: string[] = [];
  let push: Push | undefined;
  const ended = connection.onBytes((bytes, self) => {
    push = self;
    given.push(String(bytes));
    if (bytes.includes(0x70)) self.pause();
  });
  receive("first");
  if (push === undefined) throw new Error("nothing was given");
  return { link, connection, receive, given, push, ended };
}

const microtask = (): Promise<void> => Promise.resolve();

describe("bytes", () => {
  test("are kept while the push is paused, and delivered in order after it resumes", async () => {
    const { receive, given, push } = noting();
    receive("p1");
    receive("second");
    receive("third");
    expect(given).toEqual(["first", "p1"]);
    push.resume();
    expect(given).toEqual(["first", "p1"]);
    // Bytes that arrive before the microtask are delivered after the kept ones.
    receive("fourth");
    expect(given).toEqual(["first", "p1"]);
    await microtask();
    expect(given.join(" ")).toBe("first p1 secondthirdfourth");
    receive("fifth");
    expect(given.at(-1)).toBe("fifth");
  });

  test("stay in the read buffer when the push pauses again", async () => {
    const { connection, receive } = scripted();
    const given: string[] = [];
    let push: Push | undefined;
    void connection.onBytes((bytes, self) => {
      push = self;
      given.push(String(bytes[0]));
      self.pause();
    });
    for (const byte of [1, 2, 3]) receive(String.fromCharCode(byte).padEnd(5_000));
    for (const count of [2, 3]) {
      push?.resume();
      push?.resume();
      await microtask();
      expect(given).toHaveLength(count);
    }
    expect(given).toEqual(["1", "2", "3"]);
  });

  test("are delivered at once when the handler itself pauses and resumes", () => {
    const { connection, receive } = scripted();
    const given: string[] = [];
    void connection.onBytes((bytes, push) => {
      push.pause();
      push.pause();
      given.push(String(bytes));
      push.resume();
      push.resume();
    });
    receive("one");
    receive("two");
    expect(given).toEqual(["one", "two"]);
  });

  test("stop the reading once the read buffer is full", async () => {
    const { link, connection, receive } = scripted(8);
    let push: Push | undefined;
    void connection.onBytes((_bytes, self) => {
      push = self;
      self.pause();
    });
    receive("1234");
    expect(link.calls).toEqual(["resume"]);
    receive("1234567");
    expect(link.calls).toEqual(["resume"]);
    receive("8");
    expect(link.calls).toEqual(["resume", "pause"]);
    push?.resume();
    await microtask();
    // The push has paused again, after it got all kept bytes.
    expect([connection.stats().bytesUnread, link.calls]).toEqual([0, ["resume", "pause"]]);
    push?.resume();
    expect(link.calls).toEqual(["resume", "pause", "resume"]);
  });

  test("that arrived before the push are delivered until it pauses", async () => {
    const { connection, receive } = scripted();
    const first = connection.read();
    receive("first");
    await first;
    for (const each of ["a", "p", "b"]) receive(each.padEnd(5_000));
    const given: string[] = [];
    let push: Push | undefined;
    void connection.onBytes((bytes, self) => {
      push = self;
      given.push(String(bytes).trim());
      if (bytes.includes(0x70)) self.pause();
    });
    expect(given).toEqual(["a", "p"]);
    push?.resume();
    await microtask();
    expect(given).toEqual(["a", "p", "b"]);
  });
});

describe("the end", () => {
  test("of the peer is reported after the kept bytes", async () => {
    const { link, receive, given, push, ended } = noting();
    let isOver = false;
    const over = ended.then(() => {
      isOver = true;
    });
    receive("p");
    receive("last");
    link.input?.onEnd();
    await microtask();
    expect([given, isOver]).toEqual([["first", "p"], false]);
    push.resume();
    await over;
    expect(given).toEqual(["first", "p", "last"]);
  });

  test("of a closing server is reported after the kept bytes", async () => {
    const { connection, receive, given, push, ended } = noting();
    receive("p");
    receive("last");
    connection.endInput();
    push.resume();
    await ended;
    expect(given).toEqual(["first", "p", "last"]);
  });

  test("by a loss is reported after the kept bytes, and at once if there are none", async () => {
    const kept = noting();
    kept.receive("p");
    kept.receive("last");
    kept.link.input?.onError(new Error("lost"));
    kept.push.resume();
    await expect(kept.ended).rejects.toThrow("lost");
    expect(kept.given).toEqual(["first", "p", "last"]);
    const none = noting();
    none.receive("p");
    none.link.input?.onError(new Error("lost"));
    await expect(none.ended).rejects.toThrow("lost");
  });

  test.each(["abort", "close"] as const)("by %s comes at once, and the kept bytes are discarded", async (way) => {
    const { link, connection, receive, given, push, ended } = noting();
    receive("p");
    receive("last");
    if (way === "close") link.input?.onEnd();
    const closed = connection[way]();
    if (way === "abort") await expect(ended).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ABORTED" });
    else await ended;
    await closed;
    push.resume();
    push.stop();
    await microtask();
    expect(given).toEqual(["first", "p"]);
  });
});

describe("stop()", () => {
  test("settles the promise, and the next read begins with the rest", async () => {
    const { connection, receive } = scripted();
    const ended = connection.onBytes((bytes, push) => {
      const at = bytes.indexOf(0);
      if (at >= 0) push.stop(bytes.subarray(at + 1));
    });
    receive("much");
    receive("more\0head");
    await ended;
    receive(" and tail");
    expect(String(await connection.readExactly(13))).toBe("head and tail");
  });

  test("copies the rest, because the bytes are only lent to the handler", async () => {
    const { link, connection } = scripted();
    void connection.onBytes((bytes, push) => push.stop(bytes));
    const lent = Buffer.from("kept");
    link.input?.onReceived(lent);
    lent.fill("x");
    expect(String(await connection.read())).toBe("kept");
  });

  test("on a paused push leaves the kept bytes, after the rest", async () => {
    const { connection, receive, push, ended } = noting();
    receive("p");
    receive("kept");
    push.stop(Buffer.from("rest"));
    await ended;
    expect(String(await connection.readExactly(8))).toBe("restkept");
  });

  test("has no effect the second time, and nothing is delivered after it", async () => {
    const { receive, given, push, ended } = noting();
    push.stop();
    push.stop(Buffer.from("twice"));
    push.resume();
    receive("later");
    await ended;
    expect(given).toEqual(["first"]);
  });

  test("allows another push to start within the handler; it begins with the rest", () => {
    const { connection, receive } = scripted();
    const given: string[] = [];
    void connection.onBytes((bytes, push) => {
      push.stop(bytes.subarray(2));
      void connection.onBytes((rest) => void given.push(String(rest)));
    });
    receive("abcd");
    receive("ef");
    expect(given).toEqual(["cd", "ef"]);
  });

  test.each(["bytes", "frames"])(
    "MAX_NESTED_PUSHES: consecutive pushes of %s do not overflow the stack",
    async (kind) => {
      const { link, connection, receive } = scripted();
      const calls = 20_000;
      let given = "";
      let isOver = false;
      const next = (): void => {
        const take = (piece: Uint8Array, push: Push): void => {
          given += String.fromCharCode(piece[0] ?? 0);
          push.stop(piece.subarray(1));
          next();
        };
        const ended = kind === "bytes" ? connection.onBytes(take) : connection.frames(fixed(1)).onFrame(take);
        void ended.then(() => {
          isOver = connection.phase === "ended";
        });
      };
      next();
      const text = "0123456789".repeat(calls / 10);
      receive(text);
      // A push of frames nests two functions: the decoder's and, within it, the program's.
      expect(given).toBe(text.slice(0, kind === "bytes" ? MAX_NESTED_PUSHES : MAX_NESTED_PUSHES / 2));
      receive("behind");
      link.input?.onEnd();
      await until(() => isOver, "the end");
      expect(given).toBe(`${text}behind`);
    },
  );

  test("leaves the kept bytes and then the end after the peer has ended", async () => {
    const { link, connection, receive, push, ended } = noting();
    receive("p");
    receive("kept");
    link.input?.onEnd();
    push.stop();
    await ended;
    expect([String(await connection.read()), await connection.read()]).toEqual(["kept", undefined]);
  });

  test("with a rest that is not bytes throws a TypeError", () => {
    const { push } = noting();
    // @ts-expect-error: no bytes
    expect(() => push.stop("text")).toThrow(TypeError);
  });
});

describe("frames", () => {
  test("of one chunk are delivered one by one when the handler pauses at each", async () => {
    const { link, connection, receive } = scripted();
    const given: string[] = [];
    let push: Push | undefined;
    const ended = connection.frames(lines()).onFrame((line, self) => {
      push = self;
      given.push(line);
      self.pause();
    });
    receive("one\ntwo\nthree\nfo");
    expect(given).toEqual(["one"]);
    receive("ur\n");
    for (const count of [2, 3, 4]) {
      push?.resume();
      await microtask();
      expect(given).toHaveLength(count);
    }
    expect(given).toEqual(["one", "two", "three", "four"]);
    receive("five\nsix\n");
    push?.resume();
    await microtask();
    link.input?.onEnd();
    push?.resume();
    await microtask();
    push?.resume();
    await ended;
    expect(given.slice(4)).toEqual(["five", "six"]);
  });

  test("that only the end completes wait for resume()", async () => {
    const { link, connection, receive } = scripted();
    const given: string[] = [];
    let push: Push | undefined;
    const ended = connection.frames(lines({ allowUnterminated: true })).onFrame((line, self) => {
      push = self;
      given.push(line);
      self.pause();
    });
    receive("one\ntwo");
    link.input?.onEnd();
    push?.resume();
    await microtask();
    expect(given).toEqual(["one", "two"]);
    push?.resume();
    await ended;
  });

  test("that are not delivered are unread after a stop, behind the rest", async () => {
    const { connection, receive } = scripted();
    const frames = connection.frames(lines());
    const ended = frames.onFrame((line, push) => {
      if (line === "body") push.stop(Buffer.from(">"));
    });
    receive("head\nbody\nbytes\nmo");
    await ended;
    receive("re");
    expect(String(await connection.readExactly(9))).toBe(">bytes\nmo");
    receive("\n");
    expect((await frames.next()).value).toBe("re");
  });

  test("of a layered codec refuse a stop within an outer frame, and the push goes on", () => {
    const { connection, receive } = scripted();
    const outer = lengthPrefixed({ lengthBytes: 1 });
    const refused: unknown[] = [];
    const given: string[] = [];
    void connection.frames(layered(outer, lines())).onFrame((line, push) => {
      given.push(line);
      try {
        if (line === "one") push.stop();
      } catch (error) {
        refused.push(error);
      }
    });
    receive(String(outer.encode("one\ntwo\n")));
    expect(given).toEqual(["one", "two"]);
    expect(refused).toEqual([expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_UNFINISHED" })]);
  });
});

test("the read timeout does not run while the push is paused", async () => {
  const clock = new LateClock();
  const link = new ScriptedLink();
  const timeouts = { readTimeoutMs: 1_000, firstByteTimeoutMs: undefined, idleTimeoutMs: undefined };
  const wheel = new DeadlineWheel(clock);
  const connection = new Connection(
    timedLinkOf(link, { ...timeouts, totalTimeoutMs: undefined }, wheel, () => undefined),
  );
  let push: Push | undefined;
  const ended = connection.onBytes((_bytes, self) => {
    push = self;
    self.pause();
  });
  link.input?.onReceived(Buffer.from("x"));
  clock.advance(5_000);
  expect(connection.failure).toBeUndefined();
  push?.resume();
  clock.advance(900);
  expect(connection.failure).toBeUndefined();
  clock.advance(200);
  await expect(ended).rejects.toMatchObject({ deadline: "read" });
});

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("a server with a paused push reads no more than its limits allow, and the rest after resume()", async () => {
    const BYTES = 4 * 1024 * 1024;
    let push: Push | undefined;
    let bytesTaken = 0;
    const server = await serving((connection) =>
      connection.onBytes((bytes, self) => {
        bytesTaken += bytes.length;
        if (push === undefined) self.pause();
        push ??= self;
      }),
    );
    const client = await connected(server);
    client.write(Buffer.alloc(BYTES));
    await until(() => (server.connections()[0]?.bytesRead ?? 0) >= 64 * 1024, "the read buffer to be full");
    const ended = client.end();
    expect(bytesTaken).toBeLessThanOrEqual(64 * 1024);
    expect(server.connections()[0]?.bytesRead).toBeLessThan(256 * 1024);
    push?.resume();
    await ended;
    await until(() => bytesTaken === BYTES, "the rest");
    expect(await client.read()).toBeUndefined();
  });

  test("a service that returned its push has returned once the push stops; one that awaited it goes on", async () => {
    const servers = [
      await serving((connection) => connection.onBytes((_bytes, push) => push.stop())),
      await serving(async (connection) => {
        await connection.onBytes((bytes, push) => push.stop(bytes));
        for await (const piece of connection) connection.write(piece);
      }),
    ];
    const answers = servers.map(async (server) => {
      const client = await connected(server);
      client.write("echo");
      const answer = await client.read();
      await client.close();
      return answer?.toString();
    });
    expect(await Promise.all(answers)).toEqual([undefined, "echo"]);
  });
});
