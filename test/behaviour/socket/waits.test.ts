// What ends a wait that no event would end, for each kind of socket.
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  type Listener,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_ERROR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { fakeKernel } from "../../../src/testing/fake-kernel.ts";
import { fill } from "../../support/full.ts";
import {
  closeAtTheEnd,
  listenOnLoopback,
  openDatagrams,
  openStream,
  recordPair,
  tcpPair,
  unixPair,
} from "../../support/sockets.ts";
import { turn } from "../../support/until.ts";

const ENOTCONN = "ENOTCONN";
const [EMFILE, ENOMEM, ENOSPC] = [24, 12, 28];

afterEach(() => {
  vi.restoreAllMocks();
});

function unixListener(type: number): Listener {
  const listener = socket(AF_UNIX, type);
  onTestFinished(() => listener.close());
  listener.bind({ path: "" });
  return listener.listen() as Listener;
}

// This test runs first: no call in this process has waited yet.
describe("no descriptor is left for the poller at the first wait of the process", () => {
  test("the call rejects, leaves the queue, and the next wait works as usual", async () => {
    const [ours, peer] = unixPair();
    const start = vi.spyOn(kernel, "start").mockReturnValueOnce(-EMFILE).mockReturnValueOnce(-EMFILE);
    const referenced = vi.spyOn(kernel, "setReferenced");
    await expect(ours.recv(16)).rejects.toMatchObject({ code: "EMFILE", errno: -EMFILE, syscall: "epoll_create1" });
    expect(start.mock.results.map(({ value }) => value)).toEqual([-EMFILE, -EMFILE]);
    expect(referenced).not.toHaveBeenCalled();

    const received = ours.recv(16);
    expect(referenced.mock.lastCall).toEqual([true]);
    await peer.sendall("for the second");
    expect(String(await received)).toBe("for the second");
    expect(referenced.mock.lastCall).toEqual([false]);
  });
});

