// A name with several addresses: a client uses the first that answers, a listener uses all that the machine has.
import { lookup } from "node:dns/promises";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_INET, AF_INET6, socket } from "../../../src/index.ts";
import { connectSocket } from "../../../src/server/opening/connect-socket.ts";
import { MAX_COMMON_PORT_TRIES } from "../../../src/server/opening/each-address.ts";
import { listenOnEach } from "../../../src/server/transport/listen-on-each.ts";
import { parseSocketUrl } from "../../../src/server/url/socket-url.ts";
import { connect, formatSocketUrl, type Server, serve } from "../../../src/server.ts";
import { serving } from "../../support/serving.ts";

vi.mock("node:dns/promises", { spy: true });

beforeEach(() => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "native");
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.mocked(lookup).mockReset();
});

/** From now on every name resolves to these addresses. */
function resolveTo(...addresses: readonly string[]): void {
  const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  // The overload with `all`, which the code calls; the type of a mock has only the last overload.
  vi.mocked<(name: string, options: object) => Promise<unknown>>(lookup).mockResolvedValue(found);
}

/** Listens on one address only, and returns its port. */
function listening(host: string): number {
  const listener = socket(host.includes(":") ? AF_INET6 : AF_INET);
  onTestFinished(() => listener.close());
  listener.bind({ host, port: 0 });
  return listener.listen().getsockname().port ?? 0;
}

test.for([
  ["127.0.0.1", ["::1", "127.0.0.1"]],
  ["::1", ["::1", "127.0.0.1"]],
  ["::1", ["127.0.0.1", "::1"]],
] as const)("a server on %s alone is reached by a name with %j", async ([host, addresses]) => {
  const port = listening(host);
  resolveTo(...addresses);
  const client = await connect(`tcp://two.example:${port}`);
  onTestFinished(() => client.abort());
  expect(client.peer).toEqual({ host, port });
});

test("if no address answers, connect() rejects with the error of the last", async () => {
  resolveTo("127.0.0.1", "127.0.0.2");
  await expect(connect("tcp://two.example:1")).rejects.toMatchObject({
    code: "ECONNREFUSED",
    address: "127.0.0.2",
  });
});

test("only addresses of the source's family are tried", async () => {
  const port = listening("127.0.0.1");
  resolveTo("::1", "127.0.0.1");
  const url = parseSocketUrl(`tcp://two.example:${port}`);
  const { open } = await connectSocket(url, { source: { family: AF_INET, host: "127.0.0.2", port: 0 } });
  onTestFinished(() => open.close());
  expect(open.socket.getsockname().host).toBe("127.0.0.2");
  resolveTo("::1");
  await expect(connectSocket(url, { source: { family: AF_INET, host: "127.0.0.2", port: 0 } })).rejects.toThrow(
    "has no address of the same family as its source 127.0.0.2",
  );
});

test("an error in the socket's options is thrown at once, and no other address is tried", async () => {
  resolveTo("127.0.0.1", "127.0.0.2");
  const prepare = vi.fn(() => {
    throw new Error("no such option");
  });
  await expect(connectSocket(parseSocketUrl("tcp://two.example:1"), { prepare })).rejects.toThrow("no such option");
  expect(prepare).toHaveBeenCalledOnce();
});

test("an abort ends a lookup", async () => {
  vi.mocked(lookup).mockReturnValue(new Promise(() => undefined));
  const ending = new AbortController();
  const connecting = connect("tcp://slow.example:1", { signal: ending.signal });
  ending.abort("enough");
  await expect(connecting).rejects.toMatchObject({ name: "AbortError", cause: "enough" });
  await expect(connect("tcp://slow.example:1", { signal: ending.signal })).rejects.toThrow("aborted");
});

describe.each(["native", "node"])("a listener on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });

  const greeting = (url: string): Promise<Server> =>
    serving(async (connection) => void connection.write("hello"), {}, url);

  test("listens on every address of its name, on one port", async () => {
    resolveTo("127.0.0.1", "::1", "127.0.0.2");
    const server = await greeting("tcp://three.example:0");
    const [, port = ""] = /^tcp:\/\/three\.example:(\d+)$/.exec(server.urls.join()) ?? [];
    for (const host of ["127.0.0.1", "::1", "127.0.0.2"]) {
      const client = await connect(formatSocketUrl({ scheme: "tcp", host, port: Number(port) }));
      expect(String(await client.readExactly(5))).toBe("hello");
      await client.close();
    }
    await server.close();
    await expect(connect(`tcp://127.0.0.2:${port}`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("skips an address that the machine does not have, RFC 5737", async () => {
    resolveTo("192.0.2.1", "127.0.0.1");
    const server = await greeting("tcp://two.example:0");
    expect(server.urls).toEqual([expect.stringMatching(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/)]);
  });

  test("fails if the machine has none of the addresses", async () => {
    resolveTo("192.0.2.1", "198.51.100.1");
    await expect(greeting("tcp://two.example:0")).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  test("fails if the port is taken on one address, and then listens on none", async () => {
    const port = listening("127.0.0.2");
    resolveTo("127.0.0.1", "127.0.0.2");
    await expect(greeting(`tcp://two.example:${port}`)).rejects.toMatchObject({ code: "EADDRINUSE" });
    await greeting(`tcp://127.0.0.1:${port}`);
  });
});

describe("port 0 on several addresses", () => {
  const url = parseSocketUrl("tcp://two.example:0");
  const taken = Object.assign(new Error("taken"), { code: "EADDRINUSE" });
  const close = async (): Promise<void> => undefined;

  test("is retried with another port if the port of the first address is taken on the second", async () => {
    resolveTo("127.0.0.1", "127.0.0.2");
    let next = 1000;
    const asked: unknown[] = [];
    const listener = await listenOnEach(url, async (each) => {
      asked.push("port" in each ? each.port : undefined);
      if ("port" in each && each.port === 1000) throw taken;
      const port = "port" in each && each.port > 0 ? each.port : next++;
      return { url: { scheme: "tcp", host: "host" in each ? each.host : "", port }, isLive: true, close };
    });
    expect(asked).toEqual([0, 1000, 0, 1001]);
    expect(listener.url).toEqual({ scheme: "tcp", host: "two.example", port: 1001 });
  });

  test("MAX_COMMON_PORT_TRIES: is retried at most so many times", async () => {
    resolveTo("127.0.0.1", "127.0.0.2");
    const listen = vi.fn(async () => {
      throw taken;
    });
    await expect(listenOnEach(url, listen)).rejects.toBe(taken);
    expect(listen).toHaveBeenCalledTimes(MAX_COMMON_PORT_TRIES);
  });
});

test.each(["native", "node"])("over %s, a UDP listener takes the first address that this machine has", async (name) => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", name);
  const service = { name: "none", datagram: () => undefined };
  resolveTo("192.0.2.1", "127.0.0.2", "127.0.0.1");
  const server = await serve("udp://two.example:0", service);
  onTestFinished(async () => void (await server.close()));
  expect(server.urls).toEqual([expect.stringMatching(/^udp:\/\/127\.0\.0\.2:[1-9]\d*$/)]);
  resolveTo("192.0.2.1", "198.51.100.1");
  await expect(serve("udp://two.example:0", service)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
});
