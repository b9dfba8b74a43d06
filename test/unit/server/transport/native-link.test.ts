import { channel } from "node:diagnostics_channel";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, type Socket, socketpair } from "../../../../src/index.ts";
import { kernel } from "../../../../src/native/load.ts";
import { EPOLLERR, EPOLLIN } from "../../../../src/native/poller.ts";
import type { LinkInput, LinkOutput } from "../../../../src/server/transport/link.ts";
import { MAX_RECEIVES_AT_LOSS, NativeLink } from "../../../../src/server/transport/native-link.ts";
import { SocketDescriptor } from "../../../../src/socket/socket-descriptor.ts";
import { MAX_SPURIOUS_WAKEUPS } from "../../../../src/socket/watching.ts";
import { batchCalls } from "../../../../src/testing/batch-calls.ts";
import { turnLoop } from "../../../behaviour/poller/turns.ts";
import { startChild } from "../../../support/child.ts";

const { EAGAIN, ECONNREFUSED, ECONNRESET, EIO } = constants.errno;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

interface Linked {
  readonly link: NativeLink;
  readonly far: Socket<unknown>;
  /** The events that the link has reported. */
  readonly events: string[];
}

/** A link over one end of a socket pair. */
function linked(type: number): Linked {
  const [near, far] = socketpair(AF_UNIX, type);
  const endpoint = SocketDescriptor.endpointOf(near);
  endpoint.handOver();
  const link = new NativeLink(endpoint.slot, endpoint.generation, endpoint, { path: "" });
  const events: string[] = [];
  const told: LinkInput & LinkOutput = {
    onReceived: (bytes) => events.push(`received ${Buffer.from(bytes)}`),
    onEnd: () => events.push("ended"),
    onWritable: () => events.push("writable"),
    onError: (error) => events.push(`failed ${"code" in error ? String(error.code) : error.message}`),
    onDatagramError: (error) => events.push(`datagram ${"code" in error ? String(error.code) : error.message}`),
  };
  link.open(told, told);
  onTestFinished(() => {
    link.close();
    far.close();
  });
  return { link, far, events };
}

/** Makes every receive return EAGAIN, including the poller's batched receives. */
function findNothing(): { readonly mock: { readonly calls: readonly unknown[] } } {
  const recv = vi.spyOn(kernel, "recv").mockReturnValue(-EAGAIN);
  const { receiveReady } = batchCalls({ ...kernel, recv: (...given) => kernel.recv(...given) });
  vi.spyOn(kernel, "receiveReady").mockImplementation(receiveReady);
  return recv;
}

describe("a link reads", () => {
  test("nothing before resume, and nothing while it is paused", async () => {
    const { link, far, events } = linked(SOCK_STREAM);
    await far.sendall("one");
    await turnLoop();
    expect(events).toEqual([]);
    link.resume();
    await turnLoop();
    expect(events).toEqual(["received one"]);
    link.pause();
    await far.sendall("two");
    await turnLoop();
    expect(events).toEqual(["received one"]);
    link.resume();
    await turnLoop();
    expect(events).toEqual(["received one", "received two"]);
  });

  test("once per event, so that one peer does not delay the others", async () => {
    const { link, far } = linked(SOCK_DGRAM);
    for (const datagram of ["one", "two", "three"]) await far.send(datagram);
    const recv = vi.spyOn(kernel, "recv");
    link.resume();
    link.onReady(EPOLLIN);
    expect(recv).toHaveBeenCalledTimes(1);
  });

  test("an empty datagram like any other datagram", async () => {
    const { link, far, events } = linked(SOCK_DGRAM);
    link.resume();
    for (const datagram of ["", "data"]) await far.send(datagram);
    await turnLoop();
    expect(events).toEqual(["received ", "received data"]);
  });

  test.each([SOCK_STREAM, SOCK_SEQPACKET])("the end of a socket of type %i, once", async (type) => {
    const { link, far, events } = linked(type);
    link.resume();
    await far.sendall("last words");
    far.close();
    await turnLoop();
    expect(events).toEqual(["received last words", "ended"]);
  });

  test("an error that only SO_ERROR reports", () => {
    const { link, events } = linked(SOCK_STREAM);
    link.resume();
    findNothing();
    vi.spyOn(kernel, "getsockopt").mockImplementation((_slot, _generation, _level, _option, out) => {
      out[0] = ECONNRESET;
      return 4;
    });
    link.onReady(EPOLLERR);
    expect(events).toEqual(["failed ECONNRESET"]);
  });
});

