import { describe, expect, test, vi } from "vitest";
import { AF_INET, AF_UNIX, SO_LINGER, SOCK_DGRAM, SOL_SOCKET, type Socket, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { fill } from "../../support/full.ts";
import { closing, listenOnLoopback, tcpPair, unixPair } from "../../support/sockets.ts";
import { placeOf, turnLoop } from "./turns.ts";

const CLOSED = { code: "ERR_SOCKWRIGHT_CLOSED" };
const LINGER_60_S = new Uint8Array(new Int32Array([1, 60]).buffer);

function udp() {
  const datagrams = closing(socket(AF_INET, SOCK_DGRAM));
  datagrams.bind({ host: "127.0.0.1", port: 0 });
  return datagrams;
}

async function fullStream(): Promise<Socket> {
  const [ours] = await tcpPair();
  fill(ours);
  return ours;
}

async function fullBacklog() {
  const listener = closing(socket(AF_UNIX));
  listener.bind({ path: "" });
  listener.listen(0);
  const inside = closing(socket(AF_UNIX));
  await inside.connect(listener.getsockname());
  return listener.getsockname();
}

interface Waiting {
  readonly socket: { close(): void };
  readonly call: Promise<unknown>;
}

const waits: Record<string, () => Promise<Waiting>> = {
  recv: async () => wait(unixPair()[0], (ours) => ours.recv(16)),
  recv_into: async () => wait(unixPair()[0], (ours) => ours.recv_into(Buffer.alloc(16))),
  recvfrom: async () => wait(udp(), (ours) => ours.recvfrom(16)),
  recvmsg: async () => wait(udp(), (ours) => ours.recvmsg(16)),
  readable: async () => wait(unixPair()[0], (ours) => ours.readable()),
  send: async () => wait(await fullStream(), (ours) => ours.send("x")),
  sendall: async () => wait(await fullStream(), (ours) => ours.sendall("x")),
  sendmsg: async () => wait(await fullStream(), (ours) => ours.sendmsg(["x"])),
  writable: async () => wait(await fullStream(), (ours) => ours.writable()),
  accept: async () => wait(listenOnLoopback(), (listener) => listener.accept()),
  "connect to a full backlog": async () => {
    const address = await fullBacklog();
    return wait(closing(socket(AF_UNIX)), (client) => client.connect(address));
  },
  "connect to a name that is being looked up": async () =>
    wait(closing(socket()), (client) => client.connect({ host: "localhost.", port: 9 })),
  "a call behind another": async () => {
    const [ours] = unixPair();
    ours.recv(16).catch(() => undefined);
    return wait(ours, () => ours.recv(16));
  },
};

async function wait<T extends { close(): void }>(socket: T, call: (socket: T) => Promise<unknown>): Promise<Waiting> {
  return { socket, call: call(socket) };
}

describe("close() settles every waiting call", () => {
  test.for(Object.entries(waits))("%s", async ([, begin]) => {
    const { socket, call } = await begin();
    const settled = expect(call).rejects.toMatchObject(CLOSED);
    socket.close();
    await settled;
  });

  // A look-up ends by itself meanwhile, so it cannot wait for a while.
  const lasting = Object.entries(waits).filter(([name]) => !name.includes("looked up"));
  test.for(lasting)("%s, after it has waited for a while", async ([, begin]) => {
    const { socket, call } = await begin();
    const settled = expect(call).rejects.toMatchObject(CLOSED);
    await turnLoop();
    socket.close();
    await settled;
  });

  test("both directions and all queued calls are settled in order", async () => {
    const ours = await fullStream();
    const order: string[] = [];
    const call = (name: string, promise: Promise<unknown>): Promise<unknown> =>
      promise.catch((error: NodeJS.ErrnoException) => order.push(`${name} ${error.code}`));
    const calls = [
      call("recv 1", ours.recv(16)),
      call("recv 2", ours.recv(16)),
      call("send 1", ours.send("x")),
      call("send 2", ours.sendall("y")),
    ];
    await turnLoop();
    ours.close();
    await Promise.all(calls);
    expect(order).toEqual(["recv 1", "recv 2", "send 1", "send 2"].map((name) => `${name} ${CLOSED.code}`));
  });

  test("iterations over a stream, datagrams and a listener end without an error", async () => {
    const [stream] = unixPair();
    for (const each of [stream, udp(), listenOnLoopback()] as const) {
      const items: unknown[] = [];
      const loop = (async () => {
        for await (const item of each) items.push(item);
      })();
      await turnLoop();
      each.close();
      await loop;
      expect(items).toEqual([]);
    }
  });

  test("serve() ends, and its sessions go on", async () => {
    const listener = listenOnLoopback();
    let finished = (_text: string): void => undefined;
    const session = new Promise<string>((resolve) => {
      finished = resolve;
    });
    const serving = listener.serve(async (peer) => finished(String(await peer.recv(16))));
    const client = closing(socket());
    await client.connect(listener.getsockname());
    await turnLoop();
    listener.close();
    await serving;
    await client.sendall("still there");
    expect(await session).toBe("still there");
  });

  test("a second close() has no effect, and later calls fail with ERR_SOCKWRIGHT_CLOSED", async () => {
    const [ours] = unixPair();
    const { slot, generation } = placeOf(ours);
    ours.close();
    const close = vi.spyOn(kernel, "close");
    ours.close();
    expect(close).not.toHaveBeenCalled();
    close.mockRestore();
    expect(kernel.fileno(slot, generation)).toBe(-9);
    await expect(ours.recv(1)).rejects.toMatchObject(CLOSED);
    expect(() => ours.getsockname()).toThrow(expect.objectContaining(CLOSED));
  });
});

describe("close() never blocks the event loop", () => {
  // socket(7), SO_LINGER: close(2) would block for up to a minute, because the peer does not read.
  test("with SO_LINGER and data that the peer does not read", async () => {
    const [ours, peer] = await tcpPair();
    ours.setsockopt(SOL_SOCKET, SO_LINGER, LINGER_60_S);
    const bytes = fill(ours);
    ours.close();
    // The loop runs here: the peer is in this process and reads now, so a blocking close would not have returned in time.
    let isGone = false;
    const gone = ours[Symbol.asyncDispose]().then(() => {
      isGone = true;
    });
    await turnLoop(50);
    expect(isGone).toBe(false);
    for (let read = 0; read < bytes; ) read += (await peer.recv(1024 * 1024)).length;
    expect(await peer.recv(1)).toHaveLength(0);
    peer.close();
    await gone;
  });

  test("with SO_LINGER that an accepted socket has from its listener", async () => {
    const listener = listenOnLoopback();
    listener.setsockopt(SOL_SOCKET, SO_LINGER, LINGER_60_S);
    const client = closing(socket());
    const [[accepted]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
    const bytes = fill(accepted);
    accepted.close();
    await turnLoop(50);
    for (let read = 0; read < bytes; ) read += (await client.recv(1024 * 1024)).length;
    expect(await client.recv(1)).toHaveLength(0);
    client.close();
    await accepted[Symbol.asyncDispose]();
  });

  test("with SO_LINGER on several sockets at once", async () => {
    const pairs = await Promise.all(Array.from({ length: 8 }, tcpPair));
    for (const [ours] of pairs) {
      ours.setsockopt(SOL_SOCKET, SO_LINGER, LINGER_60_S);
      fill(ours);
      ours.close();
    }
    await turnLoop(50);
    // The loop runs here: blocking closes would have held it until the peers read, which they never do.
    const gone: number[] = [];
    const disposals = pairs.map(([ours], index) => ours[Symbol.asyncDispose]().then(() => gone.push(index)));
    await turnLoop(20);
    expect(gone).toEqual([]);
    for (const [, peer] of pairs) peer.close();
    await Promise.all(disposals);
    expect(gone).toHaveLength(pairs.length);
  });

  test("without SO_LINGER close() makes one system call, and leaves nothing to wait for", async () => {
    const [ours] = await tcpPair();
    fill(ours);
    const descriptors = kernel.openDescriptors();
    ours.close();
    expect(kernel.openDescriptors()).toBe(descriptors - 1);
    await ours[Symbol.asyncDispose]();
  });
});
