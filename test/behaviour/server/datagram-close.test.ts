// A server that closes answers the datagrams that it has already received.
import { createSocket } from "node:dgram";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { DEFAULT_GRACE_MS } from "../../../src/server/server.ts";
import { type DatagramMessage, type Server, serve } from "../../../src/server.ts";
import { turn, until } from "../../support/until.ts";

interface Pending {
  readonly message: DatagramMessage;
  answered(): void;
}

/** A server whose answers the test releases, and a client that has sent it `count` datagrams. */
async function asked(count: number, onStop?: () => void) {
  const pending: Pending[] = [];
  const service = {
    name: "slow",
    datagram: (message: DatagramMessage) =>
      new Promise<void>((answered) => {
        pending.push({ message, answered });
      }),
    ...(onStop === undefined ? {} : { stop: onStop }),
  };
  const server = await serve("udp://127.0.0.1:0", service);
  const client = createSocket("udp4");
  onTestFinished(() => new Promise<void>((closed) => void client.close(() => closed())));
  const answers: string[] = [];
  client.on("message", (data) => answers.push(String(data)));
  const ask = async (text: string): Promise<void> => {
    const { datagramsReceived } = server.stats();
    client.send(text, Number(new URL(server.urls[0] ?? "").port), "127.0.0.1");
    await until(() => server.stats().datagramsReceived > datagramsReceived, "the datagram");
  };
  for (let index = 0; index < count; index++) await ask(`${index}`);
  return { server, pending, answers, ask };
}

/** Whether close() has settled after ten turns of the event loop. */
async function isClosed(closed: Promise<unknown>): Promise<boolean> {
  let is = false;
  void closed.then(() => {
    is = true;
  });
  await turn(10);
  return is;
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("close() waits for the handlers of received datagrams, whose answers are sent, and then calls stop", async () => {
    const stop = vi.fn();
    const { server, pending, answers } = await asked(2, stop);
    const closed = server.close();
    expect(await isClosed(closed)).toBe(false);
    for (const { message, answered } of pending) {
      expect(stop).not.toHaveBeenCalled();
      expect(message.reply(`answer ${message.data}`)).toBe(true);
      answered();
    }
    await closed;
    expect(stop).toHaveBeenCalledOnce();
    await until(() => answers.length === 2, "two answers");
    expect(answers).toEqual(["answer 0", "answer 1"]);
  });

  test("datagrams that arrive during close() are dropped and counted, and urls lists the listener until it is closed", async () => {
    const { server, pending, ask } = await asked(1);
    const { urls } = server;
    const closed = server.close();
    await ask("late");
    expect(server.urls).toEqual(urls);
    expect(server.stats().datagramsDropped.closing).toBe(1);
    expect(pending).toHaveLength(1);
    pending[0]?.answered();
    await closed;
    expect(server.urls).toEqual([]);
  });

  test("graceMs: close() waits no longer, and a later answer is dropped and counted", async () => {
    const { server, pending } = await asked(1);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const closed = server.close();
    await vi.advanceTimersByTimeAsync(DEFAULT_GRACE_MS - 1);
    expect(await isClosed(closed)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closed;
    expect(pending[0]?.message.reply("too late")).toBe(false);
    pending[0]?.answered();
    expect(server.stats()).toMatchObject({ repliesSent: 0, repliesDropped: 1 });
  });

  test("close() settles at once if no answer is pending", async () => {
    const { server } = await asked(0);
    // No timer fires: a close() that waited for the grace would not settle.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    expect(await isClosed(server.close())).toBe(true);
  });
});

test("MAX_GRACE_MS: an invalid grace is refused, and the server can still be closed", async () => {
  const server: Server = await serve("tcp://127.0.0.1:0", async () => undefined);
  for (const graceMs of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    await expect(server.close({ graceMs })).rejects.toThrow(RangeError);
  }
  await server.close({ graceMs: 2 ** 31 - 1 });
});
