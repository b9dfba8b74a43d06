// File sending over a link that has its own sendFile; the test plays the peer.
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { lines } from "../../../../src/codec.ts";
import { beginTurn } from "../../../../src/native/turn.ts";
import { Connection } from "../../../../src/server/connection/connection.ts";
import { MAX_FILE_BYTES_PER_TURN } from "../../../../src/server/connection/file-queue.ts";
import { FILE_CHUNK_BYTES } from "../../../../src/server/connection/file-sending.ts";
import { type ConnectionPolicy, clientPolicy } from "../../../../src/server/connection/policy.ts";
import { DEADLINE_TICK_MS, DeadlineWheel } from "../../../../src/server/time/deadline-wheel.ts";
import type { LinkFile } from "../../../../src/server/transport/link.ts";
import { timedLinkOf } from "../../../../src/server/transport/timed-link.ts";
import { FILE_WINDOW_BYTES } from "../../../../src/socket/file-pages.ts";
import { SocketError } from "../../../../src/socket/socket-error.ts";
import { manualClock } from "../../../../src/testing.ts";
import { ScriptedLink } from "../../../support/scripted-link.ts";
import { turn, until } from "../../../support/until.ts";

const { EAGAIN, EIO, ECONNRESET, EPIPE } = constants.errno;

/** Logs the text of sent bytes, with a + where more follow, and the position and length of each sent part of a file. */
class FileLink extends ScriptedLink {
  readonly log: string[] = [];
  /** The number of its files that are still open. */
  openFiles = 0;
  /** The results of the next calls of sendFile; when the list is empty, each call takes all bytes. */
  readonly script: (number | undefined | Error)[] = [];

  override send(bytes: Uint8Array, offset: number, length: number, hasMore?: boolean): number | undefined {
    const taken = super.send(bytes, offset, length);
    if (taken !== undefined) this.log.push(`${this.sent.at(-1)}${hasMore === true ? "+" : ""}`);
    return taken;
  }

  /** The result of the probe of one byte of a file: 1 means that the byte is in memory. */
  probe: (position: number) => number = () => 1;

  openFile(descriptor: number): LinkFile {
    this.openFiles++;
    const probe = (position: number): number => this.probe(position);
    return { descriptor, probe, hold: () => 0, close: () => void this.openFiles-- };
  }

  sendFile(_file: LinkFile, position: number, length: number): number | undefined {
    const next = this.script.length > 0 ? this.script.shift() : length;
    if (next instanceof Error) throw next;
    this.log.push(`${position}:${next}`);
    return next === undefined ? undefined : Math.min(next, length);
  }

  /** Reports that the link is writable, in a new turn. */
  async take(): Promise<void> {
    beginTurn();
    this.output?.onWritable();
    await turn();
  }
}

const TEXT = "0123456789";

/** Returns the descriptor of a sparse file of the given size. */
function fileOf(bytes: number): number {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-queue-"));
  const file = openSync(join(folder, "file"), "w+");
  onTestFinished(() => {
    closeSync(file);
    rmSync(folder, { recursive: true });
  });
  writeSync(file, TEXT);
  ftruncateSync(file, bytes);
  return file;
}

function fileConnection(given: Parameters<typeof clientPolicy>[0] = {}) {
  const clock = manualClock();
  const told: string[] = [];
  const policy: ConnectionPolicy = {
    ...clientPolicy(given),
    isAccepted: true,
    wheel: new DeadlineWheel(clock),
    onExpired: (reason) => told.push(reason),
  };
  const link = new FileLink();
  const connection = new Connection(link, policy);
  onTestFinished(() => {
    connection.abort();
    expect(link.openFiles).toBe(0);
  });
  return { clock, connection, link, told };
}

/** The log entries for the given number of bytes, starting at `position`. */
function windows(position: number, bytes: number): string[] {
  const count = bytes / FILE_WINDOW_BYTES;
  return Array.from({ length: count }, (_, at) => `${position + at * FILE_WINDOW_BYTES}:${FILE_WINDOW_BYTES}`);
}

