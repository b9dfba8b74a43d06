import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  type Datagram,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { fill } from "../../support/full.ts";
import { tcpPair } from "../../support/sockets.ts";
import { observeTurns, placeOf, recordsOf, turnLoop } from "./turns.ts";

const EMFILE = 24;
const ENOBUFS = 105;

const turns = observeTurns();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

type Closing = { close(): void };

function closedAtTheEnd<T extends Closing>(open: T): T {
  onTestFinished(() => open.close());
  return open;
}

/** Returns a function that tells the state of a promise without waiting. */
function stateOf(promise: Promise<unknown>): () => string {
  let state = "pending";
  promise.then(
    () => {
      state = "fulfilled";
    },
    (error: NodeJS.ErrnoException) => {
      state = String(error.code);
    },
  );
  return () => state;
}

/** Returns a Unix listener whose backlog is full, and its address. */
async function fullBacklog(type: number) {
  const listener = closedAtTheEnd(socket(AF_UNIX, type));
  listener.bind({ path: "" });
  const address = listener.getsockname();
  const listening = listener.listen(0);
  // unix_recvq_full(): the kernel accepts one more than the backlog.
  const inside = closedAtTheEnd(socket(AF_UNIX, type));
  await inside.connect(address);
  return { listener: listening, address };
}

