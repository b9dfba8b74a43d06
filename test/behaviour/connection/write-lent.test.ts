// writeLent() works like write(), but passes the caller's own memory to the kernel.
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import { Connection } from "../../../src/server/connection/connection.ts";
import { connectionLimits } from "../../../src/server/connection/connection-options.ts";
import { clientPolicy, DEFAULT_POLICY } from "../../../src/server/connection/policy.ts";
import { RECORD_OVERHEAD_BYTES } from "../../../src/server/connection/write-buffer.ts";
import { connected } from "../../support/connected.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { serving } from "../../support/serving.ts";
import { unhandled } from "../../support/unhandled.ts";
import { turn } from "../../support/until.ts";

function opened(room = Number.POSITIVE_INFINITY, isRecords = false) {
  const link = new ScriptedLink({ isRecords });
  link.room = room;
  return { link, connection: new Connection(link, clientPolicy()) };
}

/** Records the memory that is passed to send(2) and sendmsg(2) from now on. */
function sentMemory(): Uint8Array[] {
  const given: Uint8Array[] = [];
  const { send, sendmsg } = kernel;
  vi.spyOn(kernel, "send").mockImplementation((slot, generation, bytes, offset, length, flags) => {
    given.push(bytes.subarray(offset, offset + length));
    return send(slot, generation, bytes, offset, length, flags);
  });
  vi.spyOn(kernel, "sendmsg").mockImplementation((slot, generation, pieces, ...others) => {
    given.push(...pieces);
    return sendmsg(slot, generation, pieces, ...others);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  return given;
}

function isWithin(memory: Uint8Array, part: Uint8Array): boolean {
  const at = part.byteOffset - memory.byteOffset;
  return part.buffer === memory.buffer && at >= 0 && at + part.length <= memory.length;
}

describe("the kernel gets the caller's memory", () => {
  test.each([3, 100_000, 4 * 1024 * 1024])("%i bytes, alone", async (length) => {
    const server = await serving(async (connection) => {
      let bytes = 0;
      for await (const piece of connection) bytes += piece.length;
      connection.write(`${bytes}`);
    });
    const client = await connected(server);
    const lent = Buffer.alloc(length, "x");
    const given = sentMemory();
    client.writeLent(lent);
    await client.flushed();
    expect(given.length).toBeGreaterThan(0);
    expect(given.every((each) => isWithin(lent, each))).toBe(true);
    // From now on the caller may change the memory.
    lent.fill(0);
    await client.end();
    expect(String(await client.read())).toBe(String(length));
    await client.close();
  });

  test("among small writes, which are copied; the order is kept", async () => {
    const server = await serving(async (connection) => void connection.write(await connection.readExactly(11)));
    const client = await connected(server);
    const lent = [Buffer.from("lent"), Buffer.from("LENT")] as const;
    const copied = Buffer.from("a");
    const given = sentMemory();
    client.write(copied);
    client.writeLent(lent[0]);
    client.write("b");
    client.write("c");
    client.writeLent(lent[1]);
    copied.fill("z");
    await client.flushed();
    expect(given.map(String).join("")).toBe("alentbcLENT");
    for (const each of lent) expect(given.some((piece) => piece.length === 4 && isWithin(each, piece))).toBe(true);
    expect(String(await client.readExactly(11))).toBe("alentbcLENT");
    await client.close();
  });
});

test("lent bytes are sent as they are at the send; copied bytes as they were at the write", async () => {
  const { link, connection } = opened();
  const [lent, copied] = [Buffer.from("one"), Buffer.from("two")];
  connection.writeLent(lent);
  connection.write(copied);
  for (const each of [lent, copied]) each.fill("x");
  await turn();
  expect(Buffer.concat(link.sent).toString()).toBe("xxxtwo");
  connection.abort();
});

test("after a partial send the rest is sent from the same place", async () => {
  const { link, connection } = opened(4);
  connection.write("ab");
  connection.writeLent(Buffer.from("lent"));
  connection.write("yz");
  await turn();
  for (const room of [1, 2, 1, 9]) {
    link.room = room;
    link.output?.onWritable();
  }
  expect(Buffer.concat(link.sent).toString()).toBe("ablentyz");
  expect(connection.stats()).toMatchObject({ bytesWritten: 8, bytesWaiting: 0 });
  connection.abort();
});

test("on a transport of records each call is one record, also an empty one", async () => {
  const { link, connection } = opened(undefined, true);
  connection.writeLent(Buffer.from("one"));
  connection.write("two");
  connection.writeLent(Buffer.from("three"));
  await turn();
  expect(link.sent.map(String)).toEqual(["one", "two", "three"]);
  let sent = -1;
  Object.assign(link, { send: (_: Uint8Array, __: number, length: number) => (sent = length) });
  connection.writeLent(Buffer.alloc(0));
  await turn();
  expect(sent).toBe(0);
  connection.abort();
});

describe("writeLent() has the limits of write()", () => {
  test("returns false from the high-water mark on; an empty chunk has no effect on a stream", () => {
    const { connection } = opened(0);
    expect(connection.writeLent(Buffer.alloc(0))).toBe(true);
    expect(connection.writeLent(Buffer.alloc(60 * 1024))).toBe(true);
    expect(connection.writeLent(Buffer.alloc(4 * 1024))).toBe(false);
    expect(connection.stats().bytesWaiting).toBe(64 * 1024);
    connection.abort();
    expect(connection.writeLent(Buffer.from("lost"))).toBe(false);
  });

  test("RECORD_OVERHEAD_BYTES: one-byte pieces count with the memory that they cost", async () => {
    const link = new ScriptedLink();
    link.room = 0;
    const policy = {
      ...DEFAULT_POLICY,
      ...connectionLimits({ maxWriteBufferBytes: 65_000, whenWriteBufferFull: "throw" }),
    };
    const connection = new Connection(link, policy);
    await turn();
    let pieces = 0;
    expect(() => {
      for (; pieces < 10_000; pieces++) connection.writeLent(Buffer.from("x"));
    }).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_WRITE_BUFFER_FULL" }));
    expect(pieces).toBe(65_000 / (RECORD_OVERHEAD_BYTES + 1));
    connection.abort();
  });

  test("throws after the end, and for an argument that is not a view or whose memory is detached", async () => {
    const { connection } = opened();
    expect(() => connection.writeLent("text" as never)).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }),
    );
    const gone = new Uint8Array(8);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(() => connection.writeLent(gone)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE" }));
    await connection.end();
    expect(() => connection.writeLent(Buffer.from("x"))).toThrow(
      expect.objectContaining({ code: "ERR_SOCKWRIGHT_ENDED" }),
    );
    connection.abort();
  });
});

