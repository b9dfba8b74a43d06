// How connections end: after files and holds, after a stop of the server within a frame, and how long a close waits.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { lengthPrefixed, lines } from "../../../src/codec.ts";
import { Connection } from "../../../src/server/connection/connection.ts";
import type { ServiceInput } from "../../../src/server.ts";
import { memoryPair } from "../../../src/testing.ts";
import { nodeClient } from "../../support/node-client.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { serving } from "../../support/serving.ts";
import { allBytes } from "../../support/sockets.ts";
import { turn, until } from "../../support/until.ts";

const content = randomBytes(8 * 1024 * 1024);

async function file(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sockwright-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "content");
  await writeFile(path, content);
  return path;
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => void vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport));
  afterEach(() => void vi.unstubAllEnvs());

  /** The ways in which a service can send a file without awaiting it. */
  const SENDERS: readonly (readonly [string, (path: string) => ServiceInput])[] = [
    ["from a push", (path) => (each) => each.onBytes(() => void each.sendFile(path))],
    [
      "from a push that is not given back",
      (path) => (each) => {
        void each.onBytes(() => void each.sendFile(path));
      },
    ],
    [
      "and returns",
      (path) => async (each) => {
        await each.read();
        void each.sendFile(path);
      },
    ],
    [
      "and ends",
      (path) => async (each) => {
        await each.read();
        void each.sendFile(path);
        await each.end();
      },
    ],
  ];

  describe.each(SENDERS)("a service that sends a file %s", (_name, service) => {
    test("sends all of it to a peer that has half-closed", async () => {
      const server = await serving(service(await file()));
      const socket = nodeClient(server);
      socket.end("please");
      expect((await allBytes(socket)).equals(content)).toBe(true);
    });

    test("sends all of it when the server closes meanwhile", async () => {
      const server = await serving(service(await file()));
      const socket = nodeClient(server);
      socket.write("please");
      const [first] = await once(socket, "data");
      const closed = server.close({ graceMs: 60_000 });
      const rest = await allBytes(socket);
      socket.end();
      expect(Buffer.concat([first, rest]).equals(content)).toBe(true);
      await closed;
    });
  });

  describe("hold()", () => {
    test("keeps the connection open after the service has returned and the peer has ended", async () => {
      const holds: Disposable[] = [];
      let connection: Connection | undefined;
      const server = await serving((each) => {
        connection = each;
        holds.push(each.hold(), each.hold());
      });
      const socket = nodeClient(server);
      socket.end("please");
      await until(() => holds.length === 2, "the service");
      await turn(20);
      connection?.write("one ");
      holds[0]?.[Symbol.dispose]();
      // Disposing of a hold a second time has no effect.
      holds[0]?.[Symbol.dispose]();
      await turn(20);
      connection?.write("two");
      holds[1]?.[Symbol.dispose]();
      expect(String(await allBytes(socket))).toBe("one two");
      await until(() => server.stats().connectionsActive === 0, "the connection to end");
    });

    test("does not outlast the grace period of a closing server", async () => {
      const errors: unknown[] = [];
      const service: ServiceInput = (each) => {
        each.hold();
        each.write("hello");
      };
      const server = await serving(service, { onError: (error) => errors.push(error) });
      for (const socket of [nodeClient(server), nodeClient(server)]) await once(socket, "data");
      const { aborted } = await server.close({ graceMs: 0 });
      expect(aborted).toBe(2);
      expect(server.stats().connectionsActive).toBe(0);
      expect(errors).toEqual([]);
    });

    test("a push whose promise the service does not return keeps the connection open, and its error is reported", async () => {
      const errors: unknown[] = [];
      const server = await serving(
        (each) => {
          void each.onBytes((bytes) => {
            if (bytes[0] === 0) throw new Error("a zero");
            each.write(bytes);
          });
        },
        { onError: (error) => errors.push(error) },
      );
      const [good, bad, reset] = [nodeClient(server), nodeClient(server), nodeClient(server)];
      for (const socket of [good, bad, reset]) {
        socket.on("error", () => undefined).write("echo");
        expect(String((await once(socket, "data"))[0])).toBe("echo");
      }
      bad.write(Buffer.of(0));
      reset.resetAndDestroy();
      await until(() => errors.length === 2, "both to be told");
      good.end("last");
      expect(String(await allBytes(good))).toBe("last");
      expect(errors.map(String).sort()).toEqual([expect.stringMatching(/ECONNRESET/), "Error: a zero"].sort());
      await until(() => server.stats().connectionsActive === 0, "the last connection to end");
    });
  });

  /** Services that are waiting for input when the server closes; each has answered once. */
  const READERS: readonly (readonly [string, string, ServiceInput])[] = [
    [
      "frames",
      "answered",
      async (each) => {
        for await (const line of each.frames(lines())) each.write(`${line}ed`);
        each.write(" bye");
      },
    ],
    [
      "frames by push",
      "answered",
      async (each) => {
        await each.frames(lines()).onFrame((line) => void each.write(`${line}ed`));
        each.write(" bye");
      },
    ],
    [
      "readUntil",
      "answered",
      async (each) => {
        for (let line = await each.readUntil("\n"); line !== undefined; line = await each.readUntil("\n")) {
          each.write(`${String(line).trim()}ed`);
        }
        each.write(" bye");
      },
    ],
    [
      "readExactly, and catches",
      "answered",
      async (each) => {
        try {
          for (;;) each.write(`${String(await each.readExactly(7)).trim()}ed`);
        } catch {
          each.write(" bye");
        }
      },
    ],
    [
      "readExactly, and lets it pass",
      "answered",
      async (each) => {
        for (;;) each.write(`${String(await each.readExactly(7)).trim()}ed`);
      },
    ],
  ];

  test.each(READERS)(
    "a server that closes within a frame ends the service without an error: %s",
    async (name, answer, service) => {
      const errors: unknown[] = [];
      const server = await serving(service, { onError: (error) => errors.push(error) });
      for (const partial of ["", "ans"]) {
        const other = await serving(service, { onError: (error) => errors.push(error) });
        const socket = nodeClient(other);
        socket.write(`answer\n${partial}`);
        await until(() => other.stats().connectionsActive === 1 && socket.bytesRead > 0, "the answer");
        await turn(10);
        const answers = allBytes(socket).then((bytes) => {
          socket.end();
          return bytes;
        });
        await other.close({ graceMs: 60_000 });
        const bye = name.includes("pass") ? "" : " bye";
        expect(String(await answers)).toBe(`${answer}${bye}`);
        expect(other.stats().connectionsEnded["server-closed"]).toBe(1);
      }
      expect(errors).toEqual([]);
      await server.close();
    },
  );

  test("a peer that ends within a frame is still an error", async () => {
    const errors: unknown[] = [];
    const server = await serving(
      async (each) => {
        await each.readExactly(10);
      },
      { onError: (error) => errors.push(error) },
    );
    nodeClient(server)
      .on("error", () => undefined)
      .end("short");
    await until(() => errors.length === 1, "the error");
    expect(errors).toMatchObject([{ code: "ERR_SOCKWRIGHT_UNEXPECTED_END" }]);
  });
});