test("MAX_FILE_BYTES_PER_TURN limits the bytes of all files that a connection sends in one turn", async () => {
  const { connection, link } = fileConnection();
  const file = fileOf(1.5 * MAX_FILE_BYTES_PER_TURN);
  const sending = [connection.sendFile(file), connection.sendFile(file)];
  await until(() => link.calls.includes("awaitWritable"), "the first turn");
  expect(link.log.splice(0)).toEqual(windows(0, MAX_FILE_BYTES_PER_TURN));
  await until(() => link.openFiles === 2, "the second file");
  const half = MAX_FILE_BYTES_PER_TURN / 2;
  beginTurn();
  link.output?.onWritable();
  // A second call in the same turn sends nothing.
  link.output?.onWritable();
  expect(link.log.splice(0)).toEqual([...windows(2 * half, half), ...windows(0, half)]);
  expect(connection.bytesWritten).toBe(2 * MAX_FILE_BYTES_PER_TURN);
  await link.take();
  expect(link.log).toEqual(windows(half, 2 * half));
  expect(await Promise.all(sending)).toEqual([3 * half, 3 * half]);
});

test("MAX_FILE_BYTES_PER_TURN also holds when each file is queued after the previous one has been sent", async () => {
  const { connection, link } = fileConnection();
  const file = fileOf(FILE_WINDOW_BYTES);
  const count = MAX_FILE_BYTES_PER_TURN / FILE_WINDOW_BYTES;
  const waiter = (left: number) => ({
    resolve: () => queueMicrotask(() => send(left - 1)),
    reject: (error: Error): void => {
      throw error;
    },
  });
  const handle = {
    fd: file,
    stat: () => Promise.reject(new Error("stat")),
    read: () => Promise.reject(new Error("read")),
  };
  const send = (left: number): void => {
    const part = { offset: 0, length: FILE_WINDOW_BYTES, head: undefined };
    if (left > 0) connection.giveFile(handle as never, part, waiter(left));
  };
  beginTurn();
  send(2 * count);
  await until(() => link.calls.includes("awaitWritable"), "the first turn");
  expect(link.log.length).toBe(count);
  await link.take();
  expect(link.log.length).toBe(2 * count);
});

test("the head is sent with hasMore, together with earlier writes; later writes follow the file", async () => {
  const { connection, link } = fileConnection();
  const file = fileOf(10);
  connection.write("a");
  const first = connection.sendFile(file, { head: "head" });
  connection.write("b");
  expect(await first).toBe(10);
  await connection.sendFile(file, { head: "alone", length: 0 });
  expect(link.log).toEqual(["ahead+", "0:10", "b", "alone"]);
});

test("an empty head is ignored, also behind pending bytes", async () => {
  const { connection, link } = fileConnection();
  link.room = 2;
  connection.writeLent(Buffer.from("before"));
  const sending = connection.sendFile(fileOf(10), { head: "" });
  expect(link.log).toEqual(["be+"]);
  await link.take();
  link.room = Number.POSITIVE_INFINITY;
  await link.take();
  expect(await sending).toBe(10);
  expect(link.log.slice(-1)).toEqual(["0:10"]);
});

test("a head that does not fit into the socket buffer is sent exactly once, before the file", async () => {
  const { connection, link } = fileConnection();
  link.room = 2;
  const sending = connection.sendFile(fileOf(10), { head: "head" });
  await until(() => link.log.length === 1, "the first part");
  expect(connection.stats()).toMatchObject({ bytesWritten: 2, bytesWaiting: 2 });
  link.room = Number.POSITIVE_INFINITY;
  await link.take();
  expect(await sending).toBe(10);
  expect(link.log).toEqual(["he+", "ad+", "0:10"]);
});

test("the file queue waits for room after a short count or a full socket buffer", async () => {
  const { connection, link } = fileConnection();
  link.script.push(3, undefined, 1);
  const sending = connection.sendFile(fileOf(10));
  for (let round = 1; round <= 3; round++) {
    await until(() => link.log.length === round, "the next call");
    expect(link.calls.filter((call) => call === "awaitWritable").length).toBe(round);
    await link.take();
  }
  expect(await sending).toBe(10);
  expect(link.log).toEqual(["0:3", "3:undefined", "3:1", "4:6"]);
});

test("when the link cannot send a file, or stops being able to, the rest is read and sent as bytes", async () => {
  const { connection, link } = fileConnection();
  link.script.push(0);
  expect(await connection.sendFile(fileOf(10), { length: 5, head: "head" })).toBe(5);
  link.script.push(3, 0);
  const second = connection.sendFile(fileOf(10), { offset: 2, length: 5 });
  connection.write(".");
  await until(() => link.log.at(-1) === "2:3", "the first bytes");
  await link.take();
  expect(await second).toBe(5);
  expect(String(Buffer.concat(link.sent))).toBe("head0123456.");
});

