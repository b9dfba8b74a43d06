import { describe, expect, test } from "vitest";
import { SHUT_WR, type Socket } from "../../../src/index.ts";
import { fill } from "../../support/full.ts";
import { tcpPair, unixPair } from "../../support/sockets.ts";

const MIB = 1024 * 1024;
const REASON = new Error("the user left");

/** Receives the data that is available now, and returns the number of bytes. */
function drain(socket: Socket): number {
  const room = Buffer.alloc(MIB);
  let total = 0;
  for (let count = socket.tryRecv(room); typeof count === "number" && count > 0; count = socket.tryRecv(room)) {
    total += count;
  }
  return total;
}

/** The two ways in which a wait ends without a result. */
const endings: readonly [name: string, error: object, sendall: (socket: Socket, data: Buffer) => Promise<void>][] = [
  [
    "cancelled",
    { name: "AbortError", code: "ABORT_ERR", cause: REASON },
    (socket, data) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(REASON), 10);
      return socket.sendall(data, { signal: controller.signal });
    },
  ],
  [
    "timed-out",
    { code: "ERR_SOCKWRIGHT_TIMEOUT" },
    (socket, data) => {
      socket.settimeout(10);
      const sent = socket.sendall(data);
      socket.settimeout(null);
      return sent;
    },
  ],
];

describe.for(endings)("a %s sendall", ([, error, sendall]) => {
  test.for([
    ["TCP", tcpPair],
    ["a Unix stream", unixPair],
  ] as const)("rejects with bytesSent, and the direction is unusable until close, over %s", async ([, pair]) => {
    const [left, right] = await pair();
    const failure = await sendall(left, Buffer.alloc(32 * MIB)).catch((failure: unknown) => failure);
    const received = drain(right);
    expect(received).toBeGreaterThan(0);
    expect(failure).toMatchObject({ ...error, bytesSent: received });

    // There is room again, but nothing may be sent: the peer would read it as the rest of the message.
    const unusable = { code: "ERR_SOCKWRIGHT_PARTIAL_SEND" };
    await expect(left.send("x")).rejects.toMatchObject(unusable);
    await expect(left.sendall("x")).rejects.toMatchObject(unusable);
    await expect(left.sendmsg(["x"])).rejects.toMatchObject(unusable);
    await expect(left.writable()).rejects.toMatchObject(unusable);
    expect(() => left.trySend("x")).toThrow(expect.objectContaining(unusable));
    expect(drain(right)).toBe(0);

    // The other direction and shutdown still work.
    await right.sendall("still heard");
    expect(String(await left.recv(1024))).toBe("still heard");
    left.shutdown(SHUT_WR);
    expect(await right.recv(1024)).toHaveLength(0);
  });

  test("that has sent no byte sends none later, and leaves the direction usable", async () => {
    const [left, right] = unixPair();
    const filled = fill(left);
    await expect(sendall(left, Buffer.from("lost"))).rejects.toMatchObject({ ...error, bytesSent: 0 });
    expect(drain(right)).toBe(filled);
    await left.sendall("usable");
    expect(String(await right.recv(1024))).toBe("usable");
  });

  test("that is queued behind another does not affect that one", async () => {
    const [left, right] = unixPair();
    const first = left.sendall(Buffer.alloc(MIB, "a"));
    const third = expect(sendall(left, Buffer.alloc(MIB, "b"))).rejects.toMatchObject({ ...error, bytesSent: 0 });
    const fourth = left.sendall(Buffer.alloc(10, "c")).then(() => left.close());
    await third;
    const chunks: Buffer[] = [];
    for await (const chunk of right) chunks.push(chunk);
    await Promise.all([first, fourth]);
    expect(Buffer.concat(chunks).equals(Buffer.concat([Buffer.alloc(MIB, "a"), Buffer.alloc(10, "c")]))).toBe(true);
  });

  test("that was partial ends the sends queued behind it as well", async () => {
    const [left, right] = unixPair();
    const outcomes = await Promise.allSettled([sendall(left, Buffer.alloc(MIB)), left.sendall("x"), left.send("y")]);
    const [first, ...behind] = outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason);
    expect(first).toMatchObject({ ...error, bytesSent: drain(right) });
    for (const failure of behind) expect(failure).toMatchObject({ code: "ERR_SOCKWRIGHT_PARTIAL_SEND" });
  });
});

test("a sendall that fails reports how many bytes it sent", async () => {
  const [left, right] = unixPair();
  const failed = left.sendall(Buffer.alloc(MIB)).catch((failure: unknown) => failure);
  const received = drain(right);
  right.close();
  expect(await failed).toMatchObject({ code: "EPIPE", syscall: "send", bytesSent: received });
});

test("a sendall that a local close interrupts reports how many bytes it sent", async () => {
  const [left, right] = unixPair();
  const failed = left.sendall(Buffer.alloc(MIB)).catch((failure: unknown) => failure);
  left.close();
  expect(await failed).toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED", bytesSent: drain(right) });
});

test("a cancelled send, sendmsg or writable sends nothing, and leaves the direction usable", async () => {
  const [left, right] = unixPair();
  const filled = fill(left);
  const controller = new AbortController();
  const { signal } = controller;
  const waits = [left.send("x", { signal }), left.sendmsg(["x"], { signal }), left.writable({ signal })];
  controller.abort(REASON);
  for (const outcome of await Promise.allSettled(waits)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ABORT_ERR", cause: REASON } });
  }
  expect(drain(right)).toBe(filled);
  expect(await left.send("usable")).toBe(6);
  expect(String(await right.recv(1024))).toBe("usable");
});
