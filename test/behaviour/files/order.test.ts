// Files of a socket: the order of reads and writes, waits that end early, bytes that stay, and the descriptor's close.
import { closeSync, fstatSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  AF_UNIX,
  MSG_OOB,
  MSG_PEEK,
  SHUT_RD,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  type Socket,
  type SocketFile,
  socket,
  socketpair,
  WOULD_BLOCK,
} from "../../../src/index.ts";
import { fill } from "../../support/full.ts";
import { tcpPair, unixPair } from "../../support/sockets.ts";
import { unhandled } from "../../support/unhandled.ts";

const CLOSED = { code: "ERR_SOCKWRIGHT_FILE_CLOSED" };

test("concurrent reads are served in the order of their calls", async () => {
  const [ours, peer] = unixPair();
  await using file = ours.makefile("rb");
  const reads = [file.readline(), file.read(3), file.readline(2), file.readinto(Buffer.alloc(1)), file.read1(1)];
  for (const byte of "line\nabcxyrest") await peer.sendall(byte);
  expect((await Promise.all(reads)).map(String)).toEqual(["line\n", "abc", "xy", "1", "e"]);
});

test("an unbuffered file reads nothing ahead: the bytes after its line stay with the socket", async () => {
  const [ours, peer] = unixPair();
  await peer.sendall("first\nsecond\n");
  await using unbuffered = ours.makefile("rb", { buffering: 0 });
  expect(String(await unbuffered.readline())).toBe("first\n");
  expect(String(await ours.recv(6))).toBe("second");
  expect(String(await unbuffered.readline(5))).toBe("\n");
});

test("an unbuffered line may arrive in pieces, have a size limit, and end with the stream", async () => {
  const [ours, peer] = await tcpPair();
  await using file = ours.makefile("rb", { buffering: 0 });
  const line = file.readline();
  await peer.sendall("a");
  await nextTurn();
  await peer.sendall("b\nlonger");
  expect(String(await line)).toBe("ab\n");
  expect(String(await file.readline(4))).toBe("long");
  peer.close();
  expect(String(await file.readline())).toBe("er");
  expect(String(await file.readline())).toBe("");
});