test.each([
  ["an endless supply of datagrams ends there after a loss", EIO, "failed EIO"],
  ["and after the error of a single datagram", ECONNREFUSED, "datagram ECONNREFUSED"],
])("MAX_RECEIVES_AT_LOSS: %s", (_what, errno, told) => {
  const { link, events } = linked(SOCK_DGRAM);
  link.resume();
  const recv = vi.spyOn(kernel, "recv").mockReturnValueOnce(-errno).mockReturnValue(0);
  link.onReady(EPOLLIN | EPOLLERR);
  expect(recv).toHaveBeenCalledTimes(1 + MAX_RECEIVES_AT_LOSS);
  expect(events.at(-1)).toBe(told);
});

describe("events with nothing to read", () => {
  function published(): unknown[] {
    const messages: unknown[] = [];
    const spurious = channel("sockwright:socket:spurious");
    const note = (message: unknown): unknown => messages.push(message);
    spurious.subscribe(note);
    onTestFinished(() => void spurious.unsubscribe(note));
    return messages;
  }

  test("are ignored up to fifteen in a row", async () => {
    const messages = published();
    const { link, far, events } = linked(SOCK_STREAM);
    link.resume();
    const watch = vi.spyOn(kernel, "watch");
    findNothing();
    for (let event = 1; event < MAX_SPURIOUS_WAKEUPS; event++) link.onReady(EPOLLIN);
    vi.restoreAllMocks();
    await far.sendall("data");
    await turnLoop();
    expect(events).toEqual(["received data"]);
    expect(watch).not.toHaveBeenCalled();
    expect(messages).toEqual([]);
  });

  test("sixteen in a row remove the link from epoll for a while and publish a diagnostics message", async () => {
    const messages = published();
    const { link, far, events } = linked(SOCK_STREAM);
    link.resume();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const recv = findNothing();
    await far.sendall("data");
    await turnLoop(100);
    expect(recv).toHaveBeenCalledTimes(MAX_SPURIOUS_WAKEUPS);
    expect(messages).toEqual([{ family: AF_UNIX, type: SOCK_STREAM, syscall: "recv" }]);
    vi.restoreAllMocks();
    vi.runAllTimers();
    await turnLoop();
    expect(events).toEqual(["received data"]);
  });

  test.each(["pause", "close"] as const)("%s ends the wait", async (how) => {
    const { link, far } = linked(SOCK_STREAM);
    link.resume();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    findNothing();
    await far.sendall("data");
    await turnLoop(100);
    expect(vi.getTimerCount()).toBe(1);
    link[how]();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("an endpoint that was handed over", () => {
  test("is closed exactly once with its link", () => {
    const before = kernel.openDescriptors();
    const { link } = linked(SOCK_STREAM);
    expect(kernel.openDescriptors()).toBe(before + 2);
    link.close();
    link.close();
    expect(kernel.openDescriptors()).toBe(before + 1);
  });

  test("must have no pending calls", async () => {
    const [near, far] = socketpair();
    onTestFinished(() => far.close());
    const reading = near.recv(1);
    expect(() => SocketDescriptor.endpointOf(near).handOver()).toThrow(
      expect.objectContaining({ code: "ERR_SOCKWRIGHT_BUSY" }),
    );
    near.close();
    await expect(reading).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    expect(() => SocketDescriptor.endpointOf(near).handOver()).toThrow(
      expect.objectContaining({ code: "ERR_SOCKWRIGHT_CLOSED" }),
    );
  });
});

test("a client connection that is garbage-collected without close() is closed with a warning", async () => {
  const program = fileURLToPath(new URL("../../../behaviour/server/programs/lost-client.mjs", import.meta.url));
  const child = await startChild(process.execPath, ["--expose-gc", program]);
  await child.line(/^ResourceWarning SOCKWRIGHT_LOST_SOCKET A socket \(descriptor \d+\) .* without close\(\)$/);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});