describe.each([
  ["stream", SOCK_STREAM],
  ["seqpacket", SOCK_SEQPACKET],
])("a Unix %s connect to a full backlog retries on a timer, 1 to 50 ms", (_name, type) => {
  test("is not reported as connected, and completes when there is room", async () => {
    const { listener, address } = await fullBacklog(type);
    const client = closedAtTheEnd(socket(AF_UNIX, type));
    const connected = client.connect(address);
    const state = stateOf(connected);
    for (let ms = 0; ms < 200; ms++) {
      vi.advanceTimersByTime(1);
      await turnLoop(1);
    }
    expect(state()).toBe("pending");
    expect(() => client.getpeername()).toThrow(expect.objectContaining({ code: "ENOTCONN" }));

    const [first] = await listener.accept();
    closedAtTheEnd(first);
    vi.advanceTimersByTime(50);
    await connected;
    const [second] = await listener.accept();
    closedAtTheEnd(second);
    await client.send("hello");
    expect(String(await second.recv(1024))).toBe("hello");
  });

  test("uses a timer and no event: no wait is armed, and each attempt is one system call", async () => {
    const { address } = await fullBacklog(type);
    const client = closedAtTheEnd(socket(AF_UNIX, type));
    const watch = vi.spyOn(kernel, "watch");
    const connect = vi.spyOn(kernel, "connect");
    const pauses = vi.spyOn(globalThis, "setTimeout");
    const state = stateOf(client.connect(address));
    for (let attempt = 0; attempt < 9; attempt++) {
      await turnLoop(20);
      expect(connect).toHaveBeenCalledTimes(attempt + 1);
      vi.advanceTimersToNextTimer();
    }
    expect(pauses.mock.calls.slice(0, 8).map(([, pauseMs]) => pauseMs)).toEqual([1, 2, 4, 8, 16, 32, 50, 50]);
    expect(watch).not.toHaveBeenCalled();
    expect(state()).toBe("pending");
  });

  test("ends at the call's timeout, after which the socket can only be closed", async () => {
    const { address } = await fullBacklog(type);
    const client = closedAtTheEnd(socket(AF_UNIX, type));
    client.settimeout(20);
    const state = stateOf(client.connect(address));
    await turnLoop();
    vi.advanceTimersByTime(19);
    await turnLoop();
    expect(state()).toBe("pending");
    vi.advanceTimersByTime(2);
    await turnLoop();
    expect(state()).toBe("ERR_SOCKWRIGHT_TIMEOUT");
    await expect(client.connect(address)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CONNECT_ABANDONED" });
  });

  test("does not retry on a non-blocking socket", async () => {
    const { address } = await fullBacklog(type);
    const client = closedAtTheEnd(socket(AF_UNIX, type));
    client.setblocking(false);
    await expect(client.connect(address)).rejects.toMatchObject({ code: "EAGAIN", syscall: "connect" });
    expect(await client.connect_ex(address)).toBe(11);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("retries until it is aborted or closed", async () => {
    const { address } = await fullBacklog(type);
    const controller = new AbortController();
    const first = socket(AF_UNIX, type);
    const aborted = first.connect(address, { signal: controller.signal });
    await turnLoop();
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
    first.close();
    const client = closedAtTheEnd(socket(AF_UNIX, type));
    const closed = client.connect(address);
    await turnLoop();
    client.close();
    await expect(closed).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** Returns a Unix datagram receiver and a send to it; net.unix.max_dgram_qlen is the size of its queue. */
function openReceiver(sender: Socket<Datagram>) {
  const receiver = closedAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
  receiver.bind({ path: "" });
  const address = receiver.getsockname();
  return { receiver, address, send: (data: string) => sender.sendto(data, address) };
}

describe("an unconnected Unix datagram to a full receiver retries on a timer, 1 to 50 ms", () => {
  /** Sends until one send waits; returns how many were sent at once. */
  async function fillReceiver(send: (data: string) => Promise<number>): Promise<number> {
    for (let sent = 0; ; sent++) {
      const state = stateOf(send(`datagram ${sent}`));
      await turnLoop(2);
      if (state() === "pending") return sent;
    }
  }

  test("is not reported as sent, and is sent in order when there is room", async () => {
    const sender = closedAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
    const { receiver, send } = openReceiver(sender);
    const sent = await fillReceiver(send);
    const last = send("the last");
    const state = stateOf(last);
    for (let ms = 0; ms < 200; ms++) {
      vi.advanceTimersByTime(1);
      await turnLoop(1);
    }
    expect(state()).toBe("pending");
    for (let datagram = 0; datagram <= sent; datagram++) {
      expect(String(await receiver.recv(1024))).toBe(`datagram ${datagram}`);
      vi.advanceTimersByTime(50);
    }
    await last;
    expect(String(await receiver.recv(1024))).toBe("the last");
  });

  test("uses a timer and no event", async () => {
    const sender = closedAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
    const watch = vi.spyOn(kernel, "watch");
    const { send } = openReceiver(sender);
    await fillReceiver(send);
    const sendto = vi.spyOn(kernel, "sendto");
    const pauses = vi.spyOn(globalThis, "setTimeout");
    for (let attempt = 0; attempt < 9; attempt++) {
      vi.advanceTimersToNextTimer();
      await turnLoop(20);
      expect(sendto).toHaveBeenCalledTimes(attempt + 1);
    }
    expect(pauses.mock.calls.map(([, pauseMs]) => pauseMs)).toEqual([2, 4, 8, 16, 32, 50, 50, 50, 50]);
    expect(watch).not.toHaveBeenCalled();
  });

  test("uses no event either if it waits for data and was writable before: that event would come in each turn", async () => {
    const other = closedAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
    const { address, send } = openReceiver(other);
    await fillReceiver(send);
    const sender = closedAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
    const received = stateOf(sender.recv(1024));
    await sender.writable();
    const sent = stateOf(sender.sendto("one too many", address));
    const sendto = vi.spyOn(kernel, "sendto");
    const before = turns.length;
    await turnLoop(100);
    expect([received(), sent()]).toEqual(["pending", "pending"]);
    expect(sendto.mock.calls.length).toBeLessThanOrEqual(1);
    expect(recordsOf(turns.slice(before), sender).length).toBeLessThanOrEqual(1);
  });

  test("ends at the call's timeout", async () => {
    const sender = closedAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
    const { receiver, send } = openReceiver(sender);
    sender.settimeout(20);
    let sent = 0;
    let outcome = "fulfilled";
    while (outcome === "fulfilled") {
      const state = stateOf(send(`datagram ${sent}`));
      await turnLoop(2);
      if (state() === "pending") vi.advanceTimersByTime(21);
      await turnLoop(2);
      outcome = state();
      if (outcome === "fulfilled") sent++;
    }
    expect(outcome).toBe("ERR_SOCKWRIGHT_TIMEOUT");
    receiver.setblocking(false);
    for (let datagram = 0; datagram < sent; datagram++) {
      expect(String(await receiver.recv(1024))).toBe(`datagram ${datagram}`);
    }
    await expect(receiver.recv(1024)).rejects.toMatchObject({ code: "EAGAIN" });
  });

  test("waits for the event if it is connected", async () => {
    const sender = closedAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
    const { receiver, address } = openReceiver(sender);
    await sender.connect(address);
    await fillReceiver((data) => sender.send(data));
    expect(vi.getTimerCount()).toBe(0);
    const last = sender.send("the last");
    const received: string[] = [];
    while (received.at(-1) !== "the last") received.push(String(await receiver.recv(1024)));
    await last;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("ENOBUFS is an error, never a wait", () => {
  test.each([
    ["send", "send", (ours: Socket) => ours.send("x")],
    ["sendall", "send", (ours: Socket) => ours.sendall("x")],
    ["sendto", "sendto", (ours: Socket) => ours.sendto("x", { host: "127.0.0.1", port: 9 })],
    ["sendmsg", "sendmsg", (ours: Socket) => ours.sendmsg(["x"])],
  ] as const)("%s", async (_name, call, send) => {
    const [ours] = await tcpPair();
    const { slot } = placeOf(ours);
    await turnLoop();
    const watch = vi.spyOn(kernel, "watch");
    const played = vi.spyOn(kernel, call).mockReturnValue(-ENOBUFS);
    await expect(send(ours)).rejects.toMatchObject({ code: "ENOBUFS", errno: -ENOBUFS, syscall: call });
    await turnLoop();
    expect(played).toHaveBeenCalledTimes(1);
    expect(watch.mock.calls.filter((each) => each[0] === slot)).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("in the middle of a sendall(), which reports bytesSent", async () => {
    const [ours] = await tcpPair();
    ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 16 * 1024);
    fill(ours);
    const sent = ours.sendall("waits for room");
    await turnLoop();
    vi.spyOn(kernel, "send").mockReturnValue(-ENOBUFS);
    ours.shutdown(1);
    await expect(sent).rejects.toMatchObject({ code: "ENOBUFS", bytesSent: 0 });
  });

  test("of a UDP socket, which can send again", async () => {
    const udp = closedAtTheEnd(socket(AF_INET, SOCK_DGRAM));
    udp.bind({ host: "127.0.0.1", port: 0 });
    vi.spyOn(kernel, "sendto").mockReturnValueOnce(-ENOBUFS);
    await expect(udp.sendto("lost", udp.getsockname())).rejects.toMatchObject({ code: "ENOBUFS" });
    await udp.sendto("sent", udp.getsockname());
    expect(String(await udp.recv(1024))).toBe("sent");
  });
});

test("a server that pauses because it has no descriptors does not spin on its backlog", async () => {
  const listener = closedAtTheEnd(socket());
  listener.bind({ host: "127.0.0.1", port: 0 });
  const { slot } = placeOf(listener);
  const accepted: Closing[] = [];
  const serving = listener.listen().serve((peer) => {
    accepted.push(peer);
  });
  await turnLoop();

  const { accept } = kernel;
  let outOfDescriptors = true;
  const calls = vi
    .spyOn(kernel, "accept")
    .mockImplementation((...args) => (args[0] === slot && outOfDescriptors ? -EMFILE : accept(...args)));
  const client = closedAtTheEnd(socket());
  const connected = client.connect(listener.getsockname());
  await connected;
  await turnLoop();
  const before = turns.length;
  const attempts = calls.mock.calls.length;
  await turnLoop(100);
  expect(recordsOf(turns.slice(before), listener).length).toBeLessThanOrEqual(1);
  expect(calls.mock.calls.length).toBe(attempts);

  outOfDescriptors = false;
  vi.advanceTimersByTime(100);
  await turnLoop();
  expect(accepted).toHaveLength(1);
  listener.close();
  await serving;
});