test("a timeout discards nothing: the next read returns all bytes that have arrived", async () => {
  const [ours, peer] = unixPair();
  ours.settimeout(10);
  await using file = ours.makefile("r");
  await peer.sendall("half a ");
  await expect(file.readline()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
  await expect(file.readlines()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
  await peer.sendall("line\n");
  expect(await file.readline()).toBe("half a line\n");
});

test("the timeout applies to each receive, as in Python: bytes that arrive restart it for all reads of the file", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const [ours, peer] = unixPair();
  await using file = ours.makefile("rb");
  const other = ours.dup();
  onTestFinished(() => other.close());
  ours.settimeout(100);
  const reads = [file.readline(), file.readline()];
  for (const text of ["a", "b", "\nc", "\n"]) {
    vi.advanceTimersByTime(80);
    await peer.sendall(text);
    await received(other);
  }
  expect((await Promise.all(reads)).map(String)).toEqual(["ab\n", "c\n"]);
  const late = file.readline();
  vi.advanceTimersByTime(80);
  await peer.sendall("d");
  await received(other);
  vi.advanceTimersByTime(101);
  await expect(late).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
});

/** Waits until all sent bytes are received: a peek at another descriptor of the socket finds none. */
async function received(other: Socket): Promise<void> {
  while (other.tryRecv(Buffer.alloc(1), MSG_PEEK) !== WOULD_BLOCK) await nextTurn();
}

test("a non-blocking read takes all bytes that have arrived, with as many receives as it needs", async () => {
  const [ours, peer] = unixPair();
  ours.settimeout(0);
  await using file = ours.makefile("rb", { buffering: 64 });
  const line = `${"x".repeat(20_000)}\n`;
  await peer.sendall(`${line}part`);
  expect(String(await file.readline())).toBe(line);
  await expect(file.readline()).rejects.toMatchObject({ code: "EAGAIN" });
  expect(String(await file.read(4))).toBe("part");
});

test("lines that readlines() has read before it times out or fails stay readable", async () => {
  const [ours, peer] = unixPair();
  await using file = ours.makefile("rb");
  ours.settimeout(20);
  await peer.sendall("one\ntwo\npart");
  await expect(file.readlines()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
  expect(String(await file.readline())).toBe("one\n");
  ours.settimeout(null);
  const failing = file.readlines();
  await nextTurn();
  const behind = file.readline();
  ours.close();
  await file.close();
  await expect(failing).rejects.toMatchObject(CLOSED);
  await expect(behind).rejects.toMatchObject(CLOSED);
});

test("buffered lines stay readable after readlines() has failed with EAGAIN or an encoding error", async () => {
  const [ours, peer] = unixPair();
  await using file = ours.makefile("rb");
  await peer.sendall("one\ntwo\nthree\nfour\npart");
  expect(String(await file.readline())).toBe("one\n");
  ours.settimeout(0);
  await expect(file.readlines()).rejects.toMatchObject({ code: "EAGAIN" });
  expect(String(await file.readline())).toBe("two\n");
  ours.settimeout(null);
  const waiting = ours.recv(1);
  ours.settimeout(0);
  await expect(file.readlines()).rejects.toMatchObject({ code: "EAGAIN" });
  expect(String(await file.readline())).toBe("three\n");
  await peer.sendall("x");
  expect(String(await waiting)).toBe("x");
  const [left, right] = socketpair(AF_UNIX, SOCK_DGRAM) as unknown as [Socket, Socket];
  onTestFinished(() => {
    for (const each of [left, right]) each.close();
  });
  await using strict = left.makefile("r", { errors: "strict" });
  await right.send("one\ntwo\nthree");
  await right.send(Buffer.from([0xe2, 0x82]));
  expect(await strict.readline()).toBe("one\n");
  const failing = strict.readlines();
  left.shutdown(SHUT_RD);
  await expect(failing).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ENCODING" });
  expect([await strict.readline(), await strict.read(5)]).toEqual(["two\n", "three"]);
});

test("an invalid byte is reported at once, even if no byte follows it", async () => {
  const [ours, peer] = unixPair();
  await using file = ours.makefile("r", { errors: "strict" });
  const error = { code: "ERR_SOCKWRIGHT_ENCODING" };
  const line = file.readline();
  await peer.sendall(Buffer.from("one\xff", "latin1"));
  await expect(line).rejects.toMatchObject(error);
  await expect(file.readlines()).rejects.toMatchObject(error);
  expect(await file.read(3)).toBe("one");
  await expect(file.read(1)).rejects.toMatchObject(error);
});

test("a non-blocking read continues after urgent data, where a receive stops", async () => {
  const [ours, peer] = await tcpPair();
  await peer.sendall("abc");
  await peer.send("!", { flags: MSG_OOB });
  await peer.sendall("defg");
  expect(String(await ours.recv(7, { flags: MSG_PEEK }))).toBe("abc");
  ours.settimeout(0);
  await using file = ours.makefile("rb");
  expect(String(await file.read(7))).toBe("abcdefg");
});

test("a timeout that changes during a read applies to its next receive", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const changes = [
    { from: null, to: 50, code: "ERR_SOCKWRIGHT_TIMEOUT" },
    { from: 1_000, to: 50, code: "ERR_SOCKWRIGHT_TIMEOUT" },
    { from: 50, to: null, code: undefined },
    { from: null, to: 0, code: "EAGAIN" },
    { from: 50, to: 0, code: "EAGAIN" },
  ];
  for (const { from, to, code } of changes) {
    const [ours, peer] = unixPair();
    await using file = ours.makefile("rb");
    const other = ours.dup();
    onTestFinished(() => other.close());
    ours.settimeout(from);
    const reads = Promise.allSettled([file.readline(), file.readline()]);
    ours.settimeout(to);
    await peer.sendall("a");
    await received(other);
    vi.advanceTimersByTime(51);
    ours.settimeout(null);
    await peer.sendall("b\nc\n");
    if (code === undefined) expect((await reads).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    else {
      expect(await reads, `from ${from} to ${to}`).toMatchObject([{ reason: { code } }, { reason: { code } }]);
      expect(String(await file.readline())).toBe("ab\n");
    }
  }
});

test("iteration returns buffered lines while a read of the socket waits, and once ended it stays ended", async () => {
  const [ours, peer] = await tcpPair();
  await using file = ours.makefile("r");
  await peer.sendall("one\ntwo\n");
  const lines = file[Symbol.asyncIterator]();
  expect(await lines.next()).toEqual({ done: false, value: "one\n" });
  const waiting = ours.recv(10);
  expect(await lines.next()).toEqual({ done: false, value: "two\n" });
  // This read waits behind the socket's own, but still ends with the file.
  const behind = lines.next();
  await file.close();
  expect(await behind).toEqual({ done: true, value: undefined });
  await peer.sendall("socket's");
  expect(String(await waiting)).toBe("socket's");
  await using other = ours.makefile("r");
  const rest = other[Symbol.asyncIterator]();
  peer.close();
  expect(await rest.next()).toEqual({ done: true, value: undefined });
  expect(await rest.next()).toEqual({ done: true, value: undefined });
  const left = other[Symbol.asyncIterator]();
  expect(await left.return?.()).toEqual({ done: true, value: undefined });
  expect(await left.next()).toEqual({ done: true, value: undefined });
});

test("a flush that timed out before its first byte keeps the written bytes for the next flush", async () => {
  const [ours, peer] = unixPair();
  fill(ours);
  ours.settimeout(10);
  const file = ours.makefile("w");
  await file.write("kept");
  await expect(file.flush()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT", bytesSent: 0 });
  await file.write(" and more");
  peer.setblocking(false);
  for (;;) if ((await peer.recv(1 << 20).catch(() => undefined)) === undefined) break;
  peer.setblocking(true);
  await file.close();
  expect(String(await peer.recv(100))).toBe("kept and more");
});

test("write() returns the same count as in Python, and a text file refuses bytes", async () => {
  const [ours, peer] = unixPair();
  await using text = ours.makefile("w", { newline: "\r\n", buffering: 1 });
  expect(await text.write("😀é\n")).toBe(3);
  expect(String(await peer.recv(100))).toBe("😀é\r\n");
  await expect(text.write(Buffer.from("x") as never)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  await expect(text.writelines("text" as never)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  await using bytes = ours.makefile("wb", { buffering: 0 });
  expect(await bytes.write("é")).toBe(2);
  expect(await bytes.write(new Uint16Array(3))).toBe(6);
  await bytes.writelines(new Set(["a", "b"]));
  await expect(bytes.write(5 as never)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  expect((await peer.recv(100)).length).toBe(10);
  await using latin = ours.makefile("w", { encoding: "latin-1" });
  await latin.write("é\u1234");
  await latin.flush();
  expect(await peer.recv(100)).toEqual(Buffer.from([0xe9, 0x3f]));
  await using strict = ours.makefile("w", { encoding: "ascii", errors: "strict" });
  await expect(strict.write("é")).rejects.toMatchObject({ code: "ERR_INVALID_ARG_VALUE" });
});

test("writes of a file and sends of its socket leave in the order of their calls", async () => {
  const [ours, peer] = unixPair();
  await using file = ours.makefile("wb", { buffering: 4 });
  const done = [
    file.write("1"),
    file.write("2345"),
    ours.sendall("6"),
    file.write("789"),
    file.flush(),
    ours.sendall("0"),
  ];
  await Promise.all(done);
  let got = "";
  while (got.length < 10) got += String(await peer.recv(100));
  expect([...got].sort().join("")).toBe("0123456789");
  expect(got.indexOf("1")).toBe(0);
  expect(got.replace(/[60]/g, "")).toBe("12345789");
});

describe("the descriptor", () => {
  test("is closed with the last of the socket and its files, in any order", async () => {
    for (const order of ["socket first", "files first", "between"]) {
      const [ours, peer] = await tcpPair();
      const number = ours.fileno();
      const [first, second] = [ours.makefile("rb"), ours.makefile("w")];
      const closes: (() => unknown)[] = [() => first.close(), () => second.close()];
      closes.splice(["socket first", "between", "files first"].indexOf(order), 0, () => ours.close());
      for (const close of closes) {
        expect(fstatSync(number).isSocket()).toBe(true);
        await close();
        await close();
      }
      expect((await peer.recv(1)).length).toBe(0);
    }
  });

  test("stays open for a file after `await using` has closed the socket, which refuses calls at once", async () => {
    const [ours, peer] = unixPair();
    const file = ours.makefile("rw");
    const waiting = ours.recv(1);
    await ours[Symbol.asyncDispose]();
    expect([ours.closed, ours.fileno()]).toEqual([true, -1]);
    expect(() => ours.makefile()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_CLOSED" }));
    await expect(ours.send("x")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    await peer.sendall("xline\n");
    expect(String(await waiting)).toBe("x");
    expect(await file.readline()).toBe("line\n");
    await file.close();
    expect((await peer.recv(1)).length).toBe(0);
  });

  test.each([
    ["returns", () => undefined],
    [
      "throws",
      () => {
        throw new Error("in the handler");
      },
    ],
  ])("serve() closes the connection when the handler %s, even if its files are open", async (_how, end) => {
    const listener = socket();
    onTestFinished(() => listener.close());
    listener.bind({ host: "127.0.0.1", port: 0 });
    const left: SocketFile<string>[] = [];
    const serving = listener.listen().serve(async (peer) => {
      const file = peer.makefile("rw");
      left.push(file);
      await file.write(await file.readline());
      await file.flush();
      await file.write("never sent");
      end();
    });
    const client = socket();
    onTestFinished(() => client.close());
    await client.connect(listener.getsockname());
    await client.sendall("line\n");
    expect(String(await client.recv(100))).toBe("line\n");
    expect(String(await client.recv(100))).toBe("");
    const [file] = left;
    expect(file?.name).toBe(-1);
    await expect(file?.readline()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    await expect(file?.close()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    listener.close();
    await serving;
  });

  test("detach() takes the descriptor away from the files", async () => {
    const [ours] = unixPair();
    const file = ours.makefile("r");
    closeSync(ours.detach());
    await expect(file.read()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    expect(file.name).toBe(-1);
    await file.close();
  });
});

test("close() of a file rejects its waiting reads and ends iteration without an error; a second close() does nothing", async () => {
  const [ours, peer] = unixPair();
  const file = ours.makefile("r");
  const loop = (async () => {
    const lines: string[] = [];
    for await (const line of file) lines.push(line);
    return lines;
  })();
  await peer.sendall("one\npart");
  await nextTurn();
  const behind = file.readline();
  await file.close();
  await file.close();
  expect(await loop).toEqual(["one\n"]);
  await expect(behind).rejects.toMatchObject(CLOSED);
  await expect(file.flush()).rejects.toMatchObject(CLOSED);
  expect(() => file.readable()).toThrow(expect.objectContaining(CLOSED));
  // The receive that waited takes none of the bytes that arrive for the socket.
  await peer.sendall("socket's");
  expect(String(await ours.recv(100))).toBe("socket's");
});

test("close() sends the buffered bytes; if that fails, it rejects and still closes the descriptor", async () => {
  const [ours, peer] = unixPair();
  const file = ours.makefile("w");
  await file.write("x");
  peer.close();
  ours.close();
  await expect(file.close()).rejects.toMatchObject({ code: "EPIPE" });
  expect(file.closed).toBe(true);
  await file.close();
});

test("a rejected call that is not awaited does not end the process", async () => {
  const errors = await unhandled(async () => {
    const [ours, peer] = unixPair();
    const file = ours.makefile("rwb", { buffering: 0 });
    peer.close();
    void file.write("x");
    void file.readline();
    void file.read();
    await nextTurn();
    void file.write("x");
    void file.read();
    void file.close();
    void file.write("x");
    ours.close();
    await nextTurn();
  });
  expect(errors).toEqual([]);
});

test("one receive of a file returns one datagram", async () => {
  const [ours, peer] = socketpair(AF_UNIX, SOCK_DGRAM);
  onTestFinished(() => {
    for (const each of [ours, peer]) each.close();
  });
  await peer.send("one");
  await peer.send("two");
  await using file = (ours as unknown as Socket).makefile("rb", { buffering: 0 });
  expect(String(await file.read(100))).toBe("one");
  expect(String(await file.read1())).toBe("two");
});

test.each([
  ["datagram", SOCK_DGRAM],
  ["record", SOCK_SEQPACKET],
])("a %s that fits into the buffer of the file is not truncated", async (_what, type) => {
  const [ours, peer] = socketpair(AF_UNIX, type) as unknown as [Socket, Socket];
  onTestFinished(() => {
    for (const each of [ours, peer]) each.close();
  });
  await using file = ours.makefile("rb");
  // Small receives share a slab: the memory left in it has another size in each round.
  for (let sent = 0; sent < 20; sent++) {
    const bytes = Buffer.alloc(7_000, sent);
    await peer.send(bytes);
    expect((await file.read1()).equals(bytes)).toBe(true);
  }
});
