// The cases of CPython's test_socket.py for makefile(), by their names: FileObjectClassTestCase and its subclasses for
// buffers and text. Where this library differs, the title says so.
import { describe, expect, onTestFinished, test } from "vitest";
import type { MakefileOptions, Socket, SocketFile } from "../../../src/index.ts";
import { tcpPair } from "../../support/sockets.ts";

const MESSAGE = Buffer.from("Michael Gilfix was here\u1234\r\n");

interface Case {
  readonly name: string;
  readonly readMode: "r" | "rb";
  readonly writeMode: "w" | "wb";
  readonly options: MakefileOptions;
}

const UNTRANSLATED: MakefileOptions = { newline: "" };

const cases: readonly Case[] = [
  { name: "FileObjectClassTestCase", readMode: "rb", writeMode: "wb", options: {} },
  { name: "UnbufferedFileObjectClassTestCase", readMode: "rb", writeMode: "wb", options: { buffering: 0 } },
  { name: "LineBufferedFileObjectClassTestCase", readMode: "rb", writeMode: "wb", options: { buffering: 1 } },
  { name: "SmallBufferedFileObjectClassTestCase", readMode: "rb", writeMode: "wb", options: { buffering: 2 } },
  { name: "UnicodeReadFileObjectClassTestCase", readMode: "r", writeMode: "wb", options: UNTRANSLATED },
  { name: "UnicodeWriteFileObjectClassTestCase", readMode: "rb", writeMode: "w", options: UNTRANSLATED },
  { name: "UnicodeReadWriteFileObjectClassTestCase", readMode: "r", writeMode: "w", options: UNTRANSLATED },
];

interface Files {
  readonly reads: SocketFile;
  readonly writes: SocketFile;
  readonly readSocket: Socket;
  readonly writeSocket: Socket;
}

/** A file of bytes accepts no text options. */
function optionsFor(mode: string, { newline, ...options }: MakefileOptions): MakefileOptions {
  return mode.includes("b") ? options : { ...options, newline };
}

async function files({ readMode, writeMode, options }: Case): Promise<Files> {
  const [readSocket, writeSocket] = await tcpPair();
  const reads: SocketFile = readSocket.makefile(readMode as string, optionsFor(readMode, options));
  const writes: SocketFile = writeSocket.makefile(writeMode as string, optionsFor(writeMode, options));
  onTestFinished(async () => {
    for (const file of [reads, writes]) await file.close();
  });
  return { reads, writes, readSocket, writeSocket };
}

/** The message to write or read: a string for a file of text. */
function message(mode: string): Buffer | string {
  return mode.includes("b") ? MESSAGE : MESSAGE.toString();
}

function joined(pieces: readonly (string | Buffer)[]): string {
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece))).toString();
}

