// Nobody reads the output of the command. The command must still end when it should.
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Reporter } from "../../src/cli/reporter.ts";
import { LAST_WORDS_MS } from "../../src/cli/time-limit.ts";
import { AF_UNIX, type Socket, socket } from "../../src/index.ts";
import { fillUnread } from "../support/full.ts";
import { type Piped, read, startPiped } from "./pipes.ts";
import { freeFolder } from "./sockwright.ts";

const CHUNK = Buffer.alloc(64 * 1024, "x");

/** Sends bytes until the connection is closed. */
async function flood(peer: Socket): Promise<void> {
  for (;;) await peer.sendall(CHUNK);
}

/** `connect` with a standard output that is a pipe which nobody reads, and its peer. */
async function connectPipedCommand(...options: readonly string[]): Promise<{ own: Piped; peer: Socket }> {
  const listener = socket();
  onTestFinished(() => listener.close());
  listener.bind({ host: "127.0.0.1", port: 0 });
  const own = startPiped("connect", `tcp://127.0.0.1:${listener.listen().getsockname().port}`, ...options);
  const [peer] = await listener.accept();
  onTestFinished(() => peer.close());
  return { own, peer };
}

describe("connect", () => {
  // EXIT_DELAY_MS: the pending write would otherwise keep the process alive for ever.
  test("--idle-timeout ends connect: exit code 3", async () => {
    const { own, peer } = await connectPipedCommand("--idle-timeout", "100ms");
    await expect(flood(peer)).rejects.toThrow(/ECONNRESET|EPIPE/);
    expect(await own.exitCode).toBe(3);
    expect(own.stderr()).toBe("sockwright: nothing was sent or received for 100 ms (--idle-timeout)\n");
  });

  test("one signal ends connect: exit code 143", async () => {
    const { own, peer } = await connectPipedCommand();
    await fillUnread(peer, own.pid);
    process.kill(own.pid, "SIGTERM");
    expect(await own.exitCode).toBe(143);
  });
});

test("one signal ends listen --keep-open", async () => {
  const own = startPiped("listen", "--keep-open", "tcp://127.0.0.1:0");
  const [, port] = /:(\d+)$/.exec(await own.firstLine) ?? [];
  const peer = socket();
  onTestFinished(() => peer.close());
  await peer.connect({ host: "127.0.0.1", port: Number(port) });
  await fillUnread(peer, own.pid);
  process.kill(own.pid, "SIGTERM");
  expect(await own.exitCode).toBe(143);
});

test("one signal ends greet: exit code 0", async () => {
  const path = join(freeFolder(), "socket");
  const own = startPiped("greet", "--grace", "0", "--listen", `unix:${path}`);
  expect(String(await read(own.stdout, 10))).toBe("listening ");
  const peer = socket(AF_UNIX);
  onTestFinished(() => peer.close());
  await peer.connect({ path });
  await fillUnread(peer, own.pid);
  process.kill(own.pid, "SIGTERM");
  expect(await own.exitCode).toBe(0);
});

describe("messages on standard error", () => {
  test("LAST_WORDS_MS: messages delay the exit only that long; later messages are dropped until the last one is written", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let take: () => void = () => undefined;
    const write = vi.fn(async () => {
      await new Promise<void>((resolve) => {
        take = resolve;
      });
    });
    const reporter = new Reporter({ write }, "words");
    const told = reporter.report({ event: "listening", url: "tcp://127.0.0.1:1" });
    await vi.advanceTimersByTimeAsync(LAST_WORDS_MS - 1);
    expect(await Promise.race([told.then(() => "told"), Promise.resolve("waiting")])).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    await told;
    await reporter.report({ event: "listening", url: "tcp://127.0.0.1:2" });
    expect(write).toHaveBeenCalledOnce();
    take();
    await vi.advanceTimersByTimeAsync(0);
    const next = reporter.report({ event: "listening", url: "tcp://127.0.0.1:3" });
    take();
    await next;
    expect(write).toHaveBeenCalledTimes(2);
  });
});
