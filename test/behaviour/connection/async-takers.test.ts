// Async handlers of onBytes() and onFrame(): the connection does not await them. A rejection aborts only its own
// connection, and the connection stays open until the pending handlers have settled.

import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lines } from "../../../src/codec.ts";
import type { Connection } from "../../../src/server.ts";
import { memoryPair } from "../../../src/testing.ts";
import { nodeClient } from "../../support/node-client.ts";
import { serving } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

type Taking = (connection: Connection, work: (text: string) => Promise<void>) => Promise<void>;

const TAKING: readonly (readonly [string, Taking])[] = [
  ["onBytes", (each, work) => each.onBytes((bytes) => work(String(Buffer.from(bytes)).trim()))],
  ["onFrame", (each, work) => each.frames(lines()).onFrame((line) => work(line))],
];

describe.each(TAKING)("%s", (_name, taking) => {
  describe.each(["native", "node"])("on the %s transport", (transport) => {
    beforeEach(() => void vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport));
    afterEach(() => void vi.unstubAllEnvs());

    /** Answers after some turns; rejects at "bad". vitest itself fails the run at an unhandled rejection. */
    const service = (each: Connection): Promise<void> =>
      taking(each, async (text) => {
        await turn(5);
        if (text === "bad") throw new Error("a bad word");
        each.write(`${text}!`);
      });

    test("a rejection aborts its connection and is reported once; the other connection goes on", async () => {
      const errors: unknown[] = [];
      const server = await serving(service, { onError: (error) => errors.push(error) });
      const [good, bad] = [nodeClient(server), nodeClient(server)];
      good.write("one\n");
      expect(String((await once(good, "data"))[0])).toBe("one!");
      bad.write("bad\n");
      await until(() => bad.destroyed || bad.closed || errors.length > 0, "the reset");
      good.write("two\n");
      expect(String((await once(good, "data"))[0])).toBe("two!");
      await until(() => server.stats().connectionsActive === 1, "the other to be gone");
      expect(errors).toEqual([expect.objectContaining({ message: "a bad word" })]);
      expect(server.stats().connectionsEnded).toMatchObject({ aborted: 1 });
    });

    test("a peer that ends right after its request gets its answer", async () => {
      const server = await serving(service);
      const socket = nodeClient(server);
      socket.end("one\n");
      expect(String((await once(socket, "data"))[0])).toBe("one!");
      await once(socket, "end");
      await until(() => server.stats().connectionsActive === 0, "the connection to end");
    });

    test("a rejection after the peer has ended is reported too", async () => {
      const errors: unknown[] = [];
      const server = await serving(service, { onError: (error) => errors.push(error) });
      nodeClient(server).end("bad\n");
      await until(() => errors.length === 1, "the error");
      expect(errors).toEqual([expect.objectContaining({ message: "a bad word" })]);
      await until(() => server.stats().connectionsActive === 0, "the connection to end");
    });
  });

  test("the handler is not awaited: the next bytes are delivered at once", async () => {
    const { client: peer, server } = memoryPair();
    const begun: string[] = [];
    const waiting: (() => void)[] = [];
    const pushed = taking(server, async (text) => {
      begun.push(text);
      await new Promise<void>((resolve) => waiting.push(resolve));
    });
    for (const word of ["one", "two"]) {
      peer.write(`${word}\n`);
      await turn();
    }
    expect(begun).toEqual(["one", "two"]);
    for (const go of waiting) go();
    await peer.end();
    await pushed;
    await Promise.all([peer.close(), server.close()]);
  });

  test("a rejection with a value that is not an Error aborts the connection too", async () => {
    const { client: peer, server } = memoryPair();
    const pushed = taking(server, () => Promise.reject("a word"));
    peer.write("x\n");
    await expect(pushed).rejects.toThrow("a word");
    peer.abort();
  });
});

test("a push that nobody awaits does not end the process when the peer resets the connection", async () => {
  const { client: peer, server, reset } = memoryPair();
  void server.onBytes(() => undefined);
  void server.signal;
  void peer.frames(lines()).onFrame(() => undefined);
  reset();
  await until(() => server.signal.aborted && peer.signal.aborted, "both to be told");
  await turn(3);
  expect(server.signal.reason).toMatchObject({ code: "ECONNRESET" });
});
