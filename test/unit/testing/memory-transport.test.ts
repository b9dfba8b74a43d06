import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Connection, connect, serve } from "../../../src/server.ts";
import { greet } from "../../../src/services/greet/greet.ts";
import { MemoryLink } from "../../../src/testing/memory-link.ts";
import {
  type MemoryOptions,
  type MemoryTransport,
  memoryPair,
  memoryTransport,
} from "../../../src/testing/memory-transport.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { turn } from "../../support/until.ts";

function inMemory(options?: MemoryOptions): MemoryTransport {
  const memory = memoryTransport(options);
  onTestFinished(() => memory[Symbol.dispose]());
  return memory;
}

describe.each(["tcp://127.0.0.1:0", "tcp://[::1]:0", "unix:/memory/x.sock", "unix:@memory", "unix-seqpacket:@memory"])(
  "over %s",
  (at) => {
    test("the peer receives the written bytes, then the end of the stream", async () => {
      const memory = inMemory();
      const url = urlOf(
        await serving(
          async (connection) => {
            for await (const piece of connection) connection.write(piece);
            connection.write("bye");
          },
          {},
          at,
        ),
      );
      const client = await connect(url);
      client.write("hello");
      expect(String(await client.read())).toBe("hello");
      await client.end();
      expect(String(await client.read())).toBe("bye");
      expect(await client.read()).toBeUndefined();
      await client.close();
      expect(memory.openConnections).toBe(0);
    });

    test("onBytes passes each received piece to the callback and resolves at the end of the stream", async () => {
      inMemory();
      const url = urlOf(
        await serving((connection) => connection.onBytes((bytes) => void connection.write(bytes)), {}, at),
      );
      const client = await connect(url);
      client.write("hello");
      expect(String(await client.read())).toBe("hello");
      await client.close();
    });
  },
);

test("a connection opens no socket and does not wait for a turn of the event loop", async () => {
  inMemory();
  const before = process.getActiveResourcesInfo().length;
  const server = await serving(async (connection) => {
    connection.write(String(await connection.read()).toUpperCase());
    await connection.read();
  });
  const url = urlOf(server);
  let turns = 0;
  const immediate = setImmediate(() => turns++);
  const client = await connect(url);
  client.write("quick");
  expect(String(await client.read())).toBe("QUICK");
  expect(turns).toBe(0);
  expect(process.getActiveResourcesInfo().filter((type) => /Wrap|Timeout/.test(type)).length).toBeLessThanOrEqual(
    before,
  );
  clearImmediate(immediate);
  await client.close();
});

test("pieceBytes limits the bytes of each received piece of a stream", async () => {
  const { client, server } = memoryPair({ pieceBytes: 2 });
  client.write("abcde");
  await client.end();
  const pieces: string[] = [];
  await server.onBytes((bytes) => void pieces.push(Buffer.from(bytes).toString()));
  expect(pieces).toEqual(["ab", "cd", "e"]);
  await Promise.all([client.close(), server.close()]);
});

test("records keep their boundaries", async () => {
  const { client, server } = memoryPair({ isRecords: true, pieceBytes: 1 });
  for (const record of ["one", "", "three"]) client.write(record);
  await client.end();
  const records: string[] = [];
  await server.onBytes((bytes) => void records.push(Buffer.from(bytes).toString()));
  expect(records).toEqual(["one", "", "three"]);
  await Promise.all([client.close(), server.close()]);
});

test("bufferBytes: a reader that does not read stops the writer, and no byte is lost", async () => {
  const { client, server } = memoryPair({ bufferBytes: 1_000 });
  const data = Buffer.alloc(300_000, "0123456789abcdef\n");
  expect(client.write(data)).toBe(false);
  let isDrained = false;
  const drained = client.drained().then(() => {
    isDrained = true;
  });
  await turn();
  expect(isDrained).toBe(false);
  expect(await server.readExactly(data.length)).toEqual(data);
  await drained;
  await Promise.all([client.close(), server.close()]);
});

