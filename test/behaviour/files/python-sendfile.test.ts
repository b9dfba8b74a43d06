// The cases of CPython's test_socket.py for sendfile(), by their names: SendfileUsingSendfileTest. Where this library
// differs, the title says so.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { AF_INET, SOCK_DGRAM, type Socket, socket } from "../../../src/index.ts";
import { tcpPair } from "../../support/sockets.ts";
import { bytesToEnd } from "../../support/to-end.ts";

const FILE_BYTES = 10 * 1024 * 1024;
const data = Buffer.alloc(FILE_BYTES, "sixteen letters.\u1234");

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sockwright-"));
  path = join(folder, "file");
  writeFileSync(path, data);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function opened(name = path): Promise<FileHandle> {
  const file = await open(name, "r");
  onTestFinished(() => file.close());
  return file;
}

/** Calls sendfile() and closes the socket; returns the result and the bytes that the peer received. */
async function sentBy(send: (ours: Socket, file: FileHandle) => Promise<number>): Promise<[number, Buffer]> {
  const [ours, peer] = await tcpPair();
  const file = await opened();
  const [count, received] = await Promise.all([send(ours, file).finally(() => ours.close()), bytesToEnd(peer)]);
  // Python moves the position of the file; here it stays.
  const { bytesRead } = await file.read(Buffer.alloc(1), 0, 1);
  expect(bytesRead).toBe(1);
  return [count, received];
}

function expectSame(received: Buffer, expected: Buffer): void {
  expect(received.length).toBe(expected.length);
  expect(received.equals(expected)).toBe(true);
}

test("testRegularFile", async () => {
  const [count, received] = await sentBy((ours, file) => ours.sendfile(file));
  expect(count).toBe(FILE_BYTES);
  expectSame(received, data);
});

test("testNonRegularFile: an argument that is not a file is refused", async () => {
  const [ours] = await tcpPair();
  const bytes: unknown = Buffer.from("bytes");
  await expect(ours.sendfile(bytes as FileHandle)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
});

test("testEmptyFileSend", async () => {
  const name = join(folder, "empty");
  writeFileSync(name, "");
  const [ours, peer] = await tcpPair();
  expect(await ours.sendfile(await opened(name))).toBe(0);
  ours.close();
  expect(await bytesToEnd(peer)).toHaveLength(0);
});

test("testOffset", async () => {
  const [count, received] = await sentBy((ours, file) => ours.sendfile(file, 5_000));
  expect(count).toBe(FILE_BYTES - 5_000);
  expectSame(received, data.subarray(5_000));
});

test("testCount", async () => {
  const [count, received] = await sentBy((ours, file) => ours.sendfile(file, 0, 5_000_007));
  expect(count).toBe(5_000_007);
  expectSame(received, data.subarray(0, 5_000_007));
});

test("testCountSmall", async () => {
  const [count, received] = await sentBy((ours, file) => ours.sendfile(file, 0, 1));
  expect(count).toBe(1);
  expectSame(received, data.subarray(0, 1));
});

test("testCountWithOffset", async () => {
  const [count, received] = await sentBy((ours, file) => ours.sendfile(file, 2_007, 100_007));
  expect(count).toBe(100_007);
  expectSame(received, data.subarray(2_007, 102_014));
});

test("testNonBlocking", async () => {
  const [ours] = await tcpPair();
  ours.setblocking(false);
  await expect(ours.sendfile(await opened())).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_NO_SENDFILE" });
});

test("testWithTimeout", async () => {
  const [count, received] = await sentBy((ours, file) => {
    ours.settimeout(60_000);
    return ours.sendfile(file);
  });
  expect(count).toBe(FILE_BYTES);
  expectSame(received, data);
});

test("testWithTimeoutTriggeredSend", async () => {
  const [ours, peer] = await tcpPair();
  ours.settimeout(10);
  const late = ours.sendfile(await opened());
  await expect(late).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT", bytesSent: expect.any(Number) });
  await expect(ours.send("x")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_PARTIAL_SEND" });
  peer.close();
});

test("test_errors", async () => {
  const file = await opened();
  const datagrams = socket(AF_INET, SOCK_DGRAM);
  onTestFinished(() => datagrams.close());
  await expect(datagrams.sendfile(file)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_NO_SENDFILE" });
  const [ours] = await tcpPair();
  for (const count of ["2", {}] as unknown as number[]) {
    await expect(ours.sendfile(file, 0, count)).rejects.toMatchObject({ name: "TypeError" });
  }
  for (const count of [0.1, 0, -1]) {
    await expect(ours.sendfile(file, 0, count)).rejects.toMatchObject({ name: "RangeError" });
  }
});
