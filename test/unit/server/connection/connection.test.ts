import { randomUUID } from "node:crypto";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Connection, connect, serve } from "../../../../src/server.ts";
import { serving, urlOf } from "../../../support/serving.ts";
import { turn, until } from "../../../support/until.ts";

const urls: readonly (readonly [string, string])[] = [
  ["tcp", "tcp://127.0.0.1:0"],
  ["tcp, IPv6", "tcp://[::1]:0"],
  ["unix", `unix:${join(tmpdir(), `sockwright-${randomUUID()}.sock`)}`],
  ["unix, abstract", `unix:@sockwright-${randomUUID()}`],
];
const urlsOf: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  native: [...urls, ["unix-seqpacket", `unix-seqpacket:@sockwright-${randomUUID()}`]],
  node: urls,
};

const datagramUrlsOf: Readonly<Record<string, readonly string[]>> = {
  native: ["udp://127.0.0.1:0", "udp://[::1]:0", `unix-dgram:@sockwright-${randomUUID()}`],
  node: ["udp://127.0.0.1:0", "udp://[::1]:0"],
};

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe.each(urlsOf[transport] ?? [])("over %s", (_, url) => {
    test("the peer receives the written bytes, then the end of the stream", async () => {
      const server = await serving(
        async (connection) => {
          for await (const piece of connection) connection.write(piece);
          connection.write("bye");
        },
        {},
        url,
      );
      const client = await connect(urlOf(server));
      client.write("hello");
      expect(String(await client.read())).toBe("hello");
      await client.end();
      expect(String(await client.read())).toBe("bye");
      expect(await client.read()).toBeUndefined();
      await client.close();
    });

    test("onBytes passes each received piece to the callback and resolves at the end of the stream", async () => {
      const server = await serving(
        (connection) =>
          connection.onBytes((bytes) => {
            connection.write(bytes);
          }),
        {},
        url,
      );
      const client = await connect(urlOf(server));
      client.write("hello");
      expect(String(await client.read())).toBe("hello");
      await client.close();
    });
  });

  describe("reading", () => {
    async function receiving(text: string): Promise<Connection> {
      const server = await serving(async (connection) => {
        connection.write(text);
      });
      const client = await connect(urlOf(server));
      onTestFinished(() => client.close());
      return client;
    }

    test("readExactly returns the requested number of bytes and leaves the rest in the read buffer", async () => {
      const client = await receiving("abcdef");
      expect(String(await client.readExactly(4))).toBe("abcd");
      expect(String(await client.read())).toBe("ef");
      await expect(client.readExactly(1)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_UNEXPECTED_END" });
      expect(await client.readExactly(0)).toHaveLength(0);
    });

    test("read(maxBytes) returns the available bytes of a stream, at most maxBytes", async () => {
      const client = await receiving("abcdef");
      expect(String(await client.read(4))).toBe("abcd");
      expect(String(await client.read(4))).toBe("ef");
      expect(await client.read(4)).toBeUndefined();
      for (const wrong of [0, -1, 1.5, Number.NaN]) await expect(client.read(wrong)).rejects.toThrow(RangeError);
    });

    test("readUntil returns the bytes up to and including the delimiter", async () => {
      const client = await receiving("one\r\ntwo\r\nthree");
      expect(String(await client.readUntil("\r\n"))).toBe("one\r\n");
      expect(String(await client.readUntil("\r\n"))).toBe("two\r\n");
      await expect(client.readUntil("\r\n")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_UNEXPECTED_END" });
      expect(String(await client.read())).toBe("three");
      expect(await client.readUntil("\r\n")).toBeUndefined();
    });

    test("readUntil rejects when the delimiter is not within maxBytes", async () => {
      const client = await receiving("0123456789\n");
      await expect(client.readUntil("\n", { maxBytes: 10 })).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TOO_LONG" });
      expect(String(await client.readUntil("\n", { maxBytes: 11 }))).toBe("0123456789\n");
    });

    test("a second read rejects while another read is pending", async () => {
      const server = await serving(async (connection) => {
        await connection.read();
      });
      const client = await connect(urlOf(server));
      const first = client.read();
      await expect(client.read()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
      client.write("x");
      expect(await first).toBeUndefined();
      await client.close();
    });
  });

  describe("writing", () => {
    test("write returns false above the high-water mark, and drained resolves after the peer has read", async () => {
      let isAboveMark = false;
      const server = await serving(async (connection) => {
        for (let piece = 0; piece < 256; piece++) {
          if (connection.write(Buffer.alloc(64 * 1024, piece))) continue;
          isAboveMark = true;
          await connection.drained();
        }
      });
      const client = await connect(urlOf(server));
      let received = 0;
      for await (const piece of client) received += piece.length;
      expect(received).toBe(16 * 1024 * 1024);
      expect(isAboveMark).toBe(true);
      await client.close();
    });

    test("a peer that does not read is disconnected at the write buffer limit", async () => {
      const failures: unknown[] = [];
      const server = await serving(
        async (connection) => {
          while (!connection.signal.aborted) {
            connection.write(Buffer.alloc(1024 * 1024));
            await turn();
          }
          throw connection.signal.reason;
        },
        { onError: (error) => failures.push(error) },
      );
      const { port } = new URL(urlOf(server));
      const client = createConnection(Number(port), "127.0.0.1");
      client.on("error", () => undefined);
      await new Promise((resolve) => client.once("connect", resolve));
      await until(() => failures.length > 0, "the failure");
      expect(failures).toMatchObject([{ code: "ERR_SOCKWRIGHT_WRITE_BUFFER_FULL" }]);
      client.destroy();
    });

    test("after abort, pending reads and waits reject and write returns false", async () => {
      const server = await serving((connection) => connection.onBytes(() => undefined));
      const client = await connect(urlOf(server));
      const read = client.read();
      const aborted = new Promise((resolve) => client.signal.addEventListener("abort", resolve));
      client.abort();
      await expect(read).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ABORTED" });
      await expect(client.drained()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ABORTED" });
      expect(client.write("x")).toBe(false);
      await aborted;
    });

    test("after end, write throws", async () => {
      const server = await serving(async (connection) => {
        await connection.read();
      });
      const client = await connect(urlOf(server));
      await client.end();
      expect(() => client.write("x")).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_ENDED" }));
      await client.close();
    });
  });

  test("stats count received and sent bytes, also after the connection has closed", async () => {
    const server = await serving(async (connection) => {
      connection.write(await connection.readExactly(3));
    });
    const before = Date.now();
    const client = await connect(urlOf(server));
    client.write("abcdef");
    expect(client.stats()).toMatchObject({ bytesRead: 0, bytesUnread: 0, bytesWritten: 0, bytesWaiting: 6 });
    expect(await client.readExactly(1)).toHaveLength(1);
    expect(client.stats()).toMatchObject({ bytesRead: 3, bytesUnread: 2, bytesWritten: 6, bytesWaiting: 0 });
    expect(Math.abs(client.stats().openedAt.getTime() - before)).toBeLessThan(60_000);
    await client.close();
    const { durationMs } = client.stats();
    expect(durationMs).toBeGreaterThan(0);
    await turn();
    expect(client.stats()).toMatchObject({ durationMs, bytesRead: 3, bytesUnread: 0, bytesWritten: 6 });
  });

  test("bytes that an abort discards do not count as written", async () => {
    const server = await serving((connection) => connection.onBytes(() => undefined));
    const client = await connect(urlOf(server));
    client.write("never");
    client.abort();
    expect(client.stats()).toMatchObject({ bytesWritten: 0, bytesWaiting: 0 });
  });

  describe("a server", () => {
    test("a handler that throws aborts only its own connection, and onError receives the error", async () => {
      const failures: unknown[] = [];
      const server = await serving(
        async (connection) => {
          const said = String(await connection.read());
          if (said === "fail") throw new Error("it failed");
          connection.write(said);
        },
        { onError: (error) => failures.push(error) },
      );
      const [one, two] = await Promise.all([connect(urlOf(server)), connect(urlOf(server))]);
      one.write("fail");
      await expect(one.read()).rejects.toMatchObject({ code: "ECONNRESET" });
      two.write("fine");
      expect(String(await two.read())).toBe("fine");
      await two.close();
      expect(failures).toMatchObject([{ message: "it failed" }]);
    });

    test("close ends the input of handlers that wait for it", async () => {
      const server = await serving(async (connection) => {
        while ((await connection.read()) !== undefined);
        connection.write("goodbye");
      });
      const client = await connect(urlOf(server));
      client.write("x");
      const closed = server.close();
      expect(String(await client.read())).toBe("goodbye");
      expect(await client.read()).toBeUndefined();
      await client.close();
      await closed;
      expect(server.connections().length).toBe(0);
    });

    test("close aborts the connections that are still open after the grace time", async () => {
      const server = await serving(async (connection) => {
        connection.write("ready");
        await new Promise((_, reject) => {
          connection.signal.addEventListener("abort", () => reject(connection.signal.reason as Error));
        });
      });
      const client = await connect(urlOf(server));
      await client.read();
      await server.close({ graceMs: 1 });
      await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    });

    test.each(datagramUrlsOf[transport] ?? [])("the server answers datagrams: %s", async (datagrams) => {
      const server = await serve(datagrams, {
        name: "echo",
        datagram: ({ data, reply }) => void reply(`Hello, ${data}`),
      });
      const client = await connect(urlOf(server));
      client.write("you");
      expect(String(await client.read())).toBe("Hello, you");
      client.abort();
      await server.close();
    });
  });
});

test("the node transport rejects a socket type that Node lacks with ERR_SOCKWRIGHT_TRANSPORT", async () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const url of ["unix-seqpacket:@sockwright-none", "unix-dgram:@sockwright-none"]) {
    const service = { name: "both", stream: async () => undefined, datagram: () => undefined };
    await expect(serve(url, service)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TRANSPORT" });
    await expect(connect(url)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TRANSPORT" });
  }
});

test("an unknown transport name is rejected", async () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "carrier-pigeon");
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(connect("tcp://127.0.0.1:9")).rejects.toThrow('SOCKWRIGHT_TRANSPORT is "carrier-pigeon"');
});
