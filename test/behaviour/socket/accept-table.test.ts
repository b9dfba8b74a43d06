import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants } from "node:os";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Listener, type Socket, SocketError } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { listenOnLoopback, openStream } from "../../support/sockets.ts";
import { until } from "../../support/until.ts";
import { turnLoop } from "../poller/turns.ts";

// Node does not define all of them.
const errno = { ...constants.errno, ENONET: 64, EHOSTDOWN: 112 };
type Errno = keyof typeof errno;

const retried: readonly Errno[] = [
  "ECONNABORTED",
  "EPERM",
  "ENETDOWN",
  "EPROTO",
  "ENOPROTOOPT",
  "EHOSTDOWN",
  "ENONET",
  "EHOSTUNREACH",
  "ENOTSUP",
  "ENETUNREACH",
  "ETIMEDOUT",
];
const paused: readonly Errno[] = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ENOSPC"];
const fatal: readonly Errno[] = ["EINVAL", "ENOTSOCK", "EFAULT", "EBADF"];

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

interface Published {
  readonly code: string;
  readonly action: string;
}

function isAcceptError(message: unknown): message is { readonly error: SocketError; readonly action: string } {
  return typeof message === "object" && message !== null && "error" in message && "action" in message;
}

/** Collects what is published on sockwright:accept:error until the test ends. */
function published(): Published[] {
  const messages: Published[] = [];
  const collect = (message: unknown): void => {
    if (isAcceptError(message)) messages.push({ code: message.error.code, action: message.action });
  };
  subscribe("sockwright:accept:error", collect);
  onTestFinished(() => {
    unsubscribe("sockwright:accept:error", collect);
  });
  return messages;
}

/** The two ways to serve a listener: both call `seen` for each peer, and end when the listener is closed. */
const servers: readonly [name: string, run: (listener: Listener, seen: (peer: Socket) => void) => Promise<void>][] = [
  ["serve", (listener, seen) => listener.serve((peer) => seen(peer))],
  [
    "iteration over a listener",
    async (listener, seen) => {
      for await (const [peer] of listener) {
        seen(peer);
        peer.close();
      }
    },
  ],
];

describe.for(servers)("%s handles errors by the accept table", ([, run]) => {
  test.for(retried)("%s: accepts again at once, and publishes the error once", async (code) => {
    const messages = published();
    const listener = listenOnLoopback();
    vi.spyOn(kernel, "accept").mockReturnValueOnce(-errno[code]);
    const setTimeout = vi.spyOn(globalThis, "setTimeout");
    const seen = vi.fn(() => listener.close());
    const served = run(listener, seen);
    const client = openStream();
    await client.connect(listener.getsockname());
    await served;
    expect(seen).toHaveBeenCalledTimes(1);
    expect(messages).toEqual([{ code, action: "retry" }]);
    expect(setTimeout).not.toHaveBeenCalled();
  });

  test.for(paused)("%s: pauses for 100 ms, accepts again, and publishes the error once", async (code) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const messages = published();
    const listener = listenOnLoopback();
    const client = openStream();
    await client.connect(listener.getsockname());
    const accept = vi.spyOn(kernel, "accept").mockReturnValueOnce(-errno[code]);
    const seen = vi.fn(() => listener.close());
    const served = run(listener, seen);
    await turnLoop();
    expect(messages).toEqual([{ code, action: "pause" }]);
    expect(accept).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(99);
    await turnLoop();
    expect(accept).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    await served;
    expect(seen).toHaveBeenCalledTimes(1);
    expect(messages).toHaveLength(1);
  });

  test.for(fatal)("%s: stops, throws the error, and publishes it once", async (code) => {
    const messages = published();
    const listener = listenOnLoopback();
    vi.spyOn(kernel, "accept").mockReturnValueOnce(-errno[code]);
    await expect(run(listener, () => undefined)).rejects.toMatchObject({ code, syscall: "accept" });
    expect(messages).toEqual([{ code, action: "stop" }]);
  });

  test("a close ends the pause without an error", async () => {
    const listener = listenOnLoopback();
    vi.spyOn(kernel, "accept").mockReturnValueOnce(-errno.EMFILE);
    const messages = published();
    const served = run(listener, () => undefined);
    // A peer makes the listener ready, so that its accept fails.
    await openStream().connect(listener.getsockname());
    await until(() => messages.length > 0, "the pause");
    listener.close();
    await expect(served).resolves.toBeUndefined();
    expect(messages).toEqual([{ code: "EMFILE", action: "pause" }]);
  });

  test("peers that wait through several pauses are served in the end", async () => {
    const messages = published();
    const listener = listenOnLoopback();
    const clients = [openStream(), openStream()];
    for (const client of clients) await client.connect(listener.getsockname());
    const { accept } = kernel;
    let failures = 3;
    vi.spyOn(kernel, "accept").mockImplementation((...args) => (failures-- > 0 ? -errno.EMFILE : accept(...args)));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const seen = vi.fn(() => {
      if (seen.mock.calls.length === 2) listener.close();
    });
    const served = run(listener, seen);
    for (let pause = 0; pause < 3; pause++) {
      await turnLoop();
      await vi.advanceTimersByTimeAsync(100);
    }
    await served;
    expect(seen).toHaveBeenCalledTimes(2);
    expect(messages).toEqual(Array.from({ length: 3 }, () => ({ code: "EMFILE", action: "pause" })));
  });
});

describe("accept() alone throws each of these errors, as in C", () => {
  test.for([...retried, ...paused, ...fatal])("%s", async (code) => {
    const messages = published();
    const listener = listenOnLoopback();
    vi.spyOn(kernel, "accept").mockReturnValueOnce(-errno[code]);
    const error: unknown = await listener.accept().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(SocketError);
    expect(error).toMatchObject({ code, errno: -errno[code], syscall: "accept" });
    expect(messages).toEqual([]);
  });

  test("a socket that does not listen", async () => {
    await expect(openStream().accept()).rejects.toMatchObject({ code: "EINVAL", syscall: "accept" });
  });
});

test("serve loses no peer that it accepted before an error in the same turn", async () => {
  const listener = listenOnLoopback();
  const clients = Array.from({ length: 6 }, () => openStream());
  for (const client of clients) await client.connect(listener.getsockname());
  const { accept } = kernel;
  let calls = 0;
  // The second turn takes up to two peers, the third up to four: the error occurs in the middle of the third.
  vi.spyOn(kernel, "accept").mockImplementation((...args) => (++calls === 5 ? -errno.ECONNABORTED : accept(...args)));
  const ports: unknown[] = [];
  await listener.serve((_peer, { port }) => {
    if (ports.push(port) === clients.length) listener.close();
  });
  expect(ports).toEqual(clients.map((client) => client.getsockname().port));
});