describe("errors", () => {
  test.each([
    ["at its beginning", []],
    ["in its middle", [4]],
  ])("an error of the file %s aborts the connection", async (_, before) => {
    const { connection, link } = fileConnection();
    const error = new SocketError("sendfile", EIO);
    link.script.push(...before, error);
    const sending = connection.sendFile(fileOf(10)).catch((reason: unknown) => reason);
    const behind = connection.sendFile(fileOf(10)).catch((reason: unknown) => reason);
    const flushed = connection.flushed().catch((reason: unknown) => reason);
    if (before.length > 0) {
      await until(() => link.log.length === 1, "the first bytes");
      await link.take();
    }
    expect(await Promise.all([sending, behind, flushed])).toEqual([error, error, error]);
    expect(link.calls).toContain("abort");
    expect(connection.signal.reason).toBe(error);
  });

  test.each([ECONNRESET, EPIPE])(
    "error %s of the connection is reported as its loss, and unread bytes stay readable",
    async (errno) => {
      const { connection, link } = fileConnection();
      const error = new SocketError("sendfile", errno);
      link.input?.onReceived(Buffer.from("unread"));
      link.script.push(error);
      await expect(connection.sendFile(fileOf(10))).rejects.toBe(error);
      expect(link.calls).not.toContain("abort");
      expect(String(await connection.read())).toBe("unread");
    },
  );

  test("the loss of a connection rejects every file that is being opened, queued or sent", async () => {
    const { connection, link } = fileConnection();
    link.script.push(undefined);
    const first = connection.sendFile(fileOf(10), { head: "head" });
    await until(() => link.log.length === 2, "the first call");
    const others = [first, connection.sendFile(fileOf(10)), connection.sendFile("package.json")];
    const outcomes = Promise.allSettled(others);
    const lost = new SocketError("recv", ECONNRESET);
    link.input?.onError(lost);
    expect(await outcomes).toEqual(others.map(() => ({ status: "rejected", reason: lost })));
    expect(connection.stats()).toMatchObject({ bytesWritten: 4, bytesWaiting: 0 });
  });
});

/** The peer takes one byte of a file at intervals, then none: the deadline passes only after the last byte. */
async function lateAfterAll({ clock, connection, link, told }: ReturnType<typeof fileConnection>, deadline: string) {
  link.script.push(1, 1, 1, undefined);
  const sending = connection.sendFile(fileOf(10)).catch((error: unknown) => error);
  await until(() => link.log.length === 1, "the first byte");
  for (let round = 0; round < 3; round++) {
    clock.advance(900);
    await link.take();
  }
  expect([link.log.length, told]).toEqual([4, []]);
  clock.advance(100 + DEADLINE_TICK_MS);
  expect(told).toEqual([deadline]);
  expect(await sending).toMatchObject({ deadline });
}

test("the write timeout passes when the peer takes no byte of a file, and starts again at each byte taken", async () => {
  await lateAfterAll(fileConnection({ writeTimeoutMs: 1_000 }), "write");
});

test("the idle timeout starts again at each byte of a file that the peer takes", async () => {
  const clock = manualClock();
  const told: string[] = [];
  const timeouts = { firstByteTimeoutMs: undefined, readTimeoutMs: undefined, totalTimeoutMs: undefined };
  const link = new FileLink();
  const idle = timedLinkOf(link, { ...timeouts, idleTimeoutMs: 1_000 }, new DeadlineWheel(clock), (name) =>
    told.push(name),
  );
  await lateAfterAll({ clock, connection: new Connection(idle), link, told }, "idle");
  expect(link.openFiles).toBe(0);
});

