// Layer 1: a close, a signal, a timeout or a peer does not end the process through a call that nothing awaits.

import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  MSG_WAITALL,
  SO_LINGER,
  SOL_SOCKET,
  type Socket,
  type SocketFile,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { SocketDescriptor } from "../../../src/socket/socket-descriptor.ts";
import { fill } from "../../support/full.ts";
import { closing, listenOnLoopback } from "../../support/sockets.ts";
import { unhandled } from "../../support/unhandled.ts";
import { turn } from "../../support/until.ts";

type Options = { readonly signal?: AbortSignal };

const files = new WeakMap<Socket<unknown>, SocketFile<Buffer>>();

/** Returns the file of a socket. It stays open after the socket, until the test ends. */
function fileOf(stream: Socket<unknown>): SocketFile<Buffer> {
  const known = files.get(stream);
  if (known !== undefined) return known;
  const file = stream.makefile("rwb", { buffering: 0 });
  files.set(stream, file);
  onTestFinished(() => SocketDescriptor.endpointOf(stream).close());
  return file;
}

function sendfile(stream: Socket<unknown>, options?: Options): unknown {
  const descriptor = openSync(fileURLToPath(import.meta.url), "r");
  const sending = stream.sendfile(descriptor, 0, undefined, options);
  closeSync(descriptor);
  return sending;
}

/** On a stream whose peer sends nothing. */
const RECEIVES: Record<string, (stream: Socket<unknown>, options?: Options) => unknown> = {
  recv: (stream, options) => stream.recv(1, options),
  "recv with MSG_WAITALL": (stream, options) => stream.recv(8, { ...options, flags: MSG_WAITALL }),
  recv_into: (stream, options) => stream.recv_into(Buffer.alloc(1), options),
  "recv_into with MSG_WAITALL": (stream, options) =>
    stream.recv_into(Buffer.alloc(8), { ...options, flags: MSG_WAITALL }),
  recvfrom: (stream, options) => stream.recvfrom(1, options),
  recvfrom_into: (stream, options) => stream.recvfrom_into(Buffer.alloc(1), options),
  recvmsg: (stream, options) => stream.recvmsg(1, options),
  recvmsg_into: (stream, options) => stream.recvmsg_into([Buffer.alloc(1)], options),
  readable: (stream, options) => stream.readable(options),
  "a file's read": (stream) => fileOf(stream).read(),
  "a file's readline": (stream) => fileOf(stream).readline(),
  "a file's readinto": (stream) => fileOf(stream).readinto(Buffer.alloc(1)),
};

/** On a stream whose peer reads nothing. */
const SENDS: Record<string, (stream: Socket<unknown>, options?: Options) => unknown> = {
  send: (stream, options) => stream.send("x", options),
  sendall: (stream, options) => stream.sendall("x", options),
  sendfile,
  sendmsg: (stream, options) => stream.sendmsg(["x"], options),
  writable: (stream, options) => stream.writable(options),
  "a file's write": (stream) => fileOf(stream).write("x"),
  "a file's writelines": (stream) => fileOf(stream).writelines(["x"]),
};

const OF_A_LISTENER: Record<string, (listener: Socket<unknown>, options?: Options) => unknown> = {
  accept: (listener, options) => listener.accept(options),
  readable: (listener, options) => listener.readable(options),
};

function full(): Socket<unknown> {
  const [ours, peer] = socketpair();
  closing(peer);
  fill(ours);
  return closing(ours);
}

function waiting(): Socket<unknown> {
  const [ours, peer] = socketpair();
  closing(peer);
  return closing(ours);
}

const CALLS = [
  ...Object.entries(RECEIVES).map(([name, make]) => ({ name, open: waiting, make })),
  ...Object.entries(SENDS).map(([name, make]) => ({ name, open: full, make })),
  ...Object.entries(OF_A_LISTENER).map(([name, make]) => ({
    name: `a listener's ${name}`,
    open: listenOnLoopback,
    make,
  })),
];

test.each(CALLS)("$name, when the socket is closed", async ({ open, make }) => {
  const errors = await unhandled(async () => {
    const ours = open();
    make(ours);
    await turn();
    ours.close();
    void files.get(ours)?.close();
    // Also a call after the close.
    make(ours);
  });
  expect(errors).toEqual([]);
});

test.each(CALLS)("$name, when its signal aborts", async ({ open, make }) => {
  const errors = await unhandled(async () => {
    const ours = open();
    const controller = new AbortController();
    make(ours, { signal: controller.signal });
    await turn();
    controller.abort();
    make(ours, { signal: controller.signal });
  });
  expect(errors).toEqual([]);
});

test.each(CALLS)("$name, when it times out", async ({ open, make }) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    const errors = await unhandled(async () => {
      const ours = open();
      ours.settimeout(1_000);
      make(ours);
      await turn();
      vi.advanceTimersByTime(1_001);
      ours.settimeout(0);
      make(ours);
    });
    expect(errors).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

test.each(Object.entries({ ...RECEIVES, ...SENDS }))("%s, when the peer resets the connection", async (_name, make) => {
  const errors = await unhandled(async () => {
    const listener = listenOnLoopback();
    const client = closing(socket());
    const [[peer]] = await Promise.all([listener.accept(), client.connect(listener.getsockname() as never)]);
    closing(peer as Socket<unknown>).setsockopt(SOL_SOCKET, SO_LINGER, new Uint8Array(new Int32Array([1, 0]).buffer));
    make(client);
    peer.close();
    await turn(5);
    make(client);
  });
  expect(errors).toEqual([]);
});

test.each<[string, (client: Socket) => unknown]>([
  ["connect", (client) => client.connect({ host: "127.0.0.1", port: 1 })],
  ["connect_ex", (client) => client.connect_ex({ host: "127.0.0.1", port: 1 })],
])("%s, when it is refused or the socket is closed meanwhile", async (_name, make) => {
  const errors = await unhandled(async () => {
    make(closing(socket()));
    const closed = closing(socket());
    make(closed);
    closed.close();
    make(closed);
    await turn(20);
  });
  expect(errors).toEqual([]);
});
