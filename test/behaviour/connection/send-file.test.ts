// sendFile() refuses a file that is not regular without blocking, and leaves no descriptor open.

import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readlinkSync, truncateSync } from "node:fs";
import { appendFile, open, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FILE_CHUNK_BYTES } from "../../../src/server/connection/file-sending.ts";
import { memoryPair } from "../../../src/testing.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { allBytes } from "../../support/sockets.ts";

function openPaths(path: string): number {
  const targets = readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return "";
    }
  });
  return targets.filter((target) => target === path).length;
}

describe("a file that is not regular", () => {
  async function fifo(): Promise<string> {
    const path = join(temporaryFolder(), "fifo");
    execFileSync("mkfifo", [path]);
    return path;
  }

  async function socket(): Promise<string> {
    const path = join(temporaryFolder(), "socket");
    const server = createServer().listen(path);
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => void server.close());
    return path;
  }

  test.each<[string, () => Promise<string>, string]>([
    ["a FIFO that nobody writes to", fifo, "ERR_SOCKWRIGHT_NOT_A_FILE"],
    ["a device that never ends", async () => "/dev/zero", "ERR_SOCKWRIGHT_NOT_A_FILE"],
    ["the null device", async () => "/dev/null", "ERR_SOCKWRIGHT_NOT_A_FILE"],
    ["a Unix socket", socket, "ERR_SOCKWRIGHT_NOT_A_FILE"],
    ["a folder", async () => temporaryFolder(), "EISDIR"],
  ])("%s is refused, and the connection goes on", async (_, make, code) => {
    const path = await make();
    const openBefore = openPaths(path);
    const { client, server } = memoryPair();
    // One more than libuv has threads: if the calls blocked the threads, no other file could be read.
    const refused = await Promise.all(
      Array.from({ length: 5 }, () => server.sendFile(path).catch((error: unknown) => error)),
    );
    expect(refused).toMatchObject(Array.from({ length: 5 }, () => ({ code })));
    expect((await readFile("package.json")).length).toBeGreaterThan(0);
    expect(openPaths(path)).toBe(openBefore);
    server.write("fine");
    await Promise.all([server.end(), expect(allBytes(client)).resolves.toEqual(Buffer.from("fine"))]);
    await Promise.all([client.close(), server.close()]);
  });

  test.each(["/dev/zero", "/"])("an open file that is not regular is refused and stays open: %s", async (path) => {
    const handle = await open(path);
    onTestFinished(() => handle.close());
    const { client, server } = memoryPair();
    await expect(server.sendFile(handle)).rejects.toMatchObject({
      code: path === "/" ? "EISDIR" : "ERR_SOCKWRIGHT_NOT_A_FILE",
    });
    expect((await handle.stat()).isFile()).toBe(false);
    await Promise.all([client.close(), server.close()]);
  });

  test("an open FIFO is refused", async () => {
    const handle = await open(await fifo(), "r+");
    onTestFinished(() => handle.close());
    const { client, server } = memoryPair();
    await expect(server.sendFile(handle)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_NOT_A_FILE" });
    await Promise.all([client.close(), server.close()]);
  });
});

describe("a file that changes while it is sent", () => {
  async function changing(change: (path: string) => unknown) {
    const path = join(temporaryFolder(), "content");
    await writeFile(path, Buffer.alloc(20 * FILE_CHUNK_BYTES, "a"));
    const { client, server } = memoryPair({ bufferBytes: FILE_CHUNK_BYTES });
    const sending = server.sendFile(path);
    const first = await client.readExactly(FILE_CHUNK_BYTES);
    await change(path);
    const ended = sending.then(async (sent) => {
      await server.end();
      return sent;
    });
    const rest = await allBytes(client);
    await Promise.all([client.close(), server.close()]);
    return { sent: await ended, got: first.length + rest.length, left: openPaths(path) };
  }

  test("a file that grows is sent up to its first size", async () => {
    const { sent, got, left } = await changing((path) => appendFile(path, Buffer.alloc(FILE_CHUNK_BYTES)));
    expect([sent, got, left]).toEqual([20 * FILE_CHUNK_BYTES, 20 * FILE_CHUNK_BYTES, 0]);
  });

  test.each([
    ["to a part", 15 * FILE_CHUNK_BYTES, {}],
    ["to nothing", 0, {}],
    ["within what is asked for", 15 * FILE_CHUNK_BYTES, { offset: FILE_CHUNK_BYTES, length: 18 * FILE_CHUNK_BYTES }],
  ])(
    "a file that shrinks %s aborts the connection: the peer must not take a part for the whole file",
    async (_to, size, options) => {
      const path = join(temporaryFolder(), "content");
      await writeFile(path, Buffer.alloc(20 * FILE_CHUNK_BYTES, "a"));
      const { client, server } = memoryPair({ bufferBytes: FILE_CHUNK_BYTES });
      const sending = server.sendFile(path, options).catch((error: unknown) => error);
      await client.readExactly(FILE_CHUNK_BYTES);
      truncateSync(path, size);
      await expect(allBytes(client)).rejects.toMatchObject({ code: "ECONNRESET" });
      const error = await sending;
      expect(error).toMatchObject({ code: "ERR_SOCKWRIGHT_FILE_SHRANK" });
      expect(server.signal.reason).toBe(error);
      expect(openPaths(path)).toBe(0);
      client.abort();
    },
  );

  test("a file of sysfs(5), which reports a size that is too large, is sent", async () => {
    const { client, server } = memoryPair();
    const sent = server.sendFile("/sys/devices/system/cpu/online").then(() => server.end());
    expect(String(await allBytes(client))).toMatch(/^0/);
    await sent;
    await Promise.all([client.close(), server.close()]);
  });
});

test("a file of proc(5), which reports a size of 0, is sent", async () => {
  const { client, server } = memoryPair();
  const sent = server.sendFile("/proc/self/status").then(() => server.end());
  expect(String(await allBytes(client))).toMatch(/^Name:/);
  await sent;
  await Promise.all([client.close(), server.close()]);
});

test.each(["abort", "loss"] as const)(
  "sendFile() rejects at an %s in the middle, and the file is closed",
  async (how) => {
    const path = join(temporaryFolder(), randomUUID());
    await writeFile(path, Buffer.alloc(50 * FILE_CHUNK_BYTES));
    const pair = memoryPair({ bufferBytes: FILE_CHUNK_BYTES });
    const sending = pair.server.sendFile(path).catch((error: unknown) => error);
    await pair.client.readExactly(FILE_CHUNK_BYTES);
    if (how === "abort") pair.server.abort(new Error("enough"));
    else pair.reset();
    expect(await sending).toMatchObject(how === "abort" ? { message: "enough" } : { code: "ECONNRESET" });
    expect(openPaths(path)).toBe(0);
    pair.client.abort();
  },
);

test("after the end and on a lost connection no file is opened", async () => {
  const { client, server } = memoryPair();
  await server.end();
  await expect(server.sendFile("package.json")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ENDED" });
  client.abort();
  await expect(client.sendFile("package.json")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ABORTED" });
  server.abort();
});
