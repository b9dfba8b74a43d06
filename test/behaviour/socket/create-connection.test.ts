// create_connection connects to whichever address of a host accepts first, RFC 8305.
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  AF_INET,
  AF_INET6,
  type CreateConnectionOptions,
  create_connection,
  type Socket,
  setdefaulttimeout,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { CONNECTION_ATTEMPT_DELAY_MS, inTurn } from "../../../src/socket/connection-attempts.ts";
import { startChild } from "../../support/child.ts";
import { lookUpWaits, nameHas } from "../../support/names.ts";
import { closeAtTheEnd } from "../../support/sockets.ts";
import { requireTool } from "../../support/tools.ts";
import { turn, until } from "../../support/until.ts";
import { listenAt, neverAnswersAt, portOfListener } from "./several-addresses.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  setdefaulttimeout(null);
});

const host = "name.example";
const here = "127.0.0.9";

async function createConnectionTo(port: number, options?: CreateConnectionOptions, to = host): Promise<Socket> {
  const [client] = closeAtTheEnd(await create_connection({ host: to, port }, options));
  return client;
}

/** The addresses that connect(2) was called with, each by its last byte. */
function spyOnConnects(): () => Set<number> {
  const spy = vi.spyOn(kernel, "connect");
  return () =>
    new Set(spy.mock.calls.map(([, , sockaddr]) => (sockaddr.length === 16 ? sockaddr[7] : sockaddr[23]) ?? -1));
}

/** Expects the call to reject with `error` and to leave nothing open. */
async function expectRefused(made: () => Promise<unknown>, error: object): Promise<void> {
  const before = kernel.openDescriptors();
  await expect(made()).rejects.toMatchObject(error);
  expect(kernel.openDescriptors()).toBe(before);
}

describe("connects", () => {
  test("to a numeric host without a lookup, and carries bytes", async () => {
    const asked = nameHas();
    const listener = listenAt("127.0.0.1");
    const client = await createConnectionTo(portOfListener(listener), {}, "127.0.0.1");
    expect(client).toMatchObject({ family: AF_INET, timeout: null });
    const [peer] = await listener.accept();
    closeAtTheEnd(peer);
    await peer.sendall("hello");
    expect(String(await client.recv(16))).toBe("hello");
    expect(asked).not.toHaveBeenCalled();
  });

  test("to an address that getsockname returned, also of IPv6", async () => {
    for (const listener of [listenAt("127.0.0.1"), listenAt("::1")]) {
      const [client] = closeAtTheEnd(await create_connection(listener.getsockname()));
      expect(client.getpeername()).toEqual(listener.getsockname());
    }
  });

  test("to localhost in whichever family listens", async () => {
    for (const listener of [listenAt("127.0.0.1"), listenAt("::1")]) {
      nameHas("::1", "127.0.0.1");
      const client = await createConnectionTo(portOfListener(listener), {}, "localhost");
      expect(client.getpeername().host).toBe(listener.getsockname().host);
    }
  });

  test("to the first address that does not refuse, without a delay between the attempts", async () => {
    const listener = listenAt(here);
    nameHas("127.0.0.2", "127.0.0.3", "127.0.0.4", here, "127.0.0.5");
    const connects = spyOnConnects();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const client = await createConnectionTo(portOfListener(listener));
    expect(client.getpeername()).toEqual(listener.getsockname());
    expect([...connects()]).toEqual([2, 3, 4, 9]);
  });

  test("to a second address if the first does not answer in 250 ms, and closes the first attempt", async () => {
    const listener = listenAt(here);
    await neverAnswersAt("127.0.0.2", portOfListener(listener));
    nameHas("127.0.0.2", here);
    const connects = spyOnConnects();
    const before = kernel.openDescriptors();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const connecting = createConnectionTo(portOfListener(listener));
    await until(() => connects().size === 1, "the first connect");
    vi.advanceTimersByTime(CONNECTION_ATTEMPT_DELAY_MS - 1);
    expect([...connects()]).toEqual([2]);
    vi.advanceTimersByTime(1);
    expect([...connects()]).toEqual([2, 9]);
    const client = await connecting;
    expect(client.getpeername()).toEqual(listener.getsockname());
    expect(kernel.openDescriptors()).toBe(before + 1);
  });

  test("to the next address if this machine has no sockets of a family", async () => {
    const listener = listenAt("127.0.0.1");
    nameHas("::1", "127.0.0.1");
    const { socket } = kernel;
    vi.spyOn(kernel, "socket").mockImplementation((family, ...rest) =>
      family === AF_INET6 ? -97 : socket(family, ...rest),
    );
    expect((await createConnectionTo(portOfListener(listener))).family).toBe(AF_INET);
  });

  test("to addresses of one family only, if the given address names it", async () => {
    const asked = nameHas("::1", "127.0.0.1");
    const listener = listenAt("127.0.0.1");
    const [client] = closeAtTheEnd(await create_connection({ family: AF_INET, host, port: portOfListener(listener) }));
    expect([client.family, asked.mock.calls[0]?.[2]]).toEqual([AF_INET, AF_INET]);
  });

  test("to Python's create_server", async (context) => {
    const python = requireTool(context, "python3");
    const code = `import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
peer, _ = server.accept()
peer.sendall(peer.recv(100).upper())`;
    const child = await startChild(python, ["-c", code]);
    const port = Number((await child.line(/^\d+$/))[0]);
    nameHas("::1", "127.0.0.2", "127.0.0.1");
    const client = await createConnectionTo(port);
    await client.sendall("python");
    expect(String(await client.recv(100))).toBe("PYTHON");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });
});

