import { getEventListeners } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { AbortError } from "../../../src/index.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, unixPair } from "../../support/sockets.ts";
import { stuck, waits } from "./waits.ts";

function collectWarnings(): Error[] {
  const warnings: Error[] = [];
  const collect = (warning: Error): void => {
    warnings.push(warning);
  };
  process.on("warning", collect);
  onTestFinished(() => {
    process.off("warning", collect);
  });
  return warnings;
}

describe("an AbortSignal gets one listener, not one per call", () => {
  test("10 000 waits on one AbortSignal add one listener and cause no MaxListenersExceededWarning", async () => {
    const warnings = collectWarnings();
    const [left, right] = unixPair();
    const { signal } = new AbortController();
    for (let wait = 0; wait < 10_000; wait++) {
      const received = right.recv(1, { signal });
      left.trySend("x");
      await received;
    }
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });

  test("waits of many sockets add one listener as well, and one abort ends them all", async () => {
    const warnings = collectWarnings();
    const controller = new AbortController();
    const { signal } = controller;
    const pending = Array.from({ length: 500 }, () => unixPair()[0].recv(1, { signal }));
    const outcomes = Promise.allSettled(pending);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    controller.abort();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: "ABORT_ERR" } });
    expect(warnings).toEqual([]);
  });

  test("an abort after a call has ended does not affect the next call", async () => {
    const [left, right] = unixPair();
    const controller = new AbortController();
    const received = right.recv(1024, { signal: controller.signal });
    left.trySend("first");
    await received;
    const next = right.recv(1024);
    controller.abort();
    left.trySend("second");
    expect(String(await next)).toBe("second");
  });
});

describe("an aborted call rejects with an AbortError", () => {
  test.for(waits)("$call: Node's name and code, with the signal's reason as the cause", async ({ wait }) => {
    const reason = { why: "the user left" };
    const controller = new AbortController();
    const rejected = wait(stuck(), controller.signal).catch((error: unknown) => error);
    controller.abort(reason);
    const error = await rejected;
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ name: "AbortError", code: "ABORT_ERR", message: "The operation was aborted" });
    expect(error).toHaveProperty("cause", reason);
  });

  test("accept and connect_ex reject in the same way", async () => {
    const listener = listenOnLoopback();
    const controller = new AbortController();
    const { signal } = controller;
    const accepted = listener.accept({ signal });
    const client = openStream();
    const connected = client.connect_ex({ host: "127.0.0.1", port: 1 }, { signal: AbortSignal.abort("too late") });
    controller.abort("not now");
    await expect(accepted).rejects.toMatchObject({ code: "ABORT_ERR", cause: "not now" });
    await expect(connected).rejects.toMatchObject({ code: "ABORT_ERR", cause: "too late" });
  });

  test("an abort by AbortSignal.timeout has its TimeoutError as the cause", async () => {
    const rejected = stuck().recv(1, { signal: AbortSignal.timeout(5) });
    await expect(rejected).rejects.toMatchObject({ code: "ABORT_ERR", cause: { name: "TimeoutError" } });
  });

  test("an abort by AbortSignal.any has the reason of the signal that fired", async () => {
    const controller = new AbortController();
    const any = AbortSignal.any([new AbortController().signal, controller.signal]);
    const rejected = stuck().recv(1, { signal: any });
    controller.abort("this one");
    await expect(rejected).rejects.toMatchObject({ cause: "this one" });
  });
});

describe("an already aborted signal", () => {
  const signal = AbortSignal.abort("before");

  test.for(waits)("ends $call before it transfers any data", async ({ wait }) => {
    const [left, right] = unixPair();
    await right.sendall("x");
    await expect(wait(left, signal)).rejects.toMatchObject({ code: "ABORT_ERR", cause: "before" });
    expect(String(await left.recv(1024))).toBe("x");
    left.close();
    expect(await right.recv(1024)).toHaveLength(0);
  });

  test("leaves an unconnected socket unchanged", async () => {
    const listener = listenOnLoopback();
    const client = openStream();
    await expect(client.connect(listener.getsockname(), { signal })).rejects.toMatchObject({ code: "ABORT_ERR" });
    await client.connect(listener.getsockname());
    const [peer] = await listener.accept();
    closeAtTheEnd(peer);
    expect(peer.getpeername()).toEqual(client.getsockname());
  });
});
