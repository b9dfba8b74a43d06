import { setTimeout as nodeTimeout } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { AbortError, MSG_WAITALL, type Socket, SockwrightError, socket } from "../../../src/index.ts";
import { listenOnLoopback, unixPair } from "../../support/sockets.ts";
import { rejection } from "./node-shape.ts";

/** The error with which Node's own calls reject for this signal. */
function nodesError(signal: AbortSignal): Promise<unknown> {
  return rejection(nodeTimeout(60_000, undefined, { signal }));
}

interface Waiting {
  readonly name: string;
  /** Starts a call that waits until the signal fires. */
  call(signal: AbortSignal): Promise<unknown>;
}

function full(): Socket {
  const [ours] = unixPair();
  while (typeof ours.trySend(Buffer.alloc(64 * 1024)) === "number");
  return ours;
}

async function connectToFullBacklog(signal: AbortSignal): Promise<void> {
  const address = listenOnLoopback().getsockname();
  const [first, second] = [socket(), socket()];
  onTestFinished(() => {
    for (const each of [first, second]) each.close();
  });
  await first.connect(address);
  await second.connect(address, { signal });
}

const calls: readonly Waiting[] = [
  { name: "recv", call: (signal) => unixPair()[0].recv(1, { signal }) },
  { name: "recv with MSG_WAITALL", call: (signal) => unixPair()[0].recv(1, { signal, flags: MSG_WAITALL }) },
  { name: "recv_into", call: (signal) => unixPair()[0].recv_into(Buffer.alloc(1), { signal }) },
  { name: "recvfrom", call: (signal) => unixPair()[0].recvfrom(1, { signal }) },
  { name: "recvfrom_into", call: (signal) => unixPair()[0].recvfrom_into(Buffer.alloc(1), { signal }) },
  { name: "recvmsg", call: (signal) => unixPair()[0].recvmsg(1, { signal }) },
  { name: "recvmsg_into", call: (signal) => unixPair()[0].recvmsg_into([Buffer.alloc(1)], { signal }) },
  { name: "readable", call: (signal) => unixPair()[0].readable({ signal }) },
  { name: "writable", call: (signal) => full().writable({ signal }) },
  { name: "send", call: (signal) => full().send("x", { signal }) },
  { name: "sendall", call: (signal) => full().sendall("x", { signal }) },
  { name: "sendmsg", call: (signal) => full().sendmsg(["x"], { signal }) },
  { name: "accept", call: (signal) => listenOnLoopback().accept({ signal }) },
  { name: "connect", call: connectToFullBacklog },
  { name: "connect_ex", call: (signal) => connectExToFullBacklog(signal) },
];

async function connectExToFullBacklog(signal: AbortSignal): Promise<number> {
  const address = listenOnLoopback().getsockname();
  const [first, second] = [socket(), socket()];
  onTestFinished(() => {
    for (const each of [first, second]) each.close();
  });
  await first.connect(address);
  return second.connect_ex(address, { signal });
}

describe.each(calls)("an aborted $name rejects with the same error as Node's own calls", ({ call }) => {
  test.each([
    ["while it waits", async (controller: AbortController) => setImmediate(() => controller.abort())],
    ["before it begins", async (controller: AbortController) => controller.abort()],
    ["with a reason", async (controller: AbortController) => setImmediate(() => controller.abort({ why: "enough" }))],
  ])("%s", async (_name, abort) => {
    const controller = new AbortController();
    const nodes = nodesError(controller.signal);
    await abort(controller);
    const ours = await rejection(call(controller.signal));
    const { name, code, message, cause } = (await nodes) as Error & { code: string };
    expect(ours).toBeInstanceOf(AbortError);
    expect(ours).toMatchObject({ name, code, message, cause });
    expect(ours).toMatchObject({ name: "AbortError", code: "ABORT_ERR", cause: controller.signal.reason });
  });
});

test("an abort by AbortSignal.timeout has its TimeoutError as the cause", async () => {
  const [ours] = unixPair();
  const error = await rejection(ours.recv(1, { signal: AbortSignal.timeout(1) }));
  expect(error).toMatchObject({ name: "AbortError", code: "ABORT_ERR", cause: { name: "TimeoutError" } });
});

test("an aborted sendall reports how many bytes it sent", async () => {
  const [ours, peer] = unixPair();
  const controller = new AbortController();
  const sending = rejection(ours.sendall(Buffer.alloc(8 * 1024 * 1024), { signal: controller.signal }));
  controller.abort();
  const { bytesSent = 0 } = (await sending) as AbortError;
  ours.close();
  let bytes = 0;
  for await (const chunk of peer) bytes += chunk.length;
  expect(bytes).toBeGreaterThan(0);
  expect(bytesSent).toBe(bytes);
});

test("an aborted receive with MSG_WAITALL keeps the received bytes in error.received", async () => {
  const [ours, peer] = unixPair();
  await peer.sendall("half");
  const controller = new AbortController();
  const receiving = rejection(ours.recv(8, { flags: MSG_WAITALL, signal: controller.signal }));
  controller.abort();
  const error = await receiving;
  expect(error).not.toBeInstanceOf(SockwrightError);
  expect(String((error as AbortError).received)).toBe("half");
});
