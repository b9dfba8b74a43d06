// listener.serve publishes whatever a handler or onError throws; the process and the server keep running.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Listener } from "../../../src/index.ts";
import { fakeKernel } from "../../../src/testing/fake-kernel.ts";
import { closeAtTheEnd, listenOnLoopback, openStream } from "../../support/sockets.ts";
import { raise } from "../../support/unhandled.ts";
import { until } from "../../support/until.ts";

interface Published {
  readonly error: unknown;
  readonly address: unknown;
  readonly hook?: string;
}

function published(): Published[] {
  const told: Published[] = [];
  const listen = (message: unknown): void => void told.push(message as Published);
  subscribe("sockwright:serve:error", listen);
  onTestFinished(() => void unsubscribe("sockwright:serve:error", listen));
  return told;
}

const boom = new Error("boom");
const revoked = Proxy.revocable({}, {});
revoked.revoke();

/** A promise of a class of the program, whose `then` throws. */
function brokenPromise(): Promise<never> {
  const promise = Promise.reject(boom);
  promise.catch(() => undefined);
  // biome-ignore lint/suspicious/noThenProperty: that is the case
  return Object.assign(promise, { then: () => raise(boom) });
}

const FAILING: readonly (readonly [name: string, fail: () => unknown, error: unknown])[] = [
  ["throws", () => raise(boom), boom],
  ["throws undefined", () => raise(undefined), undefined],
  ["throws a frozen object", () => raise(Object.freeze({ frozen: true })), { frozen: true }],
  ["throws a revoked proxy", () => raise(revoked.proxy), revoked.proxy],
  ["rejects", async () => raise(boom), boom],
  ["rejects later", () => new Promise((_, reject) => setImmediate(reject, boom)), boom],
  // biome-ignore lint/suspicious/noThenProperty: a thenable of the program's own
  ["returns a thenable that throws", () => ({ then: () => raise(boom) }), boom],
  [
    "returns a thenable that rejects",
    // biome-ignore lint/suspicious/noThenProperty: a thenable of the program's own
    () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(boom) }),
    boom,
  ],
  [
    "returns an object whose then throws when it is read",
    // biome-ignore lint/suspicious/noThenProperty: a thenable of the program's own
    () => Object.defineProperty({}, "then", { get: () => raise(boom) }),
    boom,
  ],
  ["returns a promise whose then throws", brokenPromise, boom],
];

/** Connects two clients, one after the other, and expects the server to close each connection. */
async function visit(listener: Listener): Promise<void> {
  for (let count = 0; count < 2; count++) {
    const [client] = closeAtTheEnd(openStream());
    await client.connect(listener.getsockname());
    expect(await client.recv(1)).toHaveLength(0);
    client.close();
  }
}

describe.each(FAILING)("a function that %s", (_, fail, error) => {
  test("as the handler: its connection is closed, and the error is published and passed to onError", async () => {
    const told = published();
    const heard: unknown[] = [];
    const listener = listenOnLoopback();
    const served = listener.serve(fail as () => void, { onError: (failure) => void heard.push(failure) });
    await visit(listener);
    await until(() => told.length === 2, "both failures");
    expect(told[0]?.error === error || typeof error === "object").toBe(true);
    expect(told.map(({ hook }) => hook)).toEqual([undefined, undefined]);
    expect(heard).toHaveLength(2);
    expect(heard[0] === told[0]?.error).toBe(true);
    listener.close();
    await served;
  });

  test("as the handler of a server whose signal aborts meanwhile: the error is published", async () => {
    const told = published();
    const controller = new AbortController();
    const listener = listenOnLoopback();
    const handler = (): unknown => {
      controller.abort();
      return fail();
    };
    const served = listener.serve(handler as () => void, { signal: controller.signal });
    const [client] = closeAtTheEnd(openStream());
    await client.connect(listener.getsockname());
    expect(await client.recv(1)).toHaveLength(0);
    await served;
    await until(() => told.length === 1, "the failure");
  });

  test.for(["Linux", "the fake kernel"])(
    "as onError, on %s: the next peer is served, and the error is published",
    async (where) => {
      const told = published();
      const fake = where === "Linux" ? undefined : fakeKernel();
      const listener = listenOnLoopback();
      onTestFinished(() => fake?.[Symbol.dispose]());
      const served = listener.serve(() => raise(new Error("handler")), { onError: fail as () => void });
      await visit(listener);
      await until(() => told.length === 4, "what failed");
      expect(told.filter(({ hook }) => hook === "onError")).toHaveLength(2);
      expect(told.find(({ hook }) => hook === "onError")?.address).toMatchObject({ host: "127.0.0.1" });
      listener.close();
      await served;
    },
  );
});
