import { once } from "node:events";
import { createConnection } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FrameError, jsonLines, lengthPrefixed, lines } from "../../../../src/codec.ts";
import { type Connection, connect, type Server } from "../../../../src/server.ts";
import { connected } from "../../../support/connected.ts";
import { serving, urlOf } from "../../../support/serving.ts";
import { turn } from "../../../support/until.ts";

/** Sends `said` and the end from a client of `node:net`, and returns everything that the server answers. */
async function answer(server: Server, said: string): Promise<string> {
  const client = createConnection(Number(new URL(urlOf(server)).port), "127.0.0.1");
  let answered = "";
  client.setEncoding("utf8").on("data", (text: string) => {
    answered += text;
  });
  client.end(said);
  await once(client, "close");
  return answered;
}

async function iterated(connection: Connection): Promise<void> {
  const frames = connection.frames(lines());
  for (let next = await frames.next(); next.done !== true; next = await frames.next());
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("both client and server can iterate over frames and write them", async () => {
    const codec = lengthPrefixed({ lengthBytes: 2 });
    const server = await serving(async (connection) => {
      const frames = connection.frames(codec);
      for await (const frame of frames) frames.write(frame.reverse());
    });
    const client = await connected(server);
    const frames = client.frames(codec);
    for (const text of ["abc", "", "x".repeat(60_000)]) frames.write(Buffer.from(text));
    await client.end();
    const came: string[] = [];
    for await (const frame of frames) came.push(String(frame));
    expect(came).toEqual(["cba", "", "x".repeat(60_000)]);
  });

  test("frames continue after a loop was left, and start after the bytes that were read before", async () => {
    const came: (string | undefined)[] = [];
    const server = await serving(async (connection) => {
      came.push(String(await connection.readExactly(3)));
      const frames = connection.frames(lines());
      for await (const line of frames) {
        came.push(line);
        break;
      }
      came.push((await frames.next()).value);
      for await (const line of frames) came.push(line);
      came.push((await frames.next()).value);
    });
    await answer(server, "magone\ntwo\nthree\n");
    expect(came).toEqual(["mag", "one", "two", "three", undefined]);
  });

  test("onFrame receives new frames at once, and the frames that had arrived before it", async () => {
    const server = await serving(async (connection) => {
      const frames = connection.frames(lines());
      const { value: first } = await frames.next();
      await frames.onFrame((line) => {
        frames.write(`${first} ${line}`);
      });
      connection.write("end");
    });
    expect(await answer(server, "one\ntwo\nthree\n")).toBe("one two\none three\nend");
  });

  test("a malformed frame rejects each further read with the same error, and the handler can still answer", async () => {
    const errors: unknown[] = [];
    const server = await serving(async (connection) => {
      const frames = connection.frames(lines({ maxFrameBytes: 4 }));
      const { value } = await frames.next();
      for (let i = 0; i < 2; i++) await frames.next().catch((error: unknown) => errors.push(error));
      connection.write(`${value}, then too long`);
    });
    expect(await answer(server, "good\nnot so good\n")).toBe("good, then too long");
    expect(errors).toEqual([expect.any(FrameError), errors[0]]);
    expect(errors[0]).toMatchObject({ code: "ERR_SOCKWRIGHT_FRAME_TOO_LARGE" });
  });

  test("a malformed frame aborts a connection that uses onFrame", async () => {
    const onError = vi.fn();
    const taken: unknown[] = [];
    const server = await serving((connection) => connection.frames(jsonLines()).onFrame((f) => taken.push(f)), {
      onError,
    });
    const client = await connected(server);
    client.write('{"a":1}\n{"a":\n');
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(taken).toEqual([{ a: 1 }]);
    await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(1));
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: "ERR_SOCKWRIGHT_FRAME_MALFORMED" });
  });

  test.each([
    ["iterated", iterated],
    ["pushed", (connection: Connection) => connection.frames(lines()).onFrame(() => undefined)],
  ])("an end of the stream within a frame is reported as an error: %s", async (_, read) => {
    const onError = vi.fn();
    const server = await serving(
      async (connection) => {
        await read(connection);
      },
      { onError },
    );
    // The connection is aborted: the client receives a reset, or the end of the stream before it.
    const client = await connected(server);
    client.write("one\ntw");
    await client.end();
    await client.read().catch(() => undefined);
    await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(1));
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: "ERR_SOCKWRIGHT_UNEXPECTED_END" });
  });

  test("a frame that cannot be encoded throws and writes nothing", async () => {
    const server = await serving(async (connection) => {
      const frames = connection.frames(lines());
      expect(() => frames.write("one\ntwo")).toThrow(
        expect.objectContaining({ code: "ERR_SOCKWRIGHT_FRAME_UNENCODABLE" }),
      );
      frames.write("three");
    });
    expect(await answer(server, "")).toBe("three\n");
  });

  test("a second reader of frames is rejected while one is waiting", async () => {
    const server = await serving(async (connection) => {
      const frames = connection.frames(lines());
      const first = frames.next();
      await expect(frames.next()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
      await expect(frames.onFrame(() => undefined)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
      connection.write((await first).value ?? "nothing");
    });
    expect(await answer(server, "one\n")).toBe("one");
  });

  test("the read limits stop the peer from sending while the reader is slow", async () => {
    const server = await serving(async (connection) => {
      const frames = connection.frames(lines());
      await frames.next();
      // The decoder and the read buffer are full; the kernel holds the rest.
      await vi.waitFor(() => expect(connection.stats().bytesUnread).toBeGreaterThanOrEqual(64 * 1024));
      expect(connection.stats().bytesUnread).toBeLessThan(256 * 1024);
      let count = 1;
      for await (const _ of frames) count++;
      connection.write(String(count));
    });
    expect(await answer(server, "123456789\n".repeat(100_000))).toBe("100000");
  });
});

test("the decoded frames do not depend on how the writes are split", async () => {
  const server = await serving(async (connection) => {
    const frames = connection.frames(lines());
    for await (const line of frames) frames.write(line);
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ maxLength: 10 }), { maxLength: 8 }), fc.nat(12), async (texts, at) => {
      const sent = texts.map((text) => text.replaceAll(/[\r\n]/g, "."));
      const bytes = Buffer.from(sent.map((line) => `${line}\n`).join(""));
      const client = await connect(urlOf(server));
      client.write(bytes.subarray(0, at));
      await turn();
      client.write(bytes.subarray(at));
      await client.end();
      const came: string[] = [];
      for await (const line of client.frames(lines())) came.push(line);
      await client.close();
      expect(came).toEqual(sent.map((line) => Buffer.from(line).toString()));
    }),
    { numRuns: 50 },
  );
});
