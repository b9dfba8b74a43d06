// Errors, options and codecs of a program may throw when they are inspected. Only the call that was given them fails.
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Codec, lines } from "../../../src/codec.ts";
import type { ServeOptions, Server } from "../../../src/server.ts";
import { memoryPair, memoryTransport } from "../../../src/testing.ts";
import { connected } from "../../support/connected.ts";
import { echoByPush, serving } from "../../support/serving.ts";
import { unhandled } from "../../support/unhandled.ts";
import { turn, until } from "../../support/until.ts";

async function asked(server: Server): Promise<string> {
  const client = await connected(server);
  client.write("hello");
  const answer = String(await client.readExactly(5));
  await client.close();
  return answer;
}

describe.each(["native", "node", "memory"])("over %s", (transport) => {
  beforeEach(() => {
    if (transport !== "memory") vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
    else {
      const memory = memoryTransport();
      onTestFinished(() => memory[Symbol.dispose]());
    }
  });

  test.each(["name", "cause", "code", "message", "stack"])(
    "an error whose %s throws is reported for a lost connection, and the server goes on",
    async (property) => {
      const told: unknown[] = [];
      const thrown = Object.defineProperty(new Error("own"), property, {
        get: () => {
          throw new Error("looked at");
        },
      });
      let failing = true;
      const errors = await unhandled(async () => {
        const server = await serving(
          async (connection) => {
            if (!failing) return echoByPush(connection);
            await connection.read();
            await connection.read().catch(() => undefined);
            throw thrown;
          },
          { onError: (error) => told.push(error) },
        );
        const client = await connected(server);
        client.write("x");
        await until(() => server.connections()[0]?.bytesRead === 1, "the byte");
        client.abort();
        await until(() => told.length > 0, "the error");
        failing = false;
        expect(await asked(server)).toBe("hello");
        expect(await server.close({ graceMs: 5_000 })).toEqual({ aborted: 0, unfinished: 0 });
      });
      expect(errors).toEqual([]);
      expect(told).toEqual([thrown]);
    },
  );

  test("an option whose getter throws later does not affect a running server", async () => {
    let failing = false;
    const options: ServeOptions = {
      maxConnections: 1,
      get context() {
        if (failing) throw new Error("looked at");
        return undefined;
      },
    };
    const server = await serving(echoByPush, options);
    failing = true;
    for (let each = 0; each < 3; each++) {
      expect(await asked(server)).toBe("hello");
      await until(() => server.stats().connectionsActive === 0, "the place to be free");
    }
  });

  test("a second close() of a server waits for nothing", async () => {
    const server = await serving(echoByPush);
    await server.close({ graceMs: 60_000 });
    const timer = vi.spyOn(globalThis, "setTimeout");
    onTestFinished(() => void vi.restoreAllMocks());
    const controller = new AbortController();
    const listen = vi.spyOn(controller.signal, "addEventListener");
    expect(await server.close({ graceMs: 1, signal: controller.signal })).toEqual({ aborted: 0, unfinished: 0 });
    await server[Symbol.asyncDispose]();
    expect(timer).not.toHaveBeenCalled();
    expect(listen).not.toHaveBeenCalled();
  });

  test.each(["firstByteTimeoutMs", "idleTimeoutMs"])(
    "%s: a peer that has sent does not time out, although the service does not read yet",
    async (name) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
      onTestFinished(() => void vi.useRealTimers());
      let read: () => void = () => undefined;
      const mayRead = new Promise<void>((resolve) => {
        read = resolve;
      });
      const server = await serving(
        async (connection) => {
          await mayRead;
          connection.write(`got ${String(await connection.read())}`);
        },
        { [name]: 1_000 },
      );
      const client = await connected(server);
      client.write("hello at once");
      await turn(5);
      // The timeout passes several times.
      for (let each = 0; each < 5; each++) {
        vi.advanceTimersByTime(1_001);
        await turn();
      }
      read();
      expect(String(await client.read())).toBe("got hello at once");
    },
  );
});

describe("a codec that a program derives from a built-in one", () => {
  const base = lines();
  const loud = (codec: Codec<string>): Codec<string> => ({
    ...codec,
    encode: (line) => base.encode(line.toUpperCase()),
  });

  test.each<[string, () => Codec<string>]>([
    ["by spreading it", () => loud(base)],
    ["by inheriting from it", () => Object.assign(Object.create(base) as Codec<string>, { encode: loud(base).encode })],
    ["with an encodeInto of its own", () => ({ ...loud(base), encodeInto: () => 70_000 })],
  ])("is used with its own encode: %s", async (_how, make) => {
    const { client, server } = memoryPair();
    client.frames(make()).write("hello");
    expect(String(await server.readExactly(6))).toBe("HELLO\n");
    client.abort();
    server.abort();
  });
});