describe.each(cases)("$name", (each) => {
  const whole = message(each.readMode);
  const written = message(each.writeMode);

  async function send({ writes }: Files, data: string | Buffer = written): Promise<void> {
    await writes.write(data as never);
    await writes.flush();
  }

  test("testReadAfterTimeout: here a later read returns the bytes that have arrived, since a timeout discards nothing", async () => {
    const all = await files(each);
    all.readSocket.settimeout(20);
    await send(all, written.slice(0, 3) as string | Buffer);
    expect(await all.reads.read(3)).toEqual(whole.slice(0, 3));
    const late = expect.objectContaining({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    await expect(all.reads.read(1)).rejects.toEqual(late);
    await expect(all.reads.read(1)).rejects.toEqual(late);
    await send(all, written.slice(3) as string | Buffer);
    expect(joined([await all.reads.readline()])).toBe(joined([whole.slice(3)]));
  });

  test("testSmallRead", async () => {
    const all = await files(each);
    await send(all);
    const first = await all.reads.read(whole.length - 3);
    const second = await all.reads.read(3);
    expect(joined([first, second])).toBe(joined([whole]));
    expect(second.length).toBe(3);
  });

  test("testFullRead", async () => {
    const all = await files(each);
    await all.writes.write(written as never);
    await all.writes.close();
    all.writeSocket.close();
    expect(await all.reads.read()).toEqual(whole);
  });

  test("testUnbufferedRead", async () => {
    const all = await files(each);
    await send(all);
    all.writeSocket.close();
    await all.writes.close();
    const pieces: (string | Buffer)[] = [];
    for (;;) {
      const piece = await all.reads.read(1);
      if (piece.length === 0) break;
      pieces.push(piece);
    }
    expect(pieces).toHaveLength(whole.length);
    expect(joined(pieces)).toBe(joined([whole]));
  });

  test("testReadline", async () => {
    const all = await files(each);
    await send(all);
    expect(await all.reads.readline()).toEqual(whole);
  });

  test("testCloseAfterMakefile", async () => {
    const all = await files(each);
    all.readSocket.close();
    await send(all);
    await all.writes.close();
    all.writeSocket.close();
    expect(await all.reads.read()).toEqual(whole);
  });

  test("testMakefileAfterMakefileClose", async () => {
    const all = await files(each);
    await all.reads.close();
    await send(all);
    expect(await all.readSocket.recv(MESSAGE.length)).toEqual(MESSAGE);
  });

  test("testClosedAttr", async () => {
    const all = await files(each);
    expect([all.reads.closed, all.writes.closed]).toEqual([false, false]);
    await all.reads.close();
    expect(all.reads.closed).toBe(true);
  });

  test("testAttributes", async () => {
    const all = await files(each);
    expect([all.reads.mode, all.writes.mode]).toEqual([each.readMode, each.writeMode]);
    expect([all.reads.name, all.writes.name]).toEqual([all.readSocket.fileno(), all.writeSocket.fileno()]);
    expect([all.reads.readable(), all.reads.writable()]).toEqual([true, false]);
    expect([all.writes.readable(), all.writes.writable()]).toEqual([false, true]);
  });

  test("testRealClose", async () => {
    const all = await files(each);
    await all.reads.close();
    expect(() => all.reads.fileno()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_FILE_CLOSED" }));
    expect(all.reads.name).toBe(-1);
    all.readSocket.close();
    expect(() => all.readSocket.getsockname()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_CLOSED" }));
  });
});

describe("UnbufferedFileObjectClassTestCase", () => {
  const unbuffered: Case = {
    name: "",
    readMode: "rb",
    writeMode: "wb",
    options: { buffering: 0 },
  };

  test("testUnbufferedReadline: a second file continues where the first one stopped", async () => {
    const { reads, writes, readSocket } = await files(unbuffered);
    await writes.write(Buffer.concat([Buffer.from("A. "), MESSAGE, Buffer.from("B. "), MESSAGE]) as never);
    expect(String(await reads.readline())).toBe(`A. ${MESSAGE.toString()}`);
    await using second = readSocket.makefile("rb", { buffering: 0 });
    expect(String(await second.readline())).toBe(`B. ${MESSAGE.toString()}`);
  });

  test("testMakefileClose: here a closed socket refuses calls, and its file continues to read", async () => {
    const { reads, writes, readSocket } = await files(unbuffered);
    readSocket.close();
    await expect(readSocket.recv(1024)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    await writes.write(MESSAGE as never);
    expect(await reads.read(1024)).toEqual(MESSAGE);
    await reads.close();
    await expect(reads.read(1024)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_FILE_CLOSED" });
  });

  test("testMakefileCloseSocketDestroy: the second close closes the descriptor, and the peer sees the end of the stream", async () => {
    const { reads, readSocket, writeSocket } = await files(unbuffered);
    readSocket.close();
    await reads.close();
    expect(await writeSocket.recv(1)).toEqual(Buffer.alloc(0));
  });

  test("testSmallReadNonBlocking: a read that would block fails with EAGAIN, where Python returns None", async () => {
    const { reads, writes, readSocket } = await files(unbuffered);
    const again = { code: "EAGAIN" };
    readSocket.setblocking(false);
    await expect(reads.readinto(Buffer.alloc(10))).rejects.toMatchObject(again);
    await expect(reads.read(MESSAGE.length - 3)).rejects.toMatchObject(again);
    await writes.write(MESSAGE as never);
    const first = await reads.read(MESSAGE.length - 3);
    const room = Buffer.alloc(10);
    expect(await reads.readinto(room)).toBe(3);
    expect(Buffer.concat([Buffer.from(first), room.subarray(0, 3)])).toEqual(MESSAGE);
    await expect(reads.readinto(Buffer.alloc(16))).rejects.toMatchObject(again);
    await expect(reads.read(1)).rejects.toMatchObject(again);
  });

  test("testWriteNonBlocking: a write that does not fit fails with EAGAIN and the number of sent bytes", async () => {
    const { writes, writeSocket } = await files(unbuffered);
    writeSocket.setblocking(false);
    const big = Buffer.alloc(16 * 1024 * 1024, "x");
    await expect(writes.write(big as never)).rejects.toMatchObject({ code: "EAGAIN", bytesSent: expect.any(Number) });
  });
});