describe("file bytes that are not in memory", () => {
  /** The probe reports one window as missing; the promise resolves in the same turn, while the window is being read. */
  function missing(link: FileLink, window: number): Promise<void> {
    return new Promise((resolve) => {
      link.probe = (position) => {
        if (position < window * FILE_WINDOW_BYTES) return 1;
        link.probe = () => 1;
        resolve();
        return -EAGAIN;
      };
    });
  }

  test("are read into memory before they are sent; later writes wait, and the write timeout does not pass", async () => {
    const { clock, connection, link, told } = fileConnection({ writeTimeoutMs: 1_000 });
    const asked = missing(link, 1);
    const sending = connection.sendFile(fileOf(2 * FILE_WINDOW_BYTES));
    connection.write("behind");
    await asked;
    // A writable event in this turn sends nothing: the window is sent in a later turn.
    link.output?.onWritable();
    expect(link.log).toEqual([`0:${FILE_WINDOW_BYTES}`]);
    clock.advance(2_000);
    expect(await sending).toBe(2 * FILE_WINDOW_BYTES);
    expect(told).toEqual([]);
    expect(link.log.slice(1)).toEqual([`${FILE_WINDOW_BYTES}:${FILE_WINDOW_BYTES}`, "behind"]);
  });

  test.each<[string, (both: ReturnType<typeof fileConnection>, error: Error) => void]>([
    ["an abort", ({ connection }, error) => connection.abort(error)],
    ["a loss", ({ link }, error) => link.input?.onError(error)],
  ])("%s during the read rejects at once; the file is closed when the read is over", async (_, end) => {
    const both = fileConnection();
    const asked = missing(both.link, 0);
    const sending = both.connection.sendFile(fileOf(10)).catch((reason: unknown) => reason);
    await asked;
    const error = new Error("enough");
    end(both, error);
    expect(await sending).toBe(error);
    expect(both.link.openFiles).toBe(1);
    await until(() => both.link.openFiles === 0, "the close");
    expect(both.link.log).toEqual([]);
  });

  test("delay the end of the connection", async () => {
    const { connection, link } = fileConnection();
    const asked = missing(link, 0);
    const sending = connection.sendFile(fileOf(10));
    await asked;
    const ended = connection.end();
    await Promise.all([sending, ended]);
    expect([link.log, link.calls.at(-1)]).toEqual([["0:10"], "end"]);
  });

  test("a file that shrinks during the read aborts the connection, rather than ending early", async () => {
    const { connection, link } = fileConnection();
    const file = fileOf(2 * FILE_WINDOW_BYTES);
    const asked = missing(link, 1);
    const sending = connection.sendFile(file).catch((reason: unknown) => reason);
    await asked;
    ftruncateSync(file, FILE_WINDOW_BYTES);
    link.script.push(0);
    expect(await sending).toMatchObject({ code: "ERR_SOCKWRIGHT_FILE_SHRANK" });
    expect(link.calls).toContain("abort");
  });

  test("a connection reads one window at a time, however many files it sends", async () => {
    const { connection, link } = fileConnection();
    let asked = 0;
    let most = 0;
    link.probe = () => {
      most = Math.max(most, asked - link.log.length);
      asked++;
      return -EAGAIN;
    };
    await Promise.all([1, 2, 3].map(() => connection.sendFile(fileOf(FILE_WINDOW_BYTES))));
    expect([asked, most]).toEqual([3, 0]);
  });
});

test("a connection does not push received bytes while its file waits for the peer", async () => {
  const { connection, link } = fileConnection();
  void connection.onBytes(() => undefined).catch(() => undefined);
  link.calls.length = 0;
  link.script.push(undefined);
  const sending = connection.sendFile(fileOf(10));
  await until(() => link.calls.includes("awaitWritable"), "the first call");
  expect(link.calls).toEqual(["awaitWritable", "pause"]);
  await link.take();
  await sending;
  expect(link.calls).toEqual(["awaitWritable", "pause", "resume"]);
});

test("heads wait in memory and count as waiting bytes; a write behind a file is dropped when the write buffer is full", async () => {
  const { connection, link } = fileConnection({ maxWriteBufferBytes: 100, whenWriteBufferFull: "drop" });
  link.script.push(undefined);
  const first = connection.sendFile(fileOf(10));
  const second = connection.sendFile(fileOf(10), { head: "h".repeat(90) });
  expect(connection.write("w".repeat(11))).toBe(false);
  connection.frames(lines()).write("w".repeat(10));
  expect(connection.stats()).toMatchObject({ bytesWaiting: 90, writesDropped: 2 });
  let isDrained = false;
  const drained = connection.drained().then(() => {
    isDrained = true;
  });
  await until(() => link.log.length === 1, "the first call");
  expect(isDrained).toBe(false);
  await link.take();
  await Promise.all([first, second, drained]);
  expect(connection.stats()).toMatchObject({ bytesWaiting: 0, bytesWritten: 110 });
});

test("the end of the connection waits for the file and for the bytes behind it", async () => {
  const { connection, link } = fileConnection();
  link.script.push(undefined);
  const sending = connection.sendFile(fileOf(FILE_CHUNK_BYTES));
  connection.write("behind");
  const ended = connection.end();
  await until(() => link.log.length === 1, "the first call");
  expect(link.calls).not.toContain("end");
  await link.take();
  await Promise.all([sending, ended]);
  expect(link.log.slice(1)).toEqual([`0:${FILE_CHUNK_BYTES}`, "behind"]);
  expect(link.calls).toContain("end");
});
