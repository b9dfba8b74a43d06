import { randomBytes, randomUUID } from "node:crypto";
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { appendFile, mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { lengthPrefixed } from "../../../src/codec.ts";
import { kernel } from "../../../src/native/load.ts";
import { FILE_CHUNK_BYTES } from "../../../src/server/connection/file-sending.ts";
import { type Connection, connect, type SendFileOptions, serve } from "../../../src/server.ts";
import { evict } from "../../support/evicted.ts";
import { allBytes } from "../../support/sockets.ts";
import { until } from "../../support/until.ts";

/** More than the kernel buffers of both ends hold. */
const MUCH = 16 * 1024 * 1024;
const content = randomBytes(3 * FILE_CHUNK_BYTES + 17);

/** Writes a file in a folder that is removed after the test. */
async function file(bytes: Uint8Array = content): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sockwright-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "content");
  await writeFile(path, bytes);
  return path;
}

/** Returns a client of a server that runs `session` for it. */
async function clientOf(session: (connection: Connection) => Promise<void>): Promise<Connection> {
  const server = await serve("tcp://127.0.0.1:0", session);
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  const client = await connect(server.urls[0] ?? "");
  onTestFinished(() => client.abort());
  return client;
}

/** The files that this process has open. The garbage collector closes a leaked file, but late and with a warning. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return [];
    }
  });
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each<[string, SendFileOptions, [number, number]]>([
    ["all of it", {}, [0, content.length]],
    ["from an offset", { offset: 5 }, [5, content.length]],
    ["up to a length", { length: FILE_CHUNK_BYTES + 1 }, [0, FILE_CHUNK_BYTES + 1]],
    ["nothing", { length: 0 }, [0, 0]],
    ["a part", { offset: 90_000, length: 7 }, [90_000, 90_007]],
    [
      "what there is, when that is less",
      { offset: content.length - 3, length: 10 },
      [content.length - 3, content.length],
    ],
    ["nothing behind its end", { offset: content.length + 10 }, [0, 0]],
  ])("sendFile() sends %s", async (_, options, [from, to]) => {
    const path = await file();
    let sent = -1;
    const client = await clientOf(async (connection) => {
      connection.write("<");
      sent = await connection.sendFile(path, options);
      expect(openFiles()).not.toContain(path);
      connection.write(">");
    });
    const expected = Buffer.concat([Buffer.from("<"), content.subarray(from, to), Buffer.from(">")]);
    expect((await allBytes(client)).equals(expected)).toBe(true);
    expect(sent).toBe(to - from);
  });

  test("a FileHandle stays open and keeps its position", async () => {
    const handle = await open(await file());
    onTestFinished(() => handle.close());
    await handle.read(Buffer.alloc(2), 0, 2, null);
    const client = await clientOf(async (connection) => {
      await connection.sendFile(handle, { offset: 1, length: 3 });
    });
    expect(await allBytes(client)).toEqual(content.subarray(1, 4));
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, null);
    expect(buffer[0]).toBe(content[2]);
  });

  test("FILE_CHUNK_BYTES: of a file that a peer does not read, at most one chunk waits, and none with sendfile(2)", async () => {
    const path = await file(Buffer.alloc(64 * 1024 * 1024));
    let connection: Connection | undefined;
    const client = await clientOf(async (opened) => {
      connection = opened;
      await opened.sendFile(path);
    });
    let most = 0;
    let [last, unchanged] = [0, 0];
    const isSteady = (): boolean => {
      const { bytesWritten = 0, bytesWaiting = 0 } = connection?.stats() ?? {};
      const isStuck = bytesWritten > 0 && bytesWritten === last && (bytesWaiting > 0 || transport === "native");
      unchanged = isStuck ? unchanged + 1 : 0;
      last = bytesWritten;
      most = Math.max(most, bytesWaiting);
      return unchanged > 200;
    };
    await until(isSteady, "the buffers of both ends to be full");
    expect(most).toBe(transport === "node" ? FILE_CHUNK_BYTES : 0);
    expect((await allBytes(client)).length).toBe(64 * 1024 * 1024);
    expect(connection?.stats()).toMatchObject({ bytesWritten: 64 * 1024 * 1024, bytesWaiting: 0 });
  });

  test("earlier writes go before the file, and later writes and files go after it", async () => {
    const [first, second] = [await file(), await file(Buffer.from("second"))];
    const client = await clientOf(async (connection) => {
      connection.write("<");
      const sending = [connection.sendFile(first)];
      connection.write("=");
      connection.frames(lengthPrefixed({ lengthBytes: 1 })).write(Buffer.from("frame"));
      sending.push(
        connection.sendFile(second, { head: "head " }),
        connection.sendFile(second, { offset: 3, length: 1 }),
      );
      connection.write(">");
      expect(connection.stats().bytesWaiting).toBe(1 + 1 + 6 + 5 + 1);
      await connection.flushed();
      expect(connection.bytesWritten).toBe(1 + content.length + 1 + 6 + 5 + 6 + 1 + 1);
      expect(await Promise.all(sending)).toEqual([content.length, 6, 1]);
    });
    const expected = [Buffer.from("<"), content, Buffer.from("=\x05framehead secondo>")];
    expect((await allBytes(client)).equals(Buffer.concat(expected))).toBe(true);
  });

  test("the order holds when several connections write in one turn and are flushed together", async () => {
    const path = await file();
    const opened: Connection[] = [];
    const session = async (connection: Connection): Promise<void> => {
      if (opened.push(connection) < 2) return connection.onBytes(() => undefined);
      await Promise.all(
        opened.map(async (each) => {
          each.write("<");
          const sending = each.sendFile(path);
          each.write(">");
          await sending;
          await each.end();
        }),
      );
    };
    const clients = await Promise.all([clientOf(session), clientOf(session)]);
    const expected = Buffer.concat([Buffer.from("<"), content, Buffer.from(">")]);
    for (const client of clients) expect((await allBytes(client)).equals(expected)).toBe(true);
  });

  test.each<[string, SendFileOptions["head"]]>([
    ["text", "a head: ä"],
    ["a Buffer", Buffer.from("a head: ä")],
    ["a Uint8Array", new Uint8Array(Buffer.from("a head: ä"))],
  ])("a head goes before the file, and is not counted: %s", async (_, head) => {
    const path = await file();
    const client = await clientOf(async (connection) => {
      const sending = connection.sendFile(path, { head });
      if (head instanceof Uint8Array) head.fill(0);
      expect(await sending).toBe(content.length);
    });
    expect((await allBytes(client)).equals(Buffer.concat([Buffer.from("a head: ä"), content]))).toBe(true);
  });

  test.each<[string, SendFileOptions]>([
    ["an empty file", {}],
    ["nothing of one", { length: 0 }],
    ["what is behind its end", { offset: 1 }],
  ])("the head is sent alone before %s", async (name, options) => {
    const path = await file(Buffer.from(name === "an empty file" ? "" : "x"));
    const client = await clientOf(async (connection) => {
      expect(await connection.sendFile(path, { ...options, head: "alone" })).toBe(0);
      connection.write(".");
    });
    expect(String(await allBytes(client))).toBe("alone.");
  });

  test("for a missing file the head is not sent, but later writes are", async () => {
    const path = await file(Buffer.from("there"));
    const client = await clientOf(async (connection) => {
      connection.write("<");
      const missing = ["/nonesuch", "/"].map((none) => connection.sendFile(none, { head: "never" }));
      const outcomes = Promise.allSettled(missing);
      connection.write("=");
      await expect(connection.sendFile(path, { head: "but " })).resolves.toBe(5);
      expect(await outcomes).toMatchObject([{ reason: { code: "ENOENT" } }, { reason: { code: "EISDIR" } }]);
      expect(connection.stats()).toMatchObject({ bytesWritten: 11, bytesWaiting: 0 });
    });
    expect(String(await allBytes(client))).toBe("<=but there");
  });

  test("a descriptor stays open and keeps its position", async () => {
    const descriptor = openSync(await file(), "r");
    onTestFinished(() => closeSync(descriptor));
    const client = await clientOf(async (connection) => {
      expect(await connection.sendFile(descriptor, { offset: 1, length: 3 })).toBe(3);
      await expect(connection.sendFile(0x7fffffff)).rejects.toMatchObject({ code: "EBADF" });
      await expect(connection.sendFile(-1)).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
    });
    expect(await allBytes(client)).toEqual(content.subarray(1, 4));
    const memory = Buffer.alloc(1);
    readSync(descriptor, memory);
    expect(memory[0]).toBe(content[0]);
  });

  test.each([
    ["an event", (answer: () => void) => answer()],
    ["a timer", (answer: () => void) => void setTimeout(answer, 0)],
    ["an immediate", (answer: () => void) => void setImmediate(answer)],
  ])("a sendFile() that fails at once rejects before the next send when it is called in %s", async (_name, soon) => {
    const closed = await open(await file());
    await closed.close();
    const server = await serve("tcp://127.0.0.1:0", (connection) => {
      const answer = async (): Promise<void> => {
        try {
          await connection.sendFile(closed, { head: "200" });
        } catch {
          connection.write("404");
        }
        void connection.end();
      };
      void connection.onBytes(() => soon(() => void answer()));
    });
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    const client = await connect(server.urls[0] ?? "");
    onTestFinished(() => client.abort());
    client.write("?");
    expect(String(await allBytes(client))).toBe("404");
  });

  test("sendFile() with the promise of a file rejects and says to await the promise", async () => {
    const client = await clientOf(async () => undefined);
    const call: unknown = Reflect.apply(client.sendFile, client, [Promise.resolve()]);
    await expect(call).rejects.toMatchObject({ message: expect.stringContaining("await the promise") });
  });

  test("a file that shrinks causes a reset, not a short end", async () => {
    const path = await file(Buffer.alloc(MUCH));
    let outcome: Promise<unknown> | undefined;
    const client = await clientOf(async (connection) => {
      outcome = connection.sendFile(path).catch((error: unknown) => error);
      await outcome;
    });
    await client.readExactly(1);
    await truncate(path, MUCH - 4096);
    await expect(allBytes(client)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await outcome).toMatchObject({ code: "ERR_SOCKWRIGHT_FILE_SHRANK" });
    expect(openFiles()).not.toContain(path);
  });

  test("bytes that are appended meanwhile are not sent", async () => {
    const path = await file(Buffer.alloc(MUCH));
    const client = await clientOf(async (connection) => {
      expect(await connection.sendFile(path, { offset: 1 })).toBe(MUCH - 1);
    });
    await client.readExactly(1);
    await appendFile(path, "more");
    expect((await allBytes(client)).length).toBe(MUCH - 2);
  });

  test.each([
    ["proc(5), which says that it has no bytes", "/proc/self/status", /^head Name:/],
    ["sysfs(5), which says that it has more", "/sys/devices/system/cpu/online", /^head 0/],
  ])("sendFile() sends a file of %s", async (_, path, expected) => {
    const client = await clientOf(async (connection) => {
      const sent = await connection.sendFile(path, { head: "head " });
      connection.write(String(sent));
    });
    const text = String(await allBytes(client));
    expect(text).toMatch(expected);
    const counted = /\d+$/.exec(text)?.[0] ?? expect.unreachable();
    expect(text.length).toBe(5 + Number(counted) + counted.length);
  });

  test.each<[string, (connection: Connection, client: Connection) => unknown]>([
    ["a loss", (_, client) => client.abort()],
    [
      "a close that a peer keeps waiting",
      async (connection) => {
        await connection.close().catch(() => undefined);
      },
    ],
  ])("the file descriptors are closed after %s", async (how, end) => {
    const path = await file(Buffer.alloc(MUCH));
    let outcome: Promise<unknown> | undefined;
    let isOver = false;
    const client = await clientOf(async (connection) => {
      outcome = connection.sendFile(path, { head: "head" }).catch((error: unknown) => error);
      const behind = connection.sendFile(path).catch((error: unknown) => error);
      await connection.read();
      await end(connection, client);
      await Promise.all([outcome, behind]);
      isOver = true;
    });
    await client.readExactly(5);
    client.write("go on");
    if (how !== "a loss") await allBytes(client);
    await until(() => isOver, "the end of both");
    expect(openFiles()).not.toContain(path);
    if (how === "a loss") expect(await outcome).toBeInstanceOf(Error);
    else expect(await outcome).toBe(MUCH);
  });

  test("a missing file leaves the connection open", async () => {
    const client = await clientOf(async (connection) => {
      const error: unknown = await connection.sendFile("/nonesuch").catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "ENOENT" });
      await expect(connection.sendFile("/")).rejects.toMatchObject({ code: "EISDIR" });
      connection.write("sorry");
    });
    expect(String(await allBytes(client))).toBe("sorry");
  });

  test("sendFile() rejects with the reason of an abort in the middle", async () => {
    const path = await file(Buffer.alloc(64 * 1024 * 1024));
    const reason = new Error("enough");
    let outcome: Promise<unknown> | undefined;
    const client = await clientOf(async (connection) => {
      outcome = connection.sendFile(path).catch((error: unknown) => error);
      await connection.read();
      connection.abort(reason);
    });
    await client.read();
    client.write("stop");
    // With or without an error: libuv reports a reset that follows the last bytes as an end.
    await allBytes(client).catch((error: unknown) => error);
    expect(await outcome).toBe(reason);
    expect(openFiles()).not.toContain(path);
  });

  test("invalid offsets and lengths are refused", async () => {
    const path = await file();
    const client = await clientOf(async (connection) => {
      for (const options of [{ offset: -1 }, { length: -1 }, { offset: 1.5 }, { length: Number.NaN }]) {
        await expect(connection.sendFile(path, options)).rejects.toThrow(RangeError);
      }
      connection.write("fine");
    });
    expect(String(await allBytes(client))).toBe("fine");
  });

  test("sendFile() after the end is refused", async () => {
    const path = await file();
    const client = await clientOf((connection) => connection.onBytes(() => undefined));
    await client.end();
    await expect(client.sendFile(path)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ENDED" });
    await client.close();
  });
});

test("a file that is sent from a path takes one descriptor, and so does one that waits behind it", async () => {
  const [path, behind] = [await file(Buffer.alloc(MUCH)), await file()];
  const client = await clientOf(async (connection) => {
    await Promise.all([connection.sendFile(path), connection.sendFile(behind)]);
  });
  await client.readExactly(1);
  const isOneEach = (): boolean => {
    const open = openFiles();
    return [path, behind].every((each) => open.filter((one) => one === each).length === 1);
  };
  await until(isOneEach, "the close of the others");
  expect((await allBytes(client)).length).toBe(MUCH + content.length - 1);
});

test("a FileHandle that is closed in the turn in which it was sent rejects with EBADF, and the connection goes on", async () => {
  const path = await file();
  const client = await clientOf(async (connection) => {
    const handle = await open(path);
    const part = { length: 9 };
    await connection.sendFile(handle, part);
    const sent = connection.sendFile(handle, part);
    const closed = handle.close();
    await expect(connection.sendFile(handle, { ...part, head: "nothing of it" })).rejects.toMatchObject({
      code: "EBADF",
    });
    expect(await sent).toBe(9);
    await closed;
    connection.write("!");
  });
  expect(await allBytes(client)).toEqual(
    Buffer.concat([content.subarray(0, 9), content.subarray(0, 9), Buffer.from("!")]),
  );
});

test("what sendFile() has found out about a FileHandle is kept for one turn at most, also when no socket has an event", async () => {
  const path = await file();
  const handle = await open(path, "r+");
  onTestFinished(() => handle.close());
  const sent: number[] = [];
  let finished: Promise<void> | undefined;
  const client = await clientOf(async (connection) => {
    const send = async (): Promise<void> => void sent.push(await connection.sendFile(handle, { length: 9, head: "<" }));
    const sendAll = async (): Promise<void> => {
      // The client's events are over.
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      await send();
      await send();
      await handle.truncate(5);
      await send();
    };
    finished = sendAll();
    await finished;
  });
  // The client reads nothing until then.
  await until(() => finished !== undefined, "the session");
  await finished;
  expect(sent).toEqual([9, 9, 5]);
  // Bytes that are sent and not yet read are pages of the file itself, which the truncation has cleared.
  expect((await allBytes(client)).length).toBe(10 + 10 + 6);
});

test.for(["a path", "a FileHandle", "a descriptor"])(
  "pages of %s that are not in the page cache are loaded before they are sent",
  async (kind, context) => {
    const path = await file(Buffer.alloc(MUCH, content));
    const handle = await open(path);
    onTestFinished(() => handle.close());
    evict(context, path, handle.fd);
    const real = kernel.sendfile;
    const found = new Set<number>();
    const sendfile = vi.spyOn(kernel, "sendfile").mockImplementation((...given) => {
      const [, , descriptor, position] = given;
      found.add(kernel.probeFile(descriptor, position));
      return real(...given);
    });
    onTestFinished(() => sendfile.mockRestore());
    const source = { "a path": path, "a FileHandle": handle, "a descriptor": handle.fd }[kind] ?? expect.unreachable();
    const client = await clientOf(async (connection) => void (await connection.sendFile(source)));
    expect((await allBytes(client)).equals(Buffer.alloc(MUCH, content))).toBe(true);
    expect([...found]).toEqual([1]);
  },
);

test("sendFile() is refused on a connection whose writes are records", async () => {
  const url = `unix-seqpacket:@sockwright-${randomUUID()}`;
  const server = await serve(url, (connection) => connection.onBytes(() => undefined));
  const client = await connect(url);
  await expect(client.sendFile("package.json")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_RECORDS" });
  await client.close();
  await server.close();
});
