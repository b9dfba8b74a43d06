// Every way to read and write in layer 2 on a kernel that may shorten, interrupt or wake any call for nothing.
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lengthPrefixed } from "../../src/codec.ts";
import { type Connection, connect, type Server, type ServiceInput } from "../../src/server.ts";
import { connected } from "../support/connected.ts";
import { serving } from "../support/serving.ts";
import { turn } from "../support/until.ts";
import { inPlace, numbered, storms } from "./storms.ts";

const TOTAL = 20_000;
const FRAME = 100;
const data = numbered(TOTAL);
const codec = lengthPrefixed({ lengthBytes: 2 });

type Reader = (connection: Connection) => Promise<Buffer>;
type Writer = (connection: Connection, data: Buffer) => Promise<void>;

async function untilEnd(next: () => Promise<Buffer | undefined>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let piece = await next(); piece !== undefined; piece = await next()) pieces.push(piece);
  return Buffer.concat(pieces);
}

const readers: Readonly<Record<string, Reader>> = {
  read: (connection) => untilEnd(() => connection.read()),
  "read, so many at most": (connection) => untilEnd(() => connection.read(33)),
  readExactly: (connection) => connection.readExactly(TOTAL),
  readUntil: (connection) => untilEnd(() => connection.readUntil(data.subarray(TOTAL - 50), { maxBytes: TOTAL })),
  onBytes: async (connection) => {
    const pieces: Buffer[] = [];
    await connection.onBytes((bytes) => void pieces.push(Buffer.from(bytes)));
    return Buffer.concat(pieces);
  },
  iteration: async (connection) => {
    const pieces: Buffer[] = [];
    for await (const piece of connection) pieces.push(piece);
    return Buffer.concat(pieces);
  },
};

const frameReaders: Readonly<Record<string, Reader>> = {
  "frames, iteration": async (connection) => {
    const frames: Buffer[] = [];
    for await (const frame of connection.frames(codec)) frames.push(frame);
    return Buffer.concat(frames);
  },
  "frames, onFrame": async (connection) => {
    const frames: Buffer[] = [];
    await connection.frames(codec).onFrame((frame) => void frames.push(Buffer.from(frame)));
    return Buffer.concat(frames);
  },
};

/** Pieces of the data, of many lengths. */
function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, length = 1; at < bytes.length; at += length, length = (length % 700) + 37) {
    yield bytes.subarray(at, at + length);
  }
}

const writers: Readonly<Record<string, Writer>> = {
  "one write": async (connection, bytes) => void connection.write(bytes),
  "writes of one turn": async (connection, bytes) => {
    for (const piece of pieces(bytes)) connection.write(piece);
  },
  "writes of many turns": async (connection, bytes) => {
    for (const piece of pieces(bytes)) {
      if (!connection.write(piece)) await connection.drained();
      await turn();
    }
  },
  "one write, drained": async (connection, bytes) => {
    connection.write(Buffer.concat(new Array<Buffer>(8).fill(bytes)).subarray(0, 4 * TOTAL));
    await connection.drained();
    expect(connection.stats().bytesWritten).toBeGreaterThan(0);
  },
  sendFile: async (connection, bytes) => {
    const path = join(tmpdir(), `sockwright-layer-2-${process.pid}`);
    await writeFile(path, bytes);
    try {
      expect(await connection.sendFile(path)).toBe(bytes.length);
    } finally {
      await rm(path);
    }
  },
};

async function served(at: string, service: ServiceInput): Promise<[client: Connection, server: Server]> {
  const server = await serving(service, { onError: (error) => expect.unreachable(String(error)) }, at);
  return [await connected(server), server];
}

/** What the server reads when the client writes. */
async function transferred(at: string, write: Writer, read: Reader): Promise<Buffer> {
  let tell = (_read: Buffer): void => {};
  const told = new Promise<Buffer>((resolve) => {
    tell = resolve;
  });
  const [client] = await served(at, async (connection) => tell(await read(connection)));
  await write(client, data);
  await client.end();
  return told;
}

describe.each(Object.entries(storms))("in %s", (_name, storm) => {
  const oneWrite = writers["one write"] ?? expect.unreachable();
  const plainRead = readers["read"] ?? expect.unreachable();

  test.for(Object.entries(readers))("%s delivers what was written", async ([, read]) => {
    inPlace(storm);
    expect((await transferred("tcp://127.0.0.1:0", oneWrite, read)).equals(data)).toBe(true);
  });

  test.for(Object.entries(writers))("%s: all data arrives", async ([name, write]) => {
    inPlace(storm);
    const come = await transferred("unix:@layer-2", write, plainRead);
    expect(come.subarray(0, TOTAL).equals(data)).toBe(true);
    expect(come.length).toBe(name === "one write, drained" ? 4 * TOTAL : TOTAL);
  });

  test.for(Object.entries(frameReaders))("%s delivers each frame", async ([, read]) => {
    inPlace(storm);
    const write: Writer = async (connection, bytes) => {
      const frames = connection.frames(codec);
      for (let at = 0; at < TOTAL; at += FRAME) frames.write(bytes.subarray(at, at + FRAME));
    };
    expect((await transferred("tcp://127.0.0.1:0", write, read)).equals(data)).toBe(true);
  });

  test("each question gets its answer, whatever other clients do", async () => {
    const kernel = inPlace(storm);
    const [first, server] = await served("tcp://[::1]:0", async (connection) => {
      for (let line = await connection.readUntil("\n"); line !== undefined; line = await connection.readUntil("\n")) {
        connection.write(`${String(line).trim()}!\n`);
      }
    });
    const others = Array.from({ length: 9 }, () => connect(server.urls[0] ?? ""));
    const clients = [first, ...(await Promise.all(others))];
    await Promise.all(
      clients.map(async (client, index) => {
        for (let question = 0; question < 20; question++) {
          client.write(`${index} ${question}\n`);
          expect(String(await client.readUntil("\n"))).toBe(`${index} ${question}!\n`);
        }
        await client.close();
      }),
    );
    await server.close();
    expect(kernel.openSockets).toBe(0);
  });

  test("records stay whole, in both directions", async () => {
    inPlace(storm);
    const [client] = await served("unix-seqpacket:@layer-2", async (connection) => {
      for await (const record of connection) connection.write(Buffer.from(record).reverse());
    });
    const records = Array.from({ length: 60 }, (_, index) => numbered(index + 1));
    for (const record of records) client.write(record);
    for (const record of records) expect(await client.read()).toEqual(Buffer.from(record).reverse());
  });

  test.for(["udp://127.0.0.1:0", "unix-dgram:@layer-2"])("a datagram service answers each datagram: %s", async (at) => {
    inPlace(storm);
    // A datagram is lost when the kernel has no buffer for it: a reply may meet EAGAIN like any other call.
    const [client] = await served(at, {
      name: "answers",
      datagram: ({ data: question, reply }) => {
        while (!reply(`${String(question)}!`));
      },
    });
    for (let question = 0; question < 30; question++) {
      client.write(String(question));
      expect(String(await client.read())).toBe(`${question}!`);
    }
  });
});
