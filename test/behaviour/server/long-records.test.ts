// A record arrives whole, or its reader gets an error: layer 2 never truncates one silently.
import { randomUUID } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOL_SOCKET, type Socket, socket } from "../../../src/index.ts";
import { MAX_RECORD_BYTES, READING_BYTES } from "../../../src/server/transport/native-link.ts";
import type { Service } from "../../../src/server.ts";
import { connected } from "../../support/connected.ts";
import { serving } from "../../support/serving.ts";
import { until } from "../../support/until.ts";

/** socket(7): exceeds net.core.wmem_max; only root may set it. */
const SO_SNDBUFFORCE = 32;

const echo: Service = {
  name: "echo",
  stream: async (connection) => {
    for await (const record of connection) connection.write(record);
  },
  datagram: ({ data, reply }) => void reply(data),
};

function record(length: number): Buffer {
  return Buffer.alloc(length, "0123456789abcdef!");
}

describe.each(["unix-seqpacket", "unix-dgram"])("%s", (scheme) => {
  test.each([READING_BYTES - 1, READING_BYTES, READING_BYTES + 1, 150_000])(
    "a record of %d bytes arrives whole in both directions",
    async (length) => {
      const server = await serving(echo, {}, `${scheme}:@sockwright-${randomUUID()}`);
      const client = await connected(server);
      client.write(record(length));
      const answer = await client.read();
      expect(answer?.length).toBe(length);
      expect(answer?.equals(record(length))).toBe(true);
    },
  );
});

/** A socket that may send records of 4 MiB. */
function forced(type: number): Socket<unknown> {
  const made = socket(AF_UNIX, type);
  onTestFinished(() => made.close());
  made.setsockopt(SOL_SOCKET, SO_SNDBUFFORCE, 4 * MAX_RECORD_BYTES);
  return made;
}

describe("MAX_RECORD_BYTES", () => {
  test("a seqpacket client that sends a longer record loses its connection, and the error is reported", async (context) => {
    if (process.getuid?.() !== 0) context.skip("only root can send so much");
    const abstract = `sockwright-${randomUUID()}`;
    const lengths: number[] = [];
    const errors: unknown[] = [];
    const service = {
      name: "lengths",
      stream: async (connection: AsyncIterable<Buffer>) => {
        for await (const { length } of connection) lengths.push(length);
      },
    };
    const onError = (error: unknown): void => void errors.push(error);
    await serving(service, { onError }, `unix-seqpacket:@${abstract}`);
    const client = forced(SOCK_SEQPACKET);
    await client.connect({ abstract });
    for (const length of [MAX_RECORD_BYTES, MAX_RECORD_BYTES + 1]) await client.send(record(length));
    await until(() => errors.length > 0, "the error");
    expect(lengths).toEqual([MAX_RECORD_BYTES]);
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_SOCKWRIGHT_RECORD_TOO_LONG" })]);
  });

  test("a datagram client that receives a longer record gets an error", async (context) => {
    if (process.getuid?.() !== 0) context.skip("only root can send so much");
    const abstract = `sockwright-${randomUUID()}`;
    const server = forced(SOCK_DGRAM);
    server.bind({ abstract });
    const client = await connected(`unix-dgram:@${abstract}`);
    client.write("ask");
    const [, from] = await server.recvfrom(100);
    if (from === undefined) throw new Error("the client has a name");
    await server.sendto(record(MAX_RECORD_BYTES), from);
    expect((await client.read())?.length).toBe(MAX_RECORD_BYTES);
    await server.sendto(record(MAX_RECORD_BYTES + 1), from);
    await expect(client.read()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_RECORD_TOO_LONG" });
  });
});
