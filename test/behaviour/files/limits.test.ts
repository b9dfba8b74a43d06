// The limits of a socket's file, by their names in docs/internals/limits.md. A limit error loses no received byte.

import { expect, onTestFinished, test, vi } from "vitest";
import {
  AF_UNIX,
  type MakefileOptions,
  SOCK_SEQPACKET,
  type Socket,
  type SocketFile,
  socketpair,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import {
  DEFAULT_FILE_BUFFER_BYTES,
  DEFAULT_MAX_LINE_BYTES,
  DEFAULT_MAX_READ_BYTES,
  MAX_FILE_READ,
} from "../../../src/socket/file-options.ts";
import { RECEIVED_FILE_BYTES } from "../../../src/socket/file-reader.ts";
import { unixPair } from "../../support/sockets.ts";

function bytesFile(ours: Socket, options?: MakefileOptions): SocketFile<Buffer> {
  const file = ours.makefile("rwb", options);
  onTestFinished(() => file.close().catch(() => undefined));
  return file;
}

function textFile(ours: Socket, options?: MakefileOptions): SocketFile<string> {
  const file = ours.makefile("r", options);
  onTestFinished(() => file.close());
  return file;
}

const TOO_LONG = { code: "ERR_SOCKWRIGHT_LINE_TOO_LONG" };
const TOO_MUCH = { code: "ERR_SOCKWRIGHT_READ_TOO_LONG" };

test("DEFAULT_FILE_BUFFER_BYTES: write() buffers that many bytes and sends them when more are written", async () => {
  const [ours, peer] = unixPair();
  const file = bytesFile(ours);
  await file.write(Buffer.alloc(DEFAULT_FILE_BUFFER_BYTES - 1));
  await file.write("x");
  peer.setblocking(false);
  await expect(peer.recv(1)).rejects.toMatchObject({ code: "EAGAIN" });
  await file.write("y");
  expect((await peer.recv(2 * DEFAULT_FILE_BUFFER_BYTES)).length).toBe(DEFAULT_FILE_BUFFER_BYTES);
  await file.flush();
  expect(String(await peer.recv(1))).toBe("y");
});

test("DEFAULT_FILE_BUFFER_BYTES: a read reads ahead at most that many bytes", async () => {
  const [ours, peer] = unixPair();
  const file = bytesFile(ours);
  await peer.sendall(Buffer.alloc(DEFAULT_FILE_BUFFER_BYTES + 1));
  expect((await file.read(1)).length).toBe(1);
  expect((await file.peek()).length).toBe(DEFAULT_FILE_BUFFER_BYTES - 1);
  expect((await ours.recv(10)).length).toBe(1);
});

test("RECEIVED_FILE_BYTES: the size of each receive of a larger read", async () => {
  const [ours, peer] = unixPair();
  const file = bytesFile(ours);
  const receives = vi.spyOn(kernel, "recv");
  onTestFinished(() => receives.mockRestore());
  await peer.sendall(Buffer.alloc(100));
  peer.close();
  await file.read(10 * RECEIVED_FILE_BYTES);
  await file.read();
  const asked = receives.mock.calls.map(([, , , , length]) => length);
  expect(asked.every((length) => length === RECEIVED_FILE_BYTES)).toBe(true);
});

test("DEFAULT_MAX_LINE_BYTES: the longest line that readline() returns, with its line ending", async () => {
  const [ours, peer] = unixPair();
  const file = bytesFile(ours);
  const line = Buffer.alloc(DEFAULT_MAX_LINE_BYTES, "x");
  line[line.length - 1] = 0x0a;
  const sending = Promise.all([peer.sendall(line), peer.sendall("x"), peer.sendall(line)]);
  expect((await file.readline()).equals(line)).toBe(true);
  await expect(file.readline()).rejects.toMatchObject(TOO_LONG);
  await expect(file.readline()).rejects.toMatchObject(TOO_LONG);
  // No byte is lost: a read with a size returns the line.
  expect((await file.read(line.length + 1)).equals(Buffer.concat([Buffer.from("x"), line]))).toBe(true);
  await sending;
});

test("maxLineBytes counts bytes of UTF-8, and a size given to readline() overrides it", async () => {
  const [ours, peer] = unixPair();
  const file = textFile(ours, { maxLineBytes: 8 });
  await peer.sendall("äää\nääää\n");
  peer.close();
  expect(await file.readline()).toBe("äää\n");
  await expect(file.readline()).rejects.toMatchObject(TOO_LONG);
  await expect(file.readlines()).rejects.toMatchObject(TOO_LONG);
  expect(await file.readline(4)).toBe("ääää");
  expect(await file.readline()).toBe("\n");
  expect(await file.readline()).toBe("");
});

test("a last line of maxLineBytes needs no line ending", async () => {
  const [ours, peer] = unixPair();
  const file = bytesFile(ours, { maxLineBytes: 4 });
  await peer.sendall("1234");
  peer.close();
  expect(String(await file.readline())).toBe("1234");
});

test("DEFAULT_MAX_READ_BYTES: read() without a size refuses more bytes, and a read with a size returns them", async () => {
  const [ours, peer] = unixPair();
  const file = bytesFile(ours);
  const sending = peer.sendall(Buffer.alloc(DEFAULT_MAX_READ_BYTES + 1));
  await expect(file.read()).rejects.toMatchObject(TOO_MUCH);
  await sending;
  expect((await file.read(DEFAULT_MAX_READ_BYTES)).length).toBe(DEFAULT_MAX_READ_BYTES);
  peer.close();
  expect((await file.read()).length).toBe(1);
});

test("maxReadBytes also applies to readlines(), and the refused lines stay readable", async () => {
  const [ours, peer] = unixPair();
  const file = textFile(ours, { maxReadBytes: 8 });
  await peer.sendall("one\ntwo\nthree\n");
  peer.close();
  await expect(file.readlines()).rejects.toMatchObject(TOO_MUCH);
  expect(await file.readlines(5)).toEqual(["one\n", "two\n"]);
  expect(await file.read()).toBe("three\n");
});

test("MAX_FILE_READ: the largest size of a read", async () => {
  const [ours, peer] = unixPair();
  const file = bytesFile(ours);
  await peer.sendall("few");
  peer.close();
  await expect(file.read(MAX_FILE_READ + 1)).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
  expect(String(await file.read(MAX_FILE_READ))).toBe("few");
});

test("a record that is longer than the buffer is truncated, as in Python", async () => {
  const [ours, peer] = socketpair(AF_UNIX, SOCK_SEQPACKET);
  await peer.send(Buffer.alloc(10, "x"));
  await peer.send("y");
  const file = ours.makefile("rb", { buffering: 4 });
  expect([String(await file.read(4)), String(await file.read(1))]).toEqual(["xxxx", "y"]);
  await file.close();
  for (const each of [ours, peer]) (each as Socket).close();
});
