import { randomBytes, randomUUID } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { DEFAULT_HIGH_WATER_BYTES } from "../../../src/server/connection/connection-options.ts";
import { FILE_CHUNK_BYTES } from "../../../src/server/connection/file-sending.ts";
import { type Connection, connect, type SendFileOptions, serve } from "../../../src/server.ts";

const content = randomBytes(3 * FILE_CHUNK_BYTES + 17);

/** A file of a folder that is removed after the test. */
async function file(bytes: Uint8Array = content): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sockwright-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "content");
  await writeFile(path, bytes);
  return path;
}

/** A client of a server that runs a session for it. */
async function clientOf(session: (connection: Connection) => Promise<void>): Promise<Connection> {
  const server = await serve("tcp://127.0.0.1:0", session);
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  const client = await connect(server.urls[0] ?? "");
  onTestFinished(() => client.abort());
  return client;
}

/** What the descriptors of this process lead to. The collector would close a lost file, too late and with a warning. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return [];
    }
  });
}

async function all(connection: Connection): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of connection) pieces.push(piece);
  return Buffer.concat(pieces);
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
  ])("a file is sent: %s", async (_, options, [from, to]) => {
    const path = await file();
    let sent = -1;
    const client = await clientOf(async (connection) => {
      connection.write("<");
      sent = await connection.sendFile(path, options);
      expect(openFiles()).not.toContain(path);
      connection.write(">");
    });
    const expected = Buffer.concat([Buffer.from("<"), content.subarray(from, to), Buffer.from(">")]);
    expect((await all(client)).equals(expected)).toBe(true);
    expect(sent).toBe(to - from);
  });

  test("a file that is open stays open, and where it was", async () => {
    const handle = await open(await file());
    onTestFinished(() => handle.close());
    await handle.read(Buffer.alloc(2), 0, 2, null);
    const client = await clientOf(async (connection) => {
      await connection.sendFile(handle, { offset: 1, length: 3 });
    });
    expect(await all(client)).toEqual(content.subarray(1, 4));
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, null);
    expect(buffer[0]).toBe(content[2]);
  });

  test("FILE_CHUNK_BYTES: of a file that a peer does not take, no more waits than the mark and one piece", async () => {
    const path = await file(Buffer.alloc(64 * 1024 * 1024));
    let connection: Connection | undefined;
    const client = await clientOf(async (opened) => {
      connection = opened;
      await opened.sendFile(path);
    });
    let most = 0;
    let unchanged = 0;
    for (let last = -1; unchanged < 200; await new Promise((resolve) => setImmediate(resolve))) {
      const { bytesWritten = 0, bytesWaiting = 0 } = connection?.stats() ?? {};
      unchanged = bytesWritten > 0 && bytesWritten === last && bytesWaiting >= FILE_CHUNK_BYTES ? unchanged + 1 : 0;
      last = bytesWritten;
      most = Math.max(most, bytesWaiting);
    }
    expect(most).toBeLessThan(DEFAULT_HIGH_WATER_BYTES + FILE_CHUNK_BYTES);
    expect((await all(client)).length).toBe(64 * 1024 * 1024);
  });

  test("a file that is not there leaves the connection as it was", async () => {
    const client = await clientOf(async (connection) => {
      const error: unknown = await connection.sendFile("/nonesuch").catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "ENOENT" });
      await expect(connection.sendFile("/")).rejects.toMatchObject({ code: "EISDIR" });
      connection.write("sorry");
    });
    expect(String(await all(client))).toBe("sorry");
  });

  test("an abort in the middle is the error of it", async () => {
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
    // With an error or without: libuv takes a reset behind the last bytes for an end.
    await all(client).catch((error: unknown) => error);
    expect(await outcome).toBe(reason);
    expect(openFiles()).not.toContain(path);
  });

  test("offsets and lengths that cannot be are refused", async () => {
    const path = await file();
    const client = await clientOf(async (connection) => {
      for (const options of [{ offset: -1 }, { length: -1 }, { offset: 1.5 }, { length: Number.NaN }]) {
        await expect(connection.sendFile(path, options)).rejects.toThrow(RangeError);
      }
      connection.write("fine");
    });
    expect(String(await all(client))).toBe("fine");
  });

  test("after the end nothing is sent", async () => {
    const path = await file();
    const client = await clientOf((connection) => connection.onBytes(() => undefined));
    await client.end();
    await expect(client.sendFile(path)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ENDED" });
    await client.close();
  });
});

test("where each write is a record, a file is refused", async () => {
  const url = `unix-seqpacket:@sockwright-${randomUUID()}`;
  const server = await serve(url, (connection) => connection.onBytes(() => undefined));
  const client = await connect(url);
  await expect(client.sendFile("package.json")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_RECORDS" });
  await client.close();
  await server.close();
});