describe("RFC 8305, section 4: the families alternate, starting with the family of the first address", () => {
  const six = (id: number) => ({ family: AF_INET6, id });
  const four = (id: number) => ({ family: AF_INET, id });
  test.for([
    [[], []],
    [[four(1)], [1]],
    [
      [six(1), six(2), four(3), four(4)],
      [1, 3, 2, 4],
    ],
    [
      [four(1), four(2), six(3)],
      [1, 3, 2],
    ],
    [
      [six(1), six(2), six(3), four(4)],
      [1, 4, 2, 3],
    ],
    [
      [four(1), six(2), six(3), six(4)],
      [1, 2, 3, 4],
    ],
  ] as const)("%j", ([given, order]) => {
    expect(inTurn<{ family: number; id: number }>(given).map(({ id }) => id)).toEqual(order);
  });
});

describe("source_address", () => {
  test("is the local address of the socket", async () => {
    const listener = listenAt("127.0.0.1");
    nameHas("127.0.0.1");
    const client = await createConnectionTo(portOfListener(listener), {
      source_address: { host: "127.0.0.7", port: 0 },
    });
    expect(client.getsockname().host).toBe("127.0.0.7");
  });

  test("of one family limits the lookup to this family", async () => {
    const asked = nameHas("::1", "127.0.0.1");
    const listener = listenAt("127.0.0.1");
    await createConnectionTo(portOfListener(listener), { source_address: { host: "127.0.0.1", port: 0 } });
    expect(asked.mock.calls[0]?.[2]).toBe(AF_INET);
  });

  test("with a port works also for two attempts at the same time", async () => {
    const listener = listenAt(here);
    const own = listenAt("127.0.0.7");
    const port = portOfListener(own);
    own.close();
    await neverAnswersAt("127.0.0.2", portOfListener(listener));
    nameHas("127.0.0.2", here);
    const client = await createConnectionTo(portOfListener(listener), { source_address: { host: "127.0.0.7", port } });
    expect(client.getsockname()).toMatchObject({ host: "127.0.0.7", port });
  });

  test("in use rejects with EADDRINUSE, and nothing is left open", async () => {
    const listener = listenAt("127.0.0.1");
    const source = { host: "127.0.0.1", port: portOfListener(listener) };
    nameHas("127.0.0.2", "127.0.0.3");
    await expectRefused(() => createConnectionTo(1, { source_address: source }), {
      code: "EADDRINUSE",
      syscall: "bind",
    });
  });

  test("of another family than the address is refused, and the error names the option", async () => {
    const options = { source_address: { host: "::1", port: 0 } };
    await expectRefused(() => create_connection({ host: "127.0.0.1", port: 1 }, options), {
      code: "ERR_INVALID_ARG_VALUE",
      message: expect.stringContaining("options.source_address.host"),
    });
  });
});