describe.each([false, true])(
  "memory that is detached before it is sent, on a connection of records: %s",
  (isRecords) => {
    test.each([0, 1, 2])(
      "at %i: the connection is aborted, and no other bytes are sent in its place",
      async (place) => {
        const errors = await unhandled(async () => {
          const { link, connection } = opened(0, isRecords);
          const pieces = ["one", "two", "three"].map((text) => new Uint8Array(new TextEncoder().encode(text)));
          for (const each of pieces) connection.writeLent(each);
          const flushed = connection.flushed();
          const { buffer } = pieces[place] ?? {};
          if (buffer !== undefined) structuredClone(buffer, { transfer: [buffer] });
          link.room = Number.POSITIVE_INFINITY;
          link.output?.onWritable();
          await expect(flushed).rejects.toMatchObject({ name: "TypeError", code: "ERR_INVALID_ARG_VALUE" });
          expect(link.calls).toContain("abort");
          expect("onetwothree".startsWith(Buffer.concat(link.sent).toString())).toBe(true);
          connection.abort();
        });
        expect(errors).toEqual([]);
      },
    );
  },
);

test("memory that is detached is noticed also behind the pieces of one system call", async () => {
  const { link, connection } = opened(0);
  // sysconf(3), _SC_IOV_MAX
  for (let count = 0; count < 1_024; count++) connection.writeLent(Buffer.from("x"));
  const last = new Uint8Array(8);
  connection.writeLent(last);
  connection.write("behind it");
  const flushed = connection.flushed();
  structuredClone(last.buffer, { transfer: [last.buffer] });
  link.room = Number.POSITIVE_INFINITY;
  link.output?.onWritable();
  link.output?.onWritable();
  await expect(flushed).rejects.toMatchObject({ name: "TypeError", code: "ERR_INVALID_ARG_VALUE" });
  expect(Buffer.concat(link.sent).toString()).toBe("x".repeat(1_024));
  expect(link.calls).toContain("abort");
});

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => void vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport));
  afterEach(() => void vi.unstubAllEnvs());

  test("one page is sent to several clients, some of which read late", async () => {
    const page = Buffer.alloc(2 * 1024 * 1024, "page ");
    const server = await serving(async (connection) => {
      connection.write("<");
      connection.writeLent(page);
      connection.write(">");
      await connection.flushed({ timeoutMs: 60_000 });
    });
    const clients = await Promise.all([connected(server), connected(server), connected(server)]);
    for (const client of clients) {
      const all = await client.readExactly(page.length + 2);
      expect(all.subarray(1, -1).equals(page)).toBe(true);
      expect([all[0], all.at(-1)]).toEqual([60, 62]);
      await client.close();
    }
  });
});
