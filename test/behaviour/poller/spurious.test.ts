import { spawnSync } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, onTestFinished, type TestContext, test, vi } from "vitest";
import { AF_INET, SOCK_DGRAM, SOCK_STREAM, type Socket, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { EPOLLIN } from "../../../src/native/poller.ts";
import { MAX_SPURIOUS_WAKEUPS } from "../../../src/socket/watching.ts";
import { startChild } from "../../support/child.ts";
import { listenOnLoopback, tcpPair, unixPair } from "../../support/sockets.ts";
import { demand, requireTool } from "../../support/tools.ts";
import { observeTurns, placeOf, recordsOf, turnLoop } from "./turns.ts";

const EAGAIN = 11;
const FORGE = fileURLToPath(new URL("programs/forge-datagrams.py", import.meta.url));

const turns = observeTurns();

let diagnostics: unknown[];
beforeEach(() => {
  diagnostics = [];
  const spurious = channel("sockwright:socket:spurious");
  const note = (message: unknown): unknown => diagnostics.push(message);
  spurious.subscribe(note);
  onTestFinished(() => {
    spurious.unsubscribe(note);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("EAGAIN after readiness never unregisters a socket", () => {
  test("datagrams with bad checksums do not stop a server", async (context) => {
    const python = requireRawSockets(context);
    const server = socket(AF_INET, SOCK_DGRAM);
    onTestFinished(() => server.close());
    server.bind({ host: "127.0.0.1", port: 0 });
    const { port = 0 } = server.getsockname();

    const serving = (async () => {
      for await (const [data, address] of server) await server.sendto(`got ${data}`, address);
    })();
    await turnLoop();
    const client = await startChild(python, [FORGE, String(port)]);
    let found = expectNothing();
    const { recvfrom } = kernel;
    vi.spyOn(kernel, "recvfrom").mockImplementation((...args) => {
      const result = recvfrom(...args);
      if (result === -EAGAIN) found.resolve();
      return result;
    });
    for (let forged = 0; forged < 40; forged++) {
      found = expectNothing();
      client.stdin.write("bad\n");
      await found.promise;
    }
    client.stdin.write("good\n");
    await client.line(/^answer got good$/);
    expect(diagnostics).toEqual([
      { family: AF_INET, type: SOCK_DGRAM, syscall: "recvfrom" },
      { family: AF_INET, type: SOCK_DGRAM, syscall: "recvfrom" },
    ]);
    server.close();
    await serving;
  });

  test("fifteen in a row have no effect", async () => {
    const [left, right] = unixPair();
    const received = right.recv(1024);
    const watch = vi.spyOn(kernel, "watch");
    findNothing(right, 15);
    await left.sendall("hello");
    expect(String(await received)).toBe("hello");
    expect(watch).not.toHaveBeenCalled();
    expect(diagnostics).toEqual([]);
  });

  test("a successful read in between restarts the count", async () => {
    const [left, right] = unixPair();
    for (let round = 0; round < 4; round++) {
      const received = right.recv(1024);
      findNothing(right, 15);
      await left.sendall("hello");
      expect(String(await received)).toBe("hello");
      vi.restoreAllMocks();
    }
    expect(diagnostics).toEqual([]);
  });
});

describe("16 in a row take the socket out of epoll, retry on a timer of 1 to 100 ms, and publish a diagnostic", () => {
  test("at the sixteenth", async () => {
    const [left, right] = unixPair();
    const received = right.recv(1024);
    await turnLoop();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const watch = vi.spyOn(kernel, "watch");
    findNothing(right, Number.POSITIVE_INFINITY);
    const before = turns.length;
    await left.sendall("hello");
    await turnLoop(100);
    expect(recordsOf(turns.slice(before), right)).toHaveLength(16);
    expect(watch.mock.calls.map((call) => call[2])).toEqual([0]);
    expect(diagnostics).toEqual([{ family: right.family, type: right.type, syscall: "recv" }]);
    vi.restoreAllMocks();
    vi.runAllTimers();
    expect(String(await received)).toBe("hello");
  });

  test("the pauses double from 1 to 100 ms, and data ends them", async () => {
    const [left, right] = unixPair();
    const received = right.recv(1024);
    await turnLoop();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const pauses = vi.spyOn(globalThis, "setTimeout");
    findNothing(right, Number.POSITIVE_INFINITY);
    await left.sendall("hello");
    for (let pause = 0; pause < 9; pause++) {
      await turnLoop(40);
      expect(vi.getTimerCount()).toBe(1);
      vi.runOnlyPendingTimers();
    }
    expect(pauses.mock.calls.map(([, pauseMs]) => pauseMs)).toEqual([1, 2, 4, 8, 16, 32, 64, 100, 100]);
    expect(diagnostics).toHaveLength(9);
    vi.restoreAllMocks();
    expect(String(await received)).toBe("hello");

    const again = right.recv(1024);
    await turnLoop();
    const pausesAgain = vi.spyOn(globalThis, "setTimeout");
    findNothing(right, Number.POSITIVE_INFINITY);
    await left.sendall("hello again");
    await turnLoop(40);
    expect(pausesAgain.mock.calls.map(([, pauseMs]) => pauseMs)).toEqual([1]);
    vi.restoreAllMocks();
    vi.runOnlyPendingTimers();
    expect(String(await again)).toBe("hello again");
  });

  test("a socket in a pause has no turns, and its other direction goes on", async () => {
    const [ours, peer] = await tcpPair();
    const received = ours.recv(1024);
    await turnLoop();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    findNothing(ours, Number.POSITIVE_INFINITY);
    await peer.sendall("hello");
    await turnLoop(40);
    expect(diagnostics).toHaveLength(1);
    const before = turns.length;
    const message = Buffer.alloc(16 * 1024 * 1024, "m");
    const sent = ours.sendall(message);
    let bytes = 0;
    while (bytes < message.length) bytes += (await peer.recv(1024 * 1024)).length;
    await sent;
    expect(recordsOf(turns.slice(before), ours).filter(({ events }) => (events & EPOLLIN) !== 0)).toEqual([]);
    expect(diagnostics).toHaveLength(1);
    vi.restoreAllMocks();
    vi.runOnlyPendingTimers();
    expect(String(await received)).toBe("hello");
  });

  test("close() ends the pause", async () => {
    const [left, right] = unixPair();
    const received = right.recv(1024);
    await turnLoop();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    findNothing(right, Number.POSITIVE_INFINITY);
    await left.sendall("hello");
    await turnLoop(40);
    expect(vi.getTimerCount()).toBe(1);
    right.close();
    await expect(received).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a timeout ends the wait within the pause", async () => {
    const [left, right] = unixPair();
    right.settimeout(5);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const received = right.recv(1024);
    const refused = expect(received).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    findNothing(right, Number.POSITIVE_INFINITY);
    await left.sendall("hello");
    await turnLoop(40);
    for (let ms = 0; ms < 6; ms++) {
      vi.advanceTimersByTime(1);
      await turnLoop(40);
    }
    await refused;
  });
});

test("a listener pauses too: other processes may accept its connections again and again", async () => {
  const listener = listenOnLoopback();
  const { slot } = placeOf(listener);
  const accepted = listener.accept();
  await turnLoop();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const accept = vi.spyOn(kernel, "accept").mockReturnValue(-EAGAIN);
  const watch = vi.spyOn(kernel, "watch");
  const client = socket();
  onTestFinished(() => client.close());
  const connected = client.connect(listener.getsockname());
  await turnLoop(100);
  expect(accept).toHaveBeenCalledTimes(MAX_SPURIOUS_WAKEUPS);
  expect(watch.mock.calls.filter((call) => call[0] === slot).map((call) => call[2])).toEqual([0]);
  expect(diagnostics).toEqual([{ family: AF_INET, type: SOCK_STREAM, syscall: "accept" }]);
  vi.restoreAllMocks();
  vi.runOnlyPendingTimers();
  const [peer] = await accepted;
  peer.close();
  await connected;
});

/** Makes recv() find nothing after readiness, `times` times. */
function findNothing(reader: Pick<Socket, "fileno">, times: number): void {
  const { slot } = placeOf(reader);
  const { recv } = kernel;
  let left = times;
  vi.spyOn(kernel, "recv").mockImplementation((...args) => (args[0] === slot && left-- > 0 ? -EAGAIN : recv(...args)));
}

function expectNothing(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}

/** Returns python3 if it may open a raw socket. */
function requireRawSockets(context: TestContext): string {
  const program = requireTool(context, "python3");
  const { status, stderr } = spawnSync(program, [FORGE], { encoding: "utf8" });
  const missing = `raw sockets are missing (${stderr.trim().split("\n").at(-1)}): run as root`;
  return demand(context, status === 0 ? { program } : { missing }, process.env["SOCKWRIGHT_REQUIRE_TOOLS"] === "1");
}