describe("if no address accepts", () => {
  test("the error is that of the last address, as in Python", async () => {
    const port = portOfListener(listenAt(here));
    nameHas("127.0.0.2", "127.0.0.3");
    await expectRefused(() => createConnectionTo(port), { code: "ECONNREFUSED", address: "127.0.0.3", port });
  });

  test("all_errors: an AggregateError has the errors in the order of the addresses", async () => {
    const port = portOfListener(listenAt(here));
    nameHas("127.0.0.2", "127.0.0.3", "127.0.0.4");
    const error: unknown = await createConnectionTo(port, { all_errors: true }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(AggregateError);
    const refused = (address: string): object => ({ code: "ECONNREFUSED", address, port });
    expect(error).toMatchObject({
      code: "ECONNREFUSED",
      message: "create_connection failed",
      errors: [refused("127.0.0.2"), refused("127.0.0.3"), refused("127.0.0.4")],
    });
  });

  test("a name without addresses rejects with ENOTFOUND, also with all_errors", async () => {
    nameHas();
    for (const all_errors of [false, true])
      await expectRefused(() => createConnectionTo(1, { all_errors }), {
        code: "ENOTFOUND",
        syscall: "getaddrinfo",
        hostname: host,
      });
  });
});

describe("time-outs", () => {
  test("the socket keeps the timeout of the call; without one it has the default", async () => {
    const port = portOfListener(listenAt("127.0.0.1"));
    nameHas("127.0.0.1");
    expect((await createConnectionTo(port, { timeoutMs: 9_000 })).timeout).toBe(9_000);
    setdefaulttimeout(8_000);
    expect((await createConnectionTo(port)).timeout).toBe(8_000);
    expect((await createConnectionTo(port, { timeoutMs: null })).timeout).toBe(null);
  });

  test("the timeout includes the lookup, and a later result starts no connection", async () => {
    const { found } = lookUpWaits();
    const connects = spyOnConnects();
    await expectRefused(() => createConnectionTo(1, { timeoutMs: 5 }), { code: "ERR_SOCKWRIGHT_TIMEOUT" });
    found("127.0.0.1");
    await turn();
    expect([...connects()]).toEqual([]);
  });

  test("one timeout covers all addresses, and so does the default timeout", async () => {
    const port = portOfListener(listenAt(here));
    for (const each of ["127.0.0.2", "127.0.0.3"]) await neverAnswersAt(each, port);
    nameHas("127.0.0.2", "127.0.0.3");
    await expectRefused(() => createConnectionTo(port, { timeoutMs: 20 }), { code: "ERR_SOCKWRIGHT_TIMEOUT" });
    setdefaulttimeout(20);
    await expectRefused(() => createConnectionTo(port), { code: "ERR_SOCKWRIGHT_TIMEOUT" });
  });

  test("all_errors has a timeout error for each attempt in progress", async () => {
    const port = portOfListener(listenAt(here));
    await neverAnswersAt("127.0.0.3", port);
    nameHas("127.0.0.2", "127.0.0.3", "127.0.0.4");
    await expectRefused(() => createConnectionTo(port, { timeoutMs: 100, all_errors: true }), {
      name: "AggregateError",
      errors: [{ code: "ECONNREFUSED" }, { code: "ERR_SOCKWRIGHT_TIMEOUT" }],
    });
  });

  test("a timeout of 0 waits only for the lookup, and rejects with EINPROGRESS as in Python", async () => {
    const port = portOfListener(listenAt("127.0.0.1"));
    nameHas("127.0.0.1");
    await expectRefused(() => createConnectionTo(port, { timeoutMs: 0 }), { code: "EINPROGRESS" });
  });
});

describe("an abort", () => {
  const aborted = { name: "AbortError", code: "ABORT_ERR", cause: "enough" };

  test("before the call rejects it without a lookup", async () => {
    const asked = nameHas("127.0.0.1");
    await expectRefused(() => createConnectionTo(1, { signal: AbortSignal.abort("enough") }), aborted);
    expect(asked).not.toHaveBeenCalled();
  });

  test("during the lookup rejects the call, and starts no connection", async () => {
    const { found } = lookUpWaits();
    const controller = new AbortController();
    const connects = spyOnConnects();
    const connecting = createConnectionTo(1, { signal: controller.signal });
    controller.abort("enough");
    await expect(connecting).rejects.toMatchObject(aborted);
    found("127.0.0.1");
    await turn();
    expect([...connects()]).toEqual([]);
  });

  test("during several attempts closes all of them, also with all_errors", async () => {
    const port = portOfListener(listenAt(here));
    for (const each of ["127.0.0.2", "127.0.0.3"]) await neverAnswersAt(each, port);
    nameHas("127.0.0.2", "127.0.0.3");
    const connects = spyOnConnects();
    const controller = new AbortController();
    const before = kernel.openDescriptors();
    const connecting = createConnectionTo(port, { signal: controller.signal, all_errors: true });
    await until(() => connects().size === 2, "both connects");
    expect(kernel.openDescriptors()).toBe(before + 2);
    controller.abort("enough");
    await expect(connecting).rejects.toMatchObject(aborted);
    expect(kernel.openDescriptors()).toBe(before);
  });

  test("after the call has no effect", async () => {
    const listener = listenAt("127.0.0.1");
    nameHas("127.0.0.1");
    const controller = new AbortController();
    const client = await createConnectionTo(portOfListener(listener), { signal: controller.signal });
    controller.abort();
    expect(client.closed).toBe(false);
    await client.sendall("x");
  });
});

test("a create_connection that rejects and that nothing awaits does not end the process", async () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  onTestFinished(() => void process.off("unhandledRejection", unhandled));
  nameHas("127.0.0.2");
  void create_connection({ host, port: 1 });
  void create_connection({ host, port: 1 }, { all_errors: true });
  const connects = spyOnConnects();
  await until(() => connects().size > 0, "a connect");
  await turn(5);
  expect(unhandled).not.toHaveBeenCalled();
});
