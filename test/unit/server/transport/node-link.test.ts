import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { DEADLINE_TICK_MS, deadlines } from "../../../../src/server/time/deadline-wheel.ts";
import type { LinkInput, LinkOutput } from "../../../../src/server/transport/link.ts";
import { HANDED_BYTES, MAX_CLOSE_MS, NodeLink } from "../../../../src/server/transport/node-link.ts";
import { manualClock } from "../../../../src/testing.ts";

/** Both ends of a `node:net` connection; the far end reads nothing. */
async function pair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  const near = connectSocket({ host: "127.0.0.1", port: address.port, allowHalfOpen: true });
  const [[far]] = await Promise.all([once(server, "connection") as Promise<[Socket]>, once(near, "connect")]);
  far.on("error", () => undefined);
  onTestFinished(() => void far.destroy());
  return { near, far };
}

/** The number of sockets that this process has open. */
function openSockets(): number {
  // The descriptor of this directory listing is already closed when readlink asks for its target.
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return targets.filter((target) => target.startsWith("socket:")).length;
}

function linkOf(socket: Socket): NodeLink {
  const link = new NodeLink(socket, { host: "127.0.0.1", port: 1 });
  const told: LinkInput & LinkOutput = {
    onReceived: () => undefined,
    onEnd: () => undefined,
    onWritable: () => undefined,
    onError: () => undefined,
  };
  link.open(told, told);
  return link;
}

test("HANDED_BYTES limits the bytes handed to a node:net socket at once; above its high-water mark it gets none", async () => {
  const { near } = await pair();
  const link = linkOf(near);
  const bytes = new Uint8Array(1024 * 1024);
  expect(link.send(bytes, 0, 10)).toBe(10);
  expect(link.send(bytes, 0, bytes.length)).toBe(HANDED_BYTES);
  expect(link.sendMany([new Uint8Array(10), new Uint8Array(20)])).toBe(30);
  // The other end reads nothing, so the kernel's buffers fill up.
  while (link.sendMany([bytes, bytes]) === HANDED_BYTES);
  expect(link.send(bytes, 0, bytes.length)).toBeUndefined();
  expect(near.writableLength).toBeLessThanOrEqual(near.writableHighWaterMark + HANDED_BYTES);
  link.abort();
});

test("abort closes the descriptor while the end waits behind unsent bytes", async () => {
  const { near, far } = await pair();
  const link = linkOf(near);
  // More than the kernel's buffers hold, so the end waits behind these bytes.
  near.write(Buffer.alloc(64 * 1024 * 1024));
  link.end();
  const closed = once(near, "close");
  const lost = new Promise((resolve) => far.once("close", resolve));
  const before = openSockets();
  link.abort();
  await closed;
  expect(openSockets()).toBe(before - 1);
  far.resume();
  await lost;
});

test("MAX_CLOSE_MS: a closed link whose peer takes nothing is reset after that time, and not before", async () => {
  const clock = manualClock();
  vi.spyOn(deadlines, "clock", "get").mockReturnValue(clock);
  onTestFinished(() => void vi.restoreAllMocks());
  const { near } = await pair();
  const link = linkOf(near);
  const bytes = new Uint8Array(1024 * 1024);
  while (link.sendMany([bytes, bytes]) === HANDED_BYTES);
  link.close();
  clock.advance(MAX_CLOSE_MS - DEADLINE_TICK_MS);
  expect(near.destroyed).toBe(false);
  clock.advance(3 * DEADLINE_TICK_MS);
  expect(near.destroyed).toBe(true);
});
