// A handler that calls server.close() and then answers: close() waits for the answer.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { Server } from "../../../src/server.ts";
import { memoryTransport } from "../../../src/testing.ts";
import { connected } from "../../support/connected.ts";
import { serving } from "../../support/serving.ts";
import { until } from "../../support/until.ts";

const UDP = "udp://127.0.0.1:0";
const TCP = "tcp://127.0.0.1:0";
const DATAGRAMS = `unix-dgram:@sockwright-${randomUUID()}`;
const RECORDS = `unix-seqpacket:@sockwright-${randomUUID()}`;
const STREAM = `unix:@sockwright-${randomUUID()}`;

describe.each([
  ["native", [UDP, DATAGRAMS], [TCP, STREAM, RECORDS]],
  ["node", [UDP], [TCP]],
  ["memory", [UDP], [TCP]],
] as const)("on the %s transport", (transport, forDatagrams, forConnections) => {
  beforeEach(() => {
    if (transport !== "memory") {
      vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
      return;
    }
    const memory = memoryTransport();
    onTestFinished(() => memory[Symbol.dispose]());
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe.each(forDatagrams)("%s", (url) => {
    test.each([undefined, 0, 60_000])("an answer in the same turn is sent, with graceMs %s", async (graceMs) => {
      const taken: boolean[] = [];
      const server: Server = await serving(
        {
          name: "last",
          datagram: ({ reply }) => {
            void server.close({ graceMs });
            taken.push(reply("bye"));
          },
        },
        {},
        url,
      );
      const client = await connected(server);
      client.write("x");
      await until(() => taken.length > 0, "the reply");
      expect(taken).toEqual([true]);
      expect(String(await client.read())).toBe("bye");
      expect(await server.closed).toEqual({ aborted: 0, unfinished: 0 });
    });

    test("an answer after an await is sent", async () => {
      const taken: boolean[] = [];
      const server: Server = await serving(
        {
          name: "last",
          datagram: async ({ reply }) => {
            void server.close({ graceMs: 60_000 });
            await Promise.resolve();
            taken.push(reply("bye"));
          },
        },
        {},
        url,
      );
      const client = await connected(server);
      client.write("x");
      await until(() => taken.length > 0, "the reply");
      expect(taken).toEqual([true]);
      expect(String(await client.read())).toBe("bye");
      expect(await server.closed).toEqual({ aborted: 0, unfinished: 0 });
    });

    test("close() settles after a handler that throws, and the error is reported", async () => {
      const errors: unknown[] = [];
      const server: Server = await serving(
        {
          name: "last",
          datagram: () => {
            void server.close({ graceMs: 60_000 });
            throw new Error("its own");
          },
        },
        { onError: (error) => void errors.push(error) },
        url,
      );
      const client = await connected(server);
      client.write("x");
      expect(await server.closed).toEqual({ aborted: 0, unfinished: 0 });
      expect(errors).toMatchObject([{ message: "its own" }]);
    });
  });

  describe.each(forConnections)("%s", (url) => {
    test.each(["at once", "after an await"])("%s", async (when) => {
      const server: Server = await serving(
        async (connection) => {
          void server.close({ graceMs: 60_000 });
          if (when === "after an await") await Promise.resolve();
          connection.write("bye");
        },
        {},
        url,
      );
      const client = await connected(server);
      expect(String(await client.read())).toBe("bye");
      void client.end();
      expect(await server.closed).toEqual({ aborted: 0, unfinished: 0 });
    });
  });
});
