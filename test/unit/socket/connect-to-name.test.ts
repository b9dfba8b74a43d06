// connect to a name with several addresses tries one after the other on the same socket.
import { afterEach, describe, expect, test, vi } from "vitest";
import { AF_INET, SOCK_DGRAM, type Socket, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { MIN_ADDRESS_TIMEOUT_MS } from "../../../src/socket/connect-to-name.ts";
import { listenAt, neverAnswersAt, portOfListener } from "../../behaviour/socket/several-addresses.ts";
import { nameHas } from "../../support/names.ts";
import { closeAtTheEnd, openDatagrams, openStream } from "../../support/sockets.ts";
import { until } from "../../support/until.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const name = "name.example";

/** The last byte of each IPv4 address given to connect(2); 0 is the AF_UNSPEC that dissolves an attempt. */
function spyOnConnects(): () => number[] {
  const spy = vi.spyOn(kernel, "connect");
  return () => spy.mock.calls.map(([, , sockaddr]) => sockaddr[7] ?? 0);
}

async function exchange(client: Socket, listener: ReturnType<typeof listenAt>): Promise<void> {
  const [peer] = await listener.accept();
  closeAtTheEnd(peer);
  await peer.sendall("hello");
  expect(String(await client.recv(16))).toBe("hello");
}

describe("addresses that refuse are skipped", () => {
  test.for([
    ["the first and only address", ["127.0.0.9"]],
    ["the second", ["127.0.0.2", "127.0.0.9"]],
    ["the fourth", ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.9"]],
    ["the second, before the third is tried,", ["127.0.0.2", "127.0.0.9", "127.0.0.5"]],
  ] as const)("%s accepts the connection", async ([, hosts]) => {
    const listener = listenAt("127.0.0.9");
    nameHas(...hosts);
    const client = openStream();
    await client.connect({ host: name, port: portOfListener(listener) });
    expect(client.getpeername()).toEqual(listener.getsockname());
    await exchange(client, listener);
    await expect(client.connect({ host: name, port: portOfListener(listener) })).rejects.toMatchObject({
      code: "EISCONN",
    });
  });

  test("connect_ex returns 0, and sends made meanwhile go to the address that accepts", async () => {
    const listener = listenAt("127.0.0.9");
    nameHas("127.0.0.2", "127.0.0.3", "127.0.0.9");
    const client = openStream();
    const done = Promise.all([
      client.connect_ex({ host: name, port: portOfListener(listener) }),
      client.sendall("early"),
    ]);
    const [peer] = await listener.accept();
    closeAtTheEnd(peer);
    expect((await done)[0]).toBe(0);
    expect(String(await peer.recv(16))).toBe("early");
  });

  test("a pending receive does not see the failed attempts", async () => {
    const listener = listenAt("127.0.0.9");
    nameHas("127.0.0.2", "127.0.0.3", "127.0.0.9");
    const client = openStream();
    const { connect } = kernel;
    let received: Promise<Buffer> | undefined;
    vi.spyOn(kernel, "connect").mockImplementation((...given) => {
      queueMicrotask(() => {
        received ??= client.recv(16);
      });
      return connect(...given);
    });
    const connected = client.connect({ host: name, port: portOfListener(listener) });
    const [peer] = await listener.accept();
    closeAtTheEnd(peer);
    await connected;
    await peer.sendall("hello");
    expect(String(await received)).toBe("hello");
  });
});

describe("when all addresses refuse", () => {
  test("the error is that of the last address, and the socket can connect again", async () => {
    const listener = listenAt("127.0.0.9");
    nameHas("127.0.0.2", "127.0.0.3");
    const client = openStream();
    await expect(client.connect({ host: name, port: portOfListener(listener) })).rejects.toMatchObject({
      code: "ECONNREFUSED",
      address: "127.0.0.3",
      port: portOfListener(listener),
    });
    expect(await client.connect_ex({ host: name, port: portOfListener(listener) })).toBe(111);
    await client.connect(listener.getsockname());
    await exchange(client, listener);
  });
});

describe("an address that does not answer", () => {
  test("is given up after its share of the timeout, and the next address accepts", async () => {
    const listener = listenAt("127.0.0.9");
    await neverAnswersAt("127.0.0.2", portOfListener(listener));
    nameHas("127.0.0.2", "127.0.0.9");
    const connects = spyOnConnects();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const client = openStream();
    client.settimeout(3 * MIN_ADDRESS_TIMEOUT_MS);
    const connected = client.connect({ host: name, port: portOfListener(listener) });
    await untilReal(() => connects().length === 1);
    vi.advanceTimersByTime(1.5 * MIN_ADDRESS_TIMEOUT_MS - 1);
    expect(connects()).toEqual([2]);
    vi.advanceTimersByTime(1);
    expect(connects().slice(0, 3)).toEqual([2, 0, 9]);
    await connected;
    vi.useRealTimers();
    expect(client.getpeername()).toEqual(listener.getsockname());
    await exchange(client, listener);
  });

  test("gets at least 2 s if the timeout allows it", async () => {
    const listener = listenAt("127.0.0.9");
    await neverAnswersAt("127.0.0.2", portOfListener(listener));
    nameHas("127.0.0.2", "127.0.0.9");
    const connects = spyOnConnects();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const client = openStream();
    client.settimeout(1.5 * MIN_ADDRESS_TIMEOUT_MS);
    const connected = client.connect({ host: name, port: portOfListener(listener) });
    await untilReal(() => connects().length === 1);
    vi.advanceTimersByTime(MIN_ADDRESS_TIMEOUT_MS - 1);
    expect(connects()).toEqual([2]);
    vi.advanceTimersByTime(1);
    await connected;
  });

  test("leaves a socket that can only be closed, when the whole timeout has passed", async () => {
    const listener = listenAt("127.0.0.9");
    await neverAnswersAt("127.0.0.2", portOfListener(listener));
    nameHas("127.0.0.2", "127.0.0.9");
    const connects = spyOnConnects();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const client = openStream();
    client.settimeout(20);
    const connected = client.connect({ host: name, port: portOfListener(listener) });
    await untilReal(() => connects().length === 1);
    // The first address gets all of the time, so only the timer of the whole timeout runs.
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(20);
    await expect(connected).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    expect(connects()).not.toContain(9);
    await expect(client.send("x")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CONNECT_ABANDONED" });
  });

  test("can be aborted during the second attempt", async () => {
    const listener = listenAt("127.0.0.9");
    await neverAnswersAt("127.0.0.3", portOfListener(listener));
    nameHas("127.0.0.2", "127.0.0.3", "127.0.0.9");
    const connects = spyOnConnects();
    const controller = new AbortController();
    const connected = openStream().connect(
      { host: name, port: portOfListener(listener) },
      { signal: controller.signal },
    );
    await until(() => connects().includes(3), "the second connect");
    controller.abort();
    await expect(connected).rejects.toMatchObject({ code: "ABORT_ERR" });
    expect(connects()).not.toContain(9);
  });
});

test("a datagram socket uses the first address", async () => {
  const [ours] = closeAtTheEnd(socket(AF_INET, SOCK_DGRAM));
  const peer = openDatagrams();
  const asked = nameHas("127.0.0.1", "127.0.0.2");
  await ours.connect({ host: name, port: peer.getsockname().port ?? 0 });
  expect(ours.getpeername()).toEqual(peer.getsockname());
  expect(asked.mock.calls[0]?.[3]).toBe(SOCK_DGRAM);
});

test("a non-blocking socket begins to connect to the first address: EINPROGRESS", async () => {
  const listener = listenAt("127.0.0.9");
  nameHas("127.0.0.9", "127.0.0.2");
  const connects = spyOnConnects();
  const client = openStream();
  client.setblocking(false);
  expect(await client.connect_ex({ host: name, port: portOfListener(listener) })).toBe(115);
  expect(connects()).toEqual([9]);
});

/** Waits by turns of the loop, because the timers are fake. */
async function untilReal(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
