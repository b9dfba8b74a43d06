// What a hook, a subscriber or a handler throws does not end the server: it is reported once, with the hook's name.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type ServeOptions, type ServerMessages, serve } from "../../../src/server.ts";
import { connected, readOfNew } from "../../support/connected.ts";
import { serving } from "../../support/serving.ts";
import { raise } from "../../support/unhandled.ts";
import { until } from "../../support/until.ts";

type Told = ServerMessages["sockwright:server:error"];

function heard(): Told[] {
  const told: Told[] = [];
  const listen = (message: unknown): void => void told.push(message as Told);
  subscribe("sockwright:server:error", listen);
  onTestFinished(() => void unsubscribe("sockwright:server:error", listen));
  return told;
}

const boom = new Error("hook");
/** The ways in which a function fails. */
const failing: readonly (readonly [name: string, fail: () => unknown])[] = [
  ["throws", () => raise(boom)],
  ["rejects", () => Promise.reject(boom)],
  // biome-ignore lint/suspicious/noThenProperty: a thenable of the program's own
  ["is a thenable that throws", () => ({ then: () => raise(boom) })],
];

describe.each(failing)("a hook that %s", (_, fail) => {
  const hook = fail as () => void;

  test("onError, for connections: the next connection is served", async () => {
    const told = heard();
    const server = await serving(
      async (connection) => {
        connection.write("served");
        await connection.readExactly(3);
        throw new Error("service");
      },
      { onError: hook },
    );
    for (let count = 1; count <= 2; count++) {
      const client = await connected(server);
      expect(String(await client.read())).toBe("served");
      client.write("end");
      await until(() => told.length === 2 * count, "what failed");
    }
    expect(told.map(({ error, hook: name }) => [(error as Error).message, name]).slice(0, 2)).toEqual([
      ["service", undefined],
      ["hook", "onError"],
    ]);
    expect(server.stats().errors).toEqual({ Error: 4 });
  });

  test("onError, for datagrams: the listener stays open", async () => {
    const told = heard();
    const service = {
      name: "fails",
      datagram: ({ data, reply }: { data: Buffer; reply(data: Buffer): boolean }) => {
        if (String(data) === "fail") throw new Error("service");
        reply(data);
      },
    };
    const server = await serving(service, { onError: hook }, "udp://127.0.0.1:0");
    const client = await connected(server);
    client.write("fail");
    await until(() => told.length === 2, "what failed");
    client.write("hello");
    expect(String(await client.read())).toBe("hello");
    expect(server.urls).toHaveLength(1);
    expect(told[1]).toMatchObject({ error: boom, hook: "onError", service: "fails" });
  });

  test("onAlarm: reported to onError, with the hook's name", async () => {
    const told = heard();
    const errors: unknown[] = [];
    const options: ServeOptions = {
      alarms: [{ raiseAt: 1 }],
      onAlarm: hook,
      onError: (error) => void errors.push(error),
    };
    const server = await serving(async (connection) => {
      connection.write("served");
      await connection.read();
    }, options);
    expect(String(await (await connected(server)).read())).toBe("served");
    await until(() => errors.length === 1, "the alarm's failure");
    expect(errors).toEqual([boom]);
    expect(told).toMatchObject([{ hook: "onAlarm" }]);
  });

  test("context: its connection is reset, or served in its context if only the returned promise rejects", async () => {
    const told = heard();
    let isFirst = true;
    const context: ServeOptions["context"] = (_start, run) => {
      if (!isFirst) return run();
      isFirst = false;
      return fail() as undefined;
    };
    const server = await serving(
      async (connection) => {
        connection.write("served");
        await connection.read();
      },
      { context },
    );
    await expect(readOfNew(server)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(String(await (await connected(server)).read())).toBe("served");
    await until(() => told.length > 0, "the failure");
    expect(told.every(({ hook: name, peer }) => name === "context" && peer !== undefined)).toBe(true);
    expect(server.stats().connectionsActive).toBe(1);
  });

  test("stop: close() settles", async () => {
    const told = heard();
    const server = await serve("tcp://127.0.0.1:0", { name: "x", stream: async () => undefined, stop: hook });
    expect(await server.close()).toEqual({ aborted: 0, unfinished: 0 });
    expect(told).toMatchObject([{ error: boom, hook: "stop" }]);
  });
});

/** Values that can be thrown and are no ordinary Error. */
const oddities: readonly (readonly [name: string, thrown: unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["a frozen object", Object.freeze({})],
  ["an object without a prototype", Object.create(null)],
  [
    "a Proxy that throws when it is looked at",
    new Proxy(
      {},
      {
        getPrototypeOf: () => raise(new Error("trap")),
        get: () => raise(new Error("trap")),
        has: () => raise(new Error("trap")),
      },
    ),
  ],
  [
    "an Error whose code throws",
    Object.defineProperty(new Error("x"), "code", { get: () => raise(new Error("trap")) }),
  ],
];

describe.each(oddities)("a handler that throws %s", (_, thrown) => {
  test.for(["at once", "later", "in onBytes", "as a datagram's, at once", "as a datagram's, later"])(
    "%s",
    async (when) => {
      const errors = vi.fn();
      const isDatagram = when.startsWith("as");
      const fails = async (): Promise<void> => raise(thrown);
      const service = {
        name: "odd",
        stream: (connection: import("../../../src/server.ts").Connection): Promise<void> => {
          connection.write("served");
          if (when === "at once") throw thrown;
          return when === "later" ? fails() : connection.onBytes(() => raise(thrown));
        },
        datagram: (): void | Promise<void> => (when.endsWith("later") ? fails() : raise(thrown)),
      };
      const server = await serving(service, { onError: errors }, isDatagram ? "udp://127.0.0.1:0" : undefined);
      const client = await connected(server);
      client.write("x");
      await until(() => errors.mock.calls.length === 1, "the failure");
      if (when !== "in onBytes") expect(Object.is(errors.mock.calls[0]?.[0], thrown)).toBe(true);
      // The next client fails on its own, and the server still serves.
      const other = await connected(server);
      other.write("x");
      await until(() => errors.mock.calls.length === 2, "the failure of the next");
      expect(server.stats().connectionsActive).toBe(0);
    },
  );
});
