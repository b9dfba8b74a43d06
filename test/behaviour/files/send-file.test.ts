// sendfile() beyond Python's tests: invalid files, files that change or lack sendfile(2), broken pipes, order, turns.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_INET, AF_UNIX, SOCK_SEQPACKET, type Socket, socket, socketpair } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { FILE_WINDOW_BYTES } from "../../../src/socket/file-pages.ts";
import { READ_FILE_BYTES } from "../../../src/socket/send-file.ts";
import { fakeKernel } from "../../../src/testing.ts";
import { startChild } from "../../support/child.ts";
import { evict } from "../../support/evicted.ts";
import { openFile } from "../../support/open-descriptors.ts";
import { tcpPair, unixPair } from "../../support/sockets.ts";
import { until } from "../../support/until.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sockwright-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(content: string | Buffer, flags = "r+"): number {
  const path = join(folder, "file");
  writeFileSync(path, content);
  const file = openSync(path, flags);
  onTestFinished(() => closeSync(file));
  return file;
}

async function receive(from: Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let left = count; left > 0; ) {
    const chunk = await from.recv(Math.min(left, 65_536));
    if (chunk.length === 0) break;
    chunks.push(chunk);
    left -= chunk.length;
  }
  return Buffer.concat(chunks);
}

describe("an argument that is not a readable regular file is refused", () => {
  const refused = {
    name: "TypeError",
    code: "ERR_INVALID_ARG_VALUE",
    message: expect.stringContaining("'file' must be a regular file"),
  };

  test.each(["/", "/dev/zero", "/dev/null"])("%s", async (path) => {
    const [ours] = unixPair();
    await expect(ours.sendfile(openFile(path))).rejects.toMatchObject(refused);
  });

  test("a socket", async () => {
    const [ours, peer] = unixPair();
    await expect(ours.sendfile(peer.fileno())).rejects.toMatchObject(refused);
  });

  test("the error message has one line", async () => {
    const [ours] = unixPair();
    const folderHandle = await open("/");
    onTestFinished(() => folderHandle.close());
    await expect(ours.sendfile(folderHandle)).rejects.toMatchObject({ message: expect.not.stringContaining("\n") });
  });

  test.each([
    ["a path", () => "/etc/passwd", "await open(path)"],
    ["a URL", () => new URL("file:///etc/passwd"), "await open(path)"],
    ["the promise of a file", () => Promise.resolve(), "await the promise"],
  ])("the error for %s shows the correct call", async (_name, given, form) => {
    const [ours] = unixPair();
    const call: unknown = Reflect.apply(ours.sendfile, ours, [given()]);
    await expect(call).rejects.toMatchObject({
      code: "ERR_INVALID_ARG_TYPE",
      message: expect.stringContaining(form),
    });
  });

  test("a pipe", () => {
    // A process of its own has a pipe as its standard input.
    const program = `
      import { socketpair } from "sockwright";
      const [ours, peer] = socketpair();
      await ours.sendfile(0).catch(({ code }) => console.log(code));
      ours.close();
      peer.close();
    `;
    const cwd = fileURLToPath(new URL("../../..", import.meta.url));
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      cwd,
      input: "",
      encoding: "utf8",
    });
    expect(stdout).toBe("ERR_INVALID_ARG_VALUE\n");
  });

  test("a file that is closed, was never open, or is not open for reading", async () => {
    const [ours] = unixPair();
    const file = await open(join(folder, "closed"), "w");
    await expect(ours.sendfile(file)).rejects.toMatchObject({
      code: "EBADF",
      syscall: "sendfile",
      bytesSent: 0,
      message: expect.stringContaining("not open for reading"),
    });
    await file.close();
    await expect(ours.sendfile(file)).rejects.toMatchObject({
      code: "EBADF",
      message: expect.stringContaining("closed"),
    });
    await expect(ours.sendfile(2 ** 30)).rejects.toMatchObject({ code: "EBADF", syscall: "sendfile" });
  });
});

