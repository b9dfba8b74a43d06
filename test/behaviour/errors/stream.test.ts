import { createConnection } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { AF_UNIX, type SocketError, socket, socketpair } from "../../../src/index.ts";
import { connectTo } from "../../support/sockets.ts";
import { errorOf, nodeServer, nodeSocket } from "./node-peer.ts";
import { expectNodesShape, rejection } from "./node-shape.ts";

/** Starts a server that resets each connection at its first byte; `reset` resolves at the next reset. */
async function resettingServer(): Promise<{ port: number; reset(): Promise<void> }> {
  let wasReset = (): void => undefined;
  const port = await nodeServer((peer) => {
    peer.once("data", () => peer.resetAndDestroy());
    // On loopback the reset arrives before the call that sends it returns, so no later than this event.
    peer.once("close", () => wasReset());
    peer.on("error", () => undefined);
  });
  return { port, reset: () => new Promise((resolve) => (wasReset = resolve)) };
}

test("errors have Node's own shape: reset, reported to the reader", async () => {
  const { port } = await resettingServer();
  const theirs = createConnection(port, "127.0.0.1");
  theirs.write("x");
  theirs.resume();
  const nodes = await errorOf(theirs);

  const ours = await connectTo(port);
  await ours.sendall("x");
  const error = await rejection(ours.recv(1024));
  expect(error).toMatchObject({ code: "ECONNRESET" });
  expectNodesShape(error, nodes, "recv");
});

test("errors have Node's own shape: reset, reported to the writer", async () => {
  const { port, reset } = await resettingServer();
  let done = reset();
  // Pause before the connection is made: nothing reads, so the write is the first call to report the reset.
  const theirs = createConnection(port, "127.0.0.1").pause();
  theirs.write("x");
  await done;
  theirs.write("y");
  const nodes = await errorOf(theirs);

  done = reset();
  const ours = await connectTo(port);
  await ours.send("x");
  await done;
  const error = await rejection(ours.send("y"));
  expect(error).toMatchObject({ code: "ECONNRESET" });
  expectNodesShape(error, nodes, "send");
});

test("errors have Node's own shape: broken pipe", async () => {
  const [mine, peer] = socketpair();
  peer.close();
  const theirs = nodeSocket(mine.detach(), "writable");
  theirs.write("x");
  const nodes = await errorOf(theirs);

  const [ours, theirPeer] = socketpair();
  onTestFinished(() => ours.close());
  theirPeer.close();
  const error = await rejection(ours.send("x"));
  expect(error).toMatchObject({ code: "EPIPE" });
  expectNodesShape(error, nodes, "send");
});

test("errors have Node's own shape: broken pipe, of a TCP socket that was never connected", async () => {
  const theirs = nodeSocket(socket().detach(), "writable");
  theirs.write("x");
  const nodes = await errorOf(theirs);
  await using ours = socket();
  const error = await rejection(ours.send("x"));
  expect(error).toMatchObject({ code: "EPIPE" });
  expectNodesShape(error, nodes, "send");
});

test("errors have Node's own shape: not connected, reported to the reader", async () => {
  const theirs = nodeSocket(socket().detach(), "readable");
  theirs.resume();
  const nodes = await errorOf(theirs);
  await using ours = socket();
  const error = await rejection(ours.recv(1024));
  expect(error).toMatchObject({ code: "ENOTCONN" });
  expectNodesShape(error, nodes, "recv");
});

test("errors have Node's own shape: not connected, reported to the writer", async () => {
  const theirs = nodeSocket(socket(AF_UNIX).detach(), "writable");
  theirs.write("x");
  const nodes = await errorOf(theirs);
  await using ours = socket(AF_UNIX);
  const error = await rejection(ours.send("x"));
  expect(error).toMatchObject({ code: "ENOTCONN" });
  expectNodesShape(error, nodes, "send");
});

test("a sendall that the peer interrupts reports how many bytes it sent", async () => {
  const { port } = await resettingServer();
  const ours = await connectTo(port);
  // More than the buffers of both ends hold, so that the reset arrives before sendall has sent everything.
  const data = Buffer.alloc(32 * 1024 * 1024);
  const error = await rejection(ours.sendall(data));
  expect(error).toMatchObject({ code: "ECONNRESET", errno: -104, syscall: "send", message: "send ECONNRESET" });
  const { bytesSent } = error as SocketError;
  expect(bytesSent).toBeGreaterThan(0);
  expect(bytesSent).toBeLessThan(data.length);
});