test("bytes arrive complete and in order, for any sizes", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 20 });
  const shape = fc.record({
    bufferBytes: fc.integer({ min: 1, max: 3_000 }),
    pieceBytes: fc.integer({ min: 1, max: 3_000 }),
  });
  await fc.assert(
    fc.asyncProperty(sizes, shape, async (lengths, options) => {
      const { client, server } = memoryPair(options);
      const written = lengths.map((length, index) => Buffer.alloc(length, index));
      const pieces: Buffer[] = [];
      const reading = server.onBytes((bytes) => void pieces.push(Buffer.from(bytes)));
      for (const piece of written) client.write(piece);
      await client.end();
      await reading;
      expect(Buffer.concat(pieces)).toEqual(Buffer.concat(written));
      await Promise.all([client.close(), server.close()]);
    }),
    { numRuns: 25 },
  );
});

describe("failures", () => {
  test("reset gives ECONNRESET at both ends, after all received bytes", async () => {
    const { client, server, reset } = memoryPair();
    client.write("before");
    await new Promise((resolve) => process.nextTick(resolve));
    reset();
    expect(String(await server.readExactly(6))).toBe("before");
    await expect(server.read()).rejects.toMatchObject({ code: "ECONNRESET", syscall: "recv" });
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(server.signal.aborted).toBe(true);
  });

  test("abort resets the other end", async () => {
    const { client, server } = memoryPair();
    client.abort();
    await expect(server.read()).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("a reset after the end is still reported", async () => {
    const { client, server } = memoryPair();
    await client.end();
    expect(await server.read()).toBeUndefined();
    const lost = new Promise((resolve) => server.signal.addEventListener("abort", resolve));
    client.abort();
    await lost;
    expect(server.write("x")).toBe(false);
  });

  test("a writer that waits for room is rejected by a reset without reading", async () => {
    const { client, server, reset } = memoryPair({ bufferBytes: 10 });
    client.write(Buffer.alloc(200_000));
    const drained = expect(client.drained()).rejects.toMatchObject({ code: "ECONNRESET" });
    await turn();
    reset();
    await drained;
    server.abort();
  });

  test("a reset of the transport rejects in the handler of a server and is reported", async () => {
    const memory = inMemory();
    const failures: unknown[] = [];
    let isWaiting = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      isWaiting = resolve;
    });
    const server = await serving(
      async (connection) => {
        isWaiting();
        await connection.read();
      },
      { onError: (error) => failures.push(error) },
    );
    const url = urlOf(server);
    const client = await connect(url);
    await waiting;
    memory.reset();
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    await server.close();
    expect(failures).toMatchObject([{ code: "ECONNRESET" }]);
  });

  test("connect without a listener is refused with the kernel's error codes", async () => {
    inMemory();
    await expect(connect("tcp://127.0.0.1:9")).rejects.toMatchObject({ code: "ECONNREFUSED", port: 9 });
    await expect(connect("unix:/memory/none")).rejects.toMatchObject({ code: "ENOENT", address: "/memory/none" });
    await expect(connect("unix:@none")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("an address stays in use until its listener has closed", async () => {
    inMemory();
    const server = await serving(async () => undefined, {}, "tcp://127.0.0.1:8000");
    const url = urlOf(server);
    await expect(serve(url, async () => undefined)).rejects.toMatchObject({ code: "EADDRINUSE" });
    await server.close();
    await serving(async () => undefined, {}, url);
  });
});

test("maxConnections: further connections wait until there is room", async () => {
  inMemory();
  const url = urlOf(
    await serving(
      async (connection) => {
        connection.write("your turn");
        await connection.read();
      },
      { maxConnections: 1 },
    ),
  );
  const [first, second] = [await connect(url), await connect(url)];
  expect(String(await first.read())).toBe("your turn");
  let isServed = false;
  const served = second.read().then((piece) => {
    isServed = true;
    return piece;
  });
  await turn();
  expect(isServed).toBe(false);
  await first.close();
  expect(String(await served)).toBe("your turn");
  await second.close();
});

test.each(["udp://127.0.0.1:0", "unix-dgram:@memory"])("datagrams are answered: %s", async (at) => {
  const memory = inMemory();
  const server = await serve(at, { name: "echo", datagram: ({ data, reply }) => void reply(`Hello, ${data}`) });
  onTestFinished(async () => void (await server.close()));
  const [one, two] = [await connect(server.urls[0] ?? ""), await connect(server.urls[0] ?? "")];
  one.write("one");
  two.write("two");
  expect(String(await two.read())).toBe("Hello, two");
  expect(String(await one.read())).toBe("Hello, one");
  one.abort();
  two.abort();
  expect(memory.openConnections).toBe(0);
});

test("a built-in service runs in memory: greet", async () => {
  inMemory();
  const server = await serve("tcp://127.0.0.1:0", greet({ greeting: "Welcome!" }));
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  const client = await connect(server.urls[0] ?? "");
  expect(String(await client.read())).toBe("Welcome!");
  client.write("Ada");
  expect(String(await client.read())).toBe("Hello, Ada!");
  await client.close();
});

test("DEFAULT_BUFFER_BYTES: 64 KiB wait; RECORD_OVERHEAD_BYTES: a record counts 64 bytes more than its length", () => {
  const shape = { isDatagram: false, bufferBytes: 64 * 1024, pieceBytes: 1 };
  const peers = [{ path: "" }, { path: "" }] as const;
  const [stream] = MemoryLink.pair({ ...shape, isRecords: false }, peers, () => undefined);
  expect(stream.send(Buffer.alloc(100_000), 0, 100_000)).toBe(64 * 1024);
  expect(stream.send(Buffer.alloc(1), 0, 1)).toBeUndefined();
  const [records] = MemoryLink.pair({ ...shape, isRecords: true }, peers, () => undefined);
  for (let record = 0; record < 1_024; record++) expect(records.send(Buffer.alloc(0), 0, 0)).toBe(0);
  expect(records.send(Buffer.alloc(0), 0, 0)).toBeUndefined();
  expect(() => records.send(Buffer.alloc(64 * 1024), 0, 64 * 1024)).toThrow("EMSGSIZE");
});

test("MEMORY_BACKLOG: connections that are not accepted wait, and one more is refused", async () => {
  const memory = inMemory();
  const url = await serve("tcp://127.0.0.1:0", (connection) => connection.onBytes(() => undefined), {
    maxConnections: 1,
  }).then((server) => {
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    return server.urls[0] ?? "";
  });
  const clients: Connection[] = [];
  for (let count = 0; count < 4_097; count++) clients.push(await connect(url));
  await expect(connect(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  for (const client of clients) client.abort();
  expect(memory.openConnections).toBeGreaterThan(0);
});

test("only one memory transport can be installed; afterwards the machine's transport is used again", async () => {
  const memory = memoryTransport();
  expect(() => memoryTransport()).toThrow("Another memory transport is installed");
  memory[Symbol.dispose]();
  const url = urlOf(await serving(async () => undefined));
  expect(url).not.toBe("tcp://127.0.0.1:49152");
  await (await connect(url)).close();
});

test("MAX_BUFFER_BYTES and other invalid sizes are rejected", () => {
  for (const wrong of [0, -1, 1.5, 16 * 1024 * 1024 + 1]) {
    expect(() => memoryPair({ bufferBytes: wrong })).toThrow(RangeError);
    expect(() => memoryTransport({ pieceBytes: wrong })).toThrow(RangeError);
  }
});

test("after 16 384 ports the first one is used again", async () => {
  using _memory = memoryTransport();
  const ports = new Set<string>();
  for (let count = 0; count <= 16_384; count++) {
    const server = await serve("tcp://127.0.0.1:0", async () => undefined);
    ports.add(new URL(server.urls[0] ?? "").port);
    await server.close();
  }
  expect(ports.size).toBe(16_384);
  expect([...ports].every((port) => Number(port) >= 49_152 && Number(port) <= 65_535)).toBe(true);
});

test("vsock: a free port, any CID, and peers with their own CIDs", async () => {
  using _memory = memoryTransport();
  const peers: unknown[] = [];
  const server = await serving(
    async (connection) => {
      peers.push(connection.peer);
      connection.write("seen");
    },
    { maxConnectionsPerAddress: 1, whenFull: "refuse" },
    "vsock://*:0",
  );
  const port = Number(/[1-9]\d*$/.exec(urlOf(server)));
  expect(port).toBeGreaterThan(0);
  const client = await connect(`vsock://3:${port}`);
  expect(client.peer).toEqual({ cid: 3, port });
  await client.read();
  expect(peers).toEqual([{ cid: 3, port: expect.any(Number) }]);
  const second = await connect(`vsock://3:${port}`);
  await expect(second.read()).rejects.toMatchObject({ code: "ECONNRESET" });
  await client.close();
  second.abort();
});