describe.each([
  ["ENOSPC", ENOSPC],
  ["ENOMEM", ENOMEM],
])("epoll_ctl fails with %s", (code, errno) => {
  const refused = { code, errno: -errno, syscall: "epoll_ctl" };

  function refuseOnce(): void {
    vi.spyOn(kernel, "watch").mockReturnValueOnce(-errno);
  }

  test.each([
    ["recv", (ours: Socket) => ours.recv(16)],
    ["recv_into", (ours: Socket) => ours.recv_into(Buffer.alloc(16))],
    ["recvfrom", (ours: Socket) => ours.recvfrom(16)],
    ["recvmsg", (ours: Socket) => ours.recvmsg(16)],
    ["readable", (ours: Socket) => ours.readable()],
    ["iteration", (ours: Socket) => ours[Symbol.asyncIterator]().next()],
  ])("%s rejects, and takes no data that arrives", async (_name, wait) => {
    const [ours, peer] = unixPair();
    const referenced = vi.spyOn(kernel, "setReferenced");
    refuseOnce();
    await expect(wait(ours)).rejects.toMatchObject(refused);
    expect(referenced.mock.calls).toEqual([[true], [false]]);
    const received = ours.recv(16);
    await peer.sendall("hello");
    expect(String(await received)).toBe("hello");
  });

  test("sendall and writable reject, and a waiting receive continues", async () => {
    const [ours, peer] = unixPair();
    const received = ours.recv(16);
    fill(ours);
    refuseOnce();
    await expect(ours.sendall("x")).rejects.toMatchObject(refused);
    refuseOnce();
    await expect(ours.writable()).rejects.toMatchObject(refused);
    await peer.sendall("hello");
    expect(String(await received)).toBe("hello");
  });

  test("accept rejects, and the next accept works", async () => {
    const listener = listenOnLoopback();
    refuseOnce();
    await expect(listener.accept()).rejects.toMatchObject(refused);
    const client = openStream();
    const [[peer]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
    peer.close();
  });
});

describe("during a connect, another call reads its error", () => {
  /** Makes connects that the kernel refuses later: the backlog is full, and the listener closes before they retry. */
  async function refusedLater(count: number): Promise<readonly (readonly [Socket, Promise<void>])[]> {
    const listening = socket();
    listening.bind({ host: "127.0.0.1", port: 0 });
    listening.listen(0);
    await openStream().connect(listening.getsockname());
    const address = listening.getsockname();
    const connects = Array.from({ length: count }, () => {
      const client = openStream();
      const connecting = client.connect(address);
      connecting.catch(() => undefined);
      return [client, connecting] as const;
    });
    await turn();
    listening.close();
    return connects;
  }

  /** Polls within one turn, so that the poller cannot be first. */
  function untilTaken(take: () => number): number {
    const limit = performance.now() + 20_000;
    for (;;) {
      const errno = take();
      if (errno !== 0) return errno;
      if (performance.now() > limit) throw new Error("waited 20 s for the connect to be refused");
    }
  }

  test("connect still rejects with this error", async () => {
    const takers: readonly [string, (client: Socket) => number][] = [
      ["ECONNREFUSED", (client) => client.getsockopt(SOL_SOCKET, SO_ERROR)],
      ["ECONNREFUSED", (client) => client.getsockopt(SOL_SOCKET, SO_ERROR, 4).readInt32LE()],
    ];
    const connects = await refusedLater(takers.length);
    for (const [index, [, take]] of takers.entries()) {
      const client = connects[index]?.[0] ?? openStream();
      untilTaken(() => take(client));
    }
    const outcomes = await Promise.allSettled(connects.map(([, connecting]) => connecting));
    expect(outcomes).toMatchObject(
      takers.map(([code]) => ({ status: "rejected", reason: { code, syscall: "connect", address: "127.0.0.1" } })),
    );
  });

  test("by another descriptor: connect rejects with ECONNABORTED, as a second connect(2) would", async () => {
    const [[client, connecting] = [openStream(), Promise.resolve()]] = await refusedLater(1);
    const [duplicate] = closeAtTheEnd(client.dup());
    untilTaken(() => duplicate.getsockopt(SOL_SOCKET, SO_ERROR));
    await expect(connecting).rejects.toMatchObject({ code: "ECONNABORTED", syscall: "connect" });
  });

  test("a shutdown ends the connect and a waiting receive", async () => {
    const [[client, connecting] = [openStream(), Promise.resolve()]] = await refusedLater(1);
    const received = client.recv(16);
    client.shutdown(SHUT_RD);
    await expect(connecting).rejects.toMatchObject({ code: "ECONNRESET", syscall: "connect" });
    await expect(received).rejects.toMatchObject({ syscall: "recv" });
  });

  test("after a refused connect the same socket can connect, and then reads a clean end of the stream", async () => {
    const [[client, connecting] = [openStream(), Promise.resolve()]] = await refusedLater(1);
    await expect(connecting).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const listener = listenOnLoopback();
    const [[peer]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
    peer.close();
    expect(await client.recv(16)).toHaveLength(0);
  });
});

describe("a stored error of one connection does not affect the next one", () => {
  test("a stream in the fake kernel", async () => {
    using fake = fakeKernel();
    const client = socket();
    await expect(client.connect({ host: "127.0.0.1", port: 1 })).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    const accepting = listener.listen().accept();
    await client.connect(listener.getsockname());
    const [peer] = await accepting;
    peer.close();
    expect(await client.recv(16)).toHaveLength(0);
    for (const each of [client, listener]) each.close();
    expect(fake.openSockets).toBe(0);
  });

  test("a reset that SO_ERROR reported is also reported to the reader, not as the end of the stream", async () => {
    const [ours, peer] = await tcpPair();
    const RESET = new Uint8Array(new Int32Array([1, 0]).buffer);
    peer.setsockopt(SOL_SOCKET, 13, RESET);
    peer.close();
    let errno = 0;
    while (errno === 0) errno = ours.getsockopt(SOL_SOCKET, SO_ERROR);
    await expect(ours.recv(16)).rejects.toMatchObject({ code: "ECONNRESET", syscall: "recv" });
  });
});

describe("shutdown ends the calls that wait in its direction", () => {
  const ended = { code: "EINVAL", syscall: "accept" };

  describe.each([
    ["TCP", listenOnLoopback],
    ["Unix stream", () => unixListener(SOCK_STREAM)],
    ["Unix seqpacket", () => unixListener(SOCK_SEQPACKET)],
  ] as const)("of a %s listener", (_name, listen) => {
    test.each([
      ["SHUT_RD", SHUT_RD],
      ["SHUT_RDWR", SHUT_RDWR],
    ])("accept, by %s: all waiting calls and the next call", async (_how, how) => {
      const listener = listen();
      const accepted = [listener.accept(), listener.accept()];
      await turn();
      listener.shutdown(how);
      expect(await Promise.allSettled(accepted)).toMatchObject([{ reason: ended }, { reason: ended }]);
      await expect(listener.accept()).rejects.toMatchObject(ended);
    });

    test("accept, by another descriptor of the same socket", async () => {
      const listener = listen();
      const accepted = listener.accept();
      await turn();
      const [duplicate] = closeAtTheEnd(listener.dup());
      duplicate.shutdown(SHUT_RD);
      await expect(accepted).rejects.toMatchObject(ended);
    });

    test("serve and iteration", async () => {
      const served = listen();
      const serving = served.serve(() => undefined);
      const iterated = listen();
      const next = iterated[Symbol.asyncIterator]().next();
      await turn();
      for (const each of [served, iterated]) each.shutdown(SHUT_RD);
      await expect(serving).rejects.toMatchObject(ended);
      await expect(next).rejects.toMatchObject(ended);
    });
  });

  /** Shuts down one direction. On an unconnected socket inet_shutdown does so as well, but returns ENOTCONN. */
  function shutDown(datagrams: Socket<unknown>, how: number): void {
    try {
      datagrams.shutdown(how);
    } catch (error) {
      expect(error).toMatchObject({ code: ENOTCONN });
    }
  }

  async function connectedDatagrams(): Promise<Socket> {
    const udp = socket(AF_INET, SOCK_DGRAM) as unknown as Socket;
    onTestFinished(() => udp.close());
    udp.bind({ host: "127.0.0.1", port: 0 });
    await udp.connect({ host: "127.0.0.1", port: 9 });
    return udp;
  }

  describe.each([
    ["an unconnected UDP socket", async () => openDatagrams() as unknown as Socket],
    ["a connected UDP socket", connectedDatagrams],
    ["a Unix datagram socket", async () => openDatagrams(AF_UNIX) as unknown as Socket],
    ["a Unix datagram pair", async () => recordPair(SOCK_DGRAM)[0] as unknown as Socket],
    ["a seqpacket socket", async () => recordPair(SOCK_SEQPACKET)[0] as unknown as Socket],
    ["a Unix stream", async () => unixPair()[0]],
    ["a TCP stream", async () => (await tcpPair())[0]],
  ] as const)("%s: a receive returns no data, as a blocking one would", (_name, open) => {
    test.each([
      ["recv", async (ours: Socket) => (await ours.recv(16)).length],
      ["recv_into", (ours: Socket) => ours.recv_into(Buffer.alloc(16))],
      ["recvfrom", async (ours: Socket) => (await ours.recvfrom(16))[0].length],
      ["recvfrom_into", async (ours: Socket) => (await ours.recvfrom_into(Buffer.alloc(16)))[0]],
      ["recvmsg", async (ours: Socket) => (await ours.recvmsg(16)).data.length],
      ["recvmsg_into", async (ours: Socket) => (await ours.recvmsg_into([Buffer.alloc(16)])).bytes],
      ["readable", async (ours: Socket) => (await ours.readable()) ?? 0],
    ])("%s, and the next one", async (_call, receive) => {
      const ours = await open();
      const received = receive(ours);
      await turn();
      shutDown(ours, SHUT_RD);
      expect(await received).toBe(0);
      expect(await receive(ours)).toBe(0);
    });

    test("iteration ends", async () => {
      const ours = await open();
      const next = ours[Symbol.asyncIterator]().next();
      await turn();
      shutDown(ours, SHUT_RD);
      expect(await next).toEqual({ done: true, value: undefined });
    });
  });

  test("data that arrived before the shutdown can still be received", async () => {
    const [ours, peer] = recordPair(SOCK_DGRAM);
    await peer.send("before");
    ours.shutdown(SHUT_RD);
    expect(String(await ours.recv(16))).toBe("before");
    expect(await ours.recv(16)).toHaveLength(0);
  });

  test("of a sender: sendall and writable without room", async () => {
    const [ours] = unixPair();
    fill(ours);
    const sent = ours.sendall("x");
    const refused = expect(sent).rejects.toMatchObject({ code: "EPIPE" });
    ours.shutdown(SHUT_WR);
    await refused;
    const [other] = unixPair();
    fill(other);
    const writable = other.writable();
    await turn();
    other.shutdown(SHUT_WR);
    await writable;
  });

  test("but not in the other direction", async () => {
    const [ours, peer] = unixPair();
    const readable = ours.readable();
    const received = ours.recv(16);
    await turn();
    ours.shutdown(SHUT_WR);
    await turn(5);
    await peer.sendall("still open");
    await readable;
    expect(String(await received)).toBe("still open");
  });
});