test("a file that fails while end() waits for it aborts: the peer must not take a part for the whole file", async () => {
  const { client, server } = memoryPair();
  const sent = server.sendFile("/nonesuch").catch((error: unknown) => error);
  const ended = server.end().catch((error: unknown) => error);
  expect(await sent).toMatchObject({ code: "ENOENT" });
  expect(await ended).toMatchObject({ code: "ENOENT" });
  await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
});

describe("after close() or abort() no more input is delivered", () => {
  const frame = (text: string): Buffer => lengthPrefixed({ lengthBytes: 1 }).encode(text);
  const three = Buffer.concat(["one", "two", "three"].map(frame));

  test.each(["close", "abort"] as const)("%s: onFrame", async (how) => {
    const link = new ScriptedLink();
    const connection = new Connection(link);
    const given: string[] = [];
    const pushed = connection.frames(lengthPrefixed({ lengthBytes: 1 })).onFrame((each) => {
      given.push(String(each));
      if (how === "abort") connection.abort();
      else void connection.close();
    });
    link.input?.onReceived(three);
    await pushed.catch(() => undefined);
    link.input?.onReceived(three);
    link.input?.onEnd();
    expect(given).toEqual(["one"]);
  });

  test.each(["close", "abort"] as const)("%s: onBytes() with pieces left in the read buffer", async (how) => {
    const link = new ScriptedLink({ isRecords: true });
    const connection = new Connection(link);
    for (const text of ["one", "two", "three"]) link.input?.onReceived(Buffer.from(text));
    const given: string[] = [];
    await connection
      .onBytes((each) => {
        given.push(String(Buffer.from(each)));
        if (how === "abort") connection.abort();
        else void connection.close();
      })
      .catch(() => undefined);
    link.input?.onEnd();
    expect(given).toEqual(["one"]);
  });

  test.each(["close", "abort"] as const)("%s: iteration, frames by promise, and reads", async (how) => {
    for (const read of ["iteration", "frames", "read", "readUntil"] as const) {
      const link = new ScriptedLink({ isRecords: read === "iteration" });
      const connection = new Connection(link);
      const frames = connection.frames(lengthPrefixed({ lengthBytes: 1 }));
      const pieces = connection[Symbol.asyncIterator]();
      for (const text of ["one", "two", "three"]) link.input?.onReceived(frame(text));
      const next = async (): Promise<unknown> => {
        if (read === "iteration") return (await pieces.next()).value;
        if (read === "frames") return (await frames.next()).value;
        return read === "read" ? await connection.read(4) : await connection.readUntil("e");
      };
      expect(await next()).toBeInstanceOf(Buffer);
      if (how === "abort") {
        connection.abort();
        await expect(next()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ABORTED" });
      } else {
        const closed = connection.close();
        expect(await next()).toBeUndefined();
        link.input?.onEnd();
        await closed;
        expect(await next()).toBeUndefined();
      }
    }
  });
});

describe("close({ lingerMs, idleMs })", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  function closing(options: { lingerMs?: number; idleMs?: number }) {
    const link = new ScriptedLink();
    const connection = new Connection(link);
    return { link, connection, closed: connection.close(options) };
  }

  test("lingerMs: close() waits for the peer's end at most this long in total", async () => {
    const { link, closed } = closing({ lingerMs: 5_000 });
    await vi.advanceTimersByTimeAsync(4_999);
    expect(link.calls).not.toContain("close");
    await vi.advanceTimersByTimeAsync(1);
    await closed;
    expect(link.calls.at(-1)).toBe("close");
  });

  test("lingerMs 0: close() does not wait for the peer's end", async () => {
    const { link, closed } = closing({ lingerMs: 0 });
    await closed;
    expect(link.calls).toEqual(["resume", "end", "close"]);
  });

  test("idleMs: close() waits only while the peer keeps sending", async () => {
    const { link, closed } = closing({ lingerMs: 60_000, idleMs: 1_000 });
    for (let round = 0; round < 5; round++) {
      await vi.advanceTimersByTimeAsync(900);
      link.input?.onReceived(Buffer.from("more"));
    }
    expect(link.calls).not.toContain("close");
    await vi.advanceTimersByTimeAsync(1_000);
    await closed;
    expect([link.calls.at(-1), vi.getTimerCount()]).toEqual(["close", 0]);
  });

  test("MAX_LINGER_MS is the maximum; an invalid value is rejected and does not close the connection", async () => {
    const connection = new Connection(new ScriptedLink());
    for (const options of [{ lingerMs: -1 }, { lingerMs: 2 ** 31 }, { lingerMs: 1.5 }, { idleMs: 0 }]) {
      await expect(connection.close(options)).rejects.toThrow(RangeError);
    }
    expect(connection.write("still open")).toBe(true);
    connection.abort();
  });
});