test("sendfile() fails on a seqpacket socket and on an unconnected socket", async () => {
  const file = fileOf("data");
  const [record, other] = socketpair(AF_UNIX, SOCK_SEQPACKET);
  await expect(record.sendfile(file)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_NO_SENDFILE" });
  for (const each of [record, other]) each.close();
  for (const family of [AF_INET, AF_UNIX]) {
    const alone = socket(family);
    await expect(alone.sendfile(file)).rejects.toMatchObject({ code: family === AF_INET ? "EPIPE" : "ENOTCONN" });
    alone.close();
  }
});

describe.each([
  ["TCP", tcpPair],
  ["Unix", async () => unixPair()],
] as const)("over %s", (_name, make) => {
  test("a file of several windows is sent in order between two sends", async () => {
    const [ours, peer] = await make();
    const data = Buffer.alloc(3 * FILE_WINDOW_BYTES + 17, "0123456789");
    const file = fileOf(data);
    const sending = Promise.all([
      ours.sendall("before"),
      ours.sendfile(file),
      ours.sendfile(file, 5, 7),
      ours.sendall("behind"),
    ]);
    const received = await receive(peer, data.length + 19);
    expect(await sending).toEqual([undefined, data.length, 7, undefined]);
    expect(
      received.equals(Buffer.concat([Buffer.from("before"), data, data.subarray(5, 12), Buffer.from("behind")])),
    ).toBe(true);
  });

  test("the end of the file needs no room in the send buffer, although the peer reads nothing", async () => {
    const [ours] = await make();
    const file = fileOf("few bytes");
    expect(await ours.sendfile(file)).toBe(9);
    expect(await ours.sendfile(file, 9)).toBe(0);
    expect(await ours.sendfile(file, 4, 100)).toBe(5);
    expect(await ours.sendfile(file, Number.MAX_SAFE_INTEGER)).toBe(0);
  });

  test("a broken pipe fails with EPIPE", async () => {
    const [ours, peer] = await make();
    const data = Buffer.alloc(64 * 1024);
    const file = fileOf(data);
    peer.close();
    // TCP reports the close by a reset, after the first bytes.
    for (let sends = 0; sends < 100; sends++) {
      try {
        await ours.sendfile(file);
        await nextTurn();
      } catch (error) {
        if (sends === 0 || (error as NodeJS.ErrnoException).code === "ECONNRESET") continue;
        expect(error).toMatchObject({ code: "EPIPE", syscall: "sendfile", bytesSent: 0 });
        break;
      }
    }
    await expect(ours.sendfile(file)).rejects.toMatchObject({ code: "EPIPE" });
  });

  test("a close, a signal and a timeout end a waiting sendfile(), which closes its copy of the descriptor", async () => {
    const file = fileOf(Buffer.alloc(32 * FILE_WINDOW_BYTES));
    const before = kernel.openDescriptors();
    const [ours] = await make();
    const closed = ours.sendfile(file);
    ours.close();
    await expect(closed).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED", bytesSent: expect.any(Number) });

    const [second] = await make();
    const ending = new AbortController();
    const aborted = second.sendfile(file, 0, undefined, { signal: ending.signal });
    const behind = second.sendfile(file, 0, 1);
    await nextTurn();
    ending.abort();
    await expect(aborted).rejects.toMatchObject({ name: "AbortError", bytesSent: expect.any(Number) });
    await expect(behind).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_PARTIAL_SEND" });
    second.close();

    const [third] = await make();
    third.settimeout(10);
    await expect(third.sendfile(file)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    await expect(third.sendfile(file, 0, 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: /Error/ });
    third.close();
    expect(kernel.openDescriptors()).toBeLessThanOrEqual(before + 6);
  });
});

test("closing the file during sendfile() neither stops it nor makes it send another file", async () => {
  const [ours, peer] = await tcpPair();
  const data = Buffer.alloc(16 * FILE_WINDOW_BYTES, "a");
  const path = join(folder, "closed-meanwhile");
  writeFileSync(path, data);
  const file = openSync(path, "r");
  const sending = ours.sendfile(file);
  closeSync(file);
  const other = fileOf(Buffer.alloc(16 * FILE_WINDOW_BYTES, "b"));
  expect(other).toBe(file);
  const received = await receive(peer, data.length);
  expect(await sending).toBe(data.length);
  expect(received.equals(data)).toBe(true);
});

test("if the file shrinks or grows meanwhile, sendfile() ends where it finds the end", async () => {
  const [ours, peer] = await tcpPair();
  const bytes = 32 * FILE_WINDOW_BYTES;
  const file = fileOf(Buffer.alloc(bytes));
  const shrunk = ours.sendfile(file);
  ftruncateSync(file, bytes / 2);
  const drained = receive(peer, bytes);
  expect(await shrunk).toBe(bytes / 2);

  writeSync(file, Buffer.alloc(bytes / 2 - 1), 0, bytes / 2 - 1, bytes / 2);
  const grown = ours.sendfile(file, bytes - 10, 100);
  writeSync(file, "and more", bytes - 1);
  expect(await grown).toBe(9);
  ours.close();
  await drained;
});

describe("a file without support for sendfile(2) is read and sent", () => {
  test("a file of /proc, whose size is 0", async () => {
    const [ours, peer] = unixPair();
    const file = openFile("/proc/self/mountinfo");
    const expected = readFileSync("/proc/self/mountinfo");
    const [count, received] = await Promise.all([ours.sendfile(file), receive(peer, expected.length)]);
    expect(count).toBe(expected.length);
    expect(received.equals(expected)).toBe(true);
  });

  test.each(["EINVAL", "ENOSYS", "EOPNOTSUPP"] as const)("sendfile(2) fails with %s", async (code) => {
    const data = Buffer.alloc(5 * READ_FILE_BYTES + 1, "0123456789");
    const file = fileOf(data);
    const sendfile = vi.spyOn(kernel, "sendfile").mockImplementation(() => -constants.errno[code]);
    onTestFinished(() => sendfile.mockRestore());
    const [ours, peer] = unixPair();
    const [count, received] = await Promise.all([ours.sendfile(file, 1), receive(peer, data.length - 1)]);
    expect(count).toBe(data.length - 1);
    expect(received.equals(data.subarray(1))).toBe(true);
    expect(sendfile).toHaveBeenCalledTimes(1);
  });
});

describe("pages that are not in memory are read by another thread", () => {
  /** The kernel reports no page as in memory until the test ends. */
  function missing(code: "EAGAIN" | "EOPNOTSUPP" = "EAGAIN") {
    const probe = vi.spyOn(kernel, "probeFile").mockImplementation(() => -constants.errno[code]);
    const sendfile = vi.spyOn(kernel, "sendfile");
    onTestFinished(() => {
      probe.mockRestore();
      sendfile.mockRestore();
    });
    return { probe, sendfile };
  }

  test("once for each window, before the kernel sends a byte of it", async () => {
    const { probe, sendfile } = missing();
    const [ours, peer] = await tcpPair();
    const data = Buffer.alloc(2 * FILE_WINDOW_BYTES + 10, "0123456789");
    const file = fileOf(data);
    const sending = Promise.all([ours.sendfile(file), ours.sendall("behind")]);
    expect([probe.mock.calls.length, sendfile.mock.calls.length]).toEqual([1, 0]);
    const received = await receive(peer, data.length + 6);
    expect(await sending).toEqual([data.length, undefined]);
    expect(received.equals(Buffer.concat([data, Buffer.from("behind")]))).toBe(true);
    expect(probe.mock.calls.map(([, position]) => position)).toEqual([0, FILE_WINDOW_BYTES, 2 * FILE_WINDOW_BYTES]);
  });

  test("if the kernel cannot tell, for the first window only", async () => {
    const { probe } = missing("EOPNOTSUPP");
    const [ours, peer] = await tcpPair();
    const data = Buffer.alloc(2 * FILE_WINDOW_BYTES, "0123456789");
    const [count, received] = await Promise.all([ours.sendfile(fileOf(data)), receive(peer, data.length)]);
    expect([count, received.equals(data), probe.mock.calls.length]).toEqual([data.length, true, 1]);
  });

  test("a signal and a close end the wait; the copy of the descriptor is closed when the thread's read ends", async () => {
    const { sendfile } = missing();
    const file = fileOf("few bytes");
    const [ours, peer] = unixPair();
    const before = kernel.openDescriptors();
    const ending = new AbortController();
    const aborted = ours.sendfile(file, 0, undefined, { signal: ending.signal });
    ending.abort();
    await expect(aborted).rejects.toMatchObject({ name: "AbortError", bytesSent: 0 });
    expect(kernel.openDescriptors()).toBe(before + 1);

    // No byte was sent, so that the next sendfile() can run.
    const [count, received] = await Promise.all([ours.sendfile(file), receive(peer, 9)]);
    expect([count, String(received)]).toEqual([9, "few bytes"]);
    await until(() => kernel.openDescriptors() === before, "the ends of the reads");
    const calls = sendfile.mock.calls.length;
    const closed = ours.sendfile(file);
    ours.close();
    await expect(closed).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED", bytesSent: 0 });
    await until(() => kernel.openDescriptors() === before - 1, "the end of the read");
    expect(sendfile.mock.calls.length).toBe(calls);
  });

  test("a file that shrinks meanwhile is sent up to its new end", async () => {
    missing();
    const [ours] = await tcpPair();
    const file = fileOf("many bytes");
    const sending = ours.sendfile(file);
    ftruncateSync(file, 4);
    expect(await sending).toBe(4);
  });

  test("an evicted file arrives, and sendfile(2) finds each part in memory", async (context) => {
    const [ours, peer] = await tcpPair();
    const data = randomBytes(20 * FILE_WINDOW_BYTES + 1);
    const file = fileOf(data);
    evict(context, join(folder, "file"), file);
    const real = kernel.sendfile;
    const found = new Set<number>();
    const sendfile = vi.spyOn(kernel, "sendfile").mockImplementation((...given) => {
      const [, , descriptor, position] = given;
      found.add(kernel.probeFile(descriptor, position));
      return real(...given);
    });
    onTestFinished(() => sendfile.mockRestore());
    const [count, received] = await Promise.all([ours.sendfile(file), receive(peer, data.length)]);
    expect([count, received.equals(data)]).toEqual([data.length, true]);
    // 0: there is no byte at the end of the file.
    expect([...found].filter((result) => result !== 0)).toEqual([1]);
  });

  test("with a fake kernel whose preadv2(2) fails with EAGAIN", async () => {
    const file = fileOf("few bytes");
    using played = fakeKernel();
    played.script("preadv2", ["EAGAIN"]);
    const [ours, peer] = unixPair();
    const sending = ours.sendfile(file);
    expect([played.scriptedFaults, played.callCount("sendfile")]).toEqual([0, 0]);
    expect([await sending, String(await receive(peer, 9))]).toEqual([9, "few bytes"]);
  });
});

test("FILE_WINDOW_BYTES: other work runs between two windows", async () => {
  const [ours, peer] = await tcpPair();
  const [asking, answering] = unixPair();
  const pieces = vi.spyOn(kernel, "sendfile");
  onTestFinished(() => pieces.mockRestore());
  const bytes = 24 * FILE_WINDOW_BYTES;
  const drained = receive(peer, bytes);
  const sending = ours.sendfile(fileOf(Buffer.alloc(bytes)));
  const pending = Symbol("pending");
  let turns = 0;
  while ((await Promise.race([sending, nextTurn(pending)])) === pending) {
    await asking.sendall("?");
    await answering.recv(1);
    turns++;
  }
  await drained;
  expect(pieces.mock.calls.every(([, , , , length]) => length <= FILE_WINDOW_BYTES)).toBe(true);
  expect(turns).toBeGreaterThan(3);
});

test("sendfile() sets O_NONBLOCK again after another process has cleared it, and does not block", async () => {
  const [ours, peer] = await tcpPair();
  const bytes = 16 * FILE_WINDOW_BYTES;
  // libuv makes the child's standard input blocking, and with it the open socket of this process.
  spawnSync(process.execPath, ["-e", "0"], { stdio: [ours.fileno(), "ignore", "inherit"] });
  const sending = ours.sendfile(fileOf(Buffer.alloc(bytes)));
  expect((await receive(peer, bytes)).length).toBe(bytes);
  expect(await sending).toBe(bytes);
});

test("with a fake kernel: short, interrupted and failing calls", async () => {
  const data = Buffer.alloc(100_000, "0123456789");
  const file = fileOf(data);
  using played = fakeKernel();
  played.script("sendfile", [{ atMostBytes: 1 }, "EINTR", "EAGAIN", { atMostBytes: 100 }, "pass", "ECONNRESET"]);
  const [ours, peer] = unixPair();
  const failed = ours.sendfile(file).catch((error: unknown) => error);
  const cut = receive(peer, data.length);
  const error = await failed;
  ours.close();
  expect(error).toMatchObject({ code: "ECONNRESET", bytesSent: (await cut).length });
  expect((await cut).equals(data.subarray(0, (await cut).length))).toBe(true);
  const [again, reader] = unixPair();
  const [count, received] = await Promise.all([again.sendfile(file), receive(reader, data.length)]);
  expect(count).toBe(data.length);
  expect(received.equals(data)).toBe(true);
});

// In a process of its own: after a program removes its SIGPIPE handler, the signal has the kernel's action, not Node's.
test("a broken pipe raises no SIGPIPE, neither to a handler nor where the signal would end the process", async () => {
  const child = await startChild(process.execPath, [
    fileURLToPath(new URL("programs/broken-pipe.mjs", import.meta.url)),
  ]);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stdout).toBe("EPIPE\nEPIPE\nsignals 0\nEPIPE\n");
});
