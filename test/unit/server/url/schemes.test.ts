// The table of schemes: each row parses and formats, and one more row is enough to add a protocol over a socket.
import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { HANDSHAKES } from "../../../../src/server/handshake.ts";
import type { ListenerSettings } from "../../../../src/server/listener-options.ts";
import { MAX_KEEP_ALIVE_MS } from "../../../../src/server/url/parse-url-option.ts";
import { type BaseScheme, baseOf, isDatagramUrl, SCHEMES, type Scheme } from "../../../../src/server/url/schemes.ts";
import {
  type Connection,
  connect,
  formatSocketUrl,
  parseSocketUrl,
  type Service,
  type SocketUrl,
  SocketUrlError,
  serve,
} from "../../../../src/server.ts";
import { memoryTransport } from "../../../../src/testing.ts";

/** The part after the scheme for each base scheme. */
const PLACES: Readonly<Record<BaseScheme, string>> = {
  tcp: "//127.0.0.1:8000",
  udp: "//[::1]:9000",
  unix: "/run/x.sock",
  "unix-dgram": "x",
  "unix-seqpacket": "@x",
  vsock: "//2:5000",
  fd: "3",
  systemd: "web",
};

describe.each([...SCHEMES])("%s:", (scheme, { base }) => {
  test("parses, and formats to the same text", () => {
    const text = `${scheme}:${PLACES[base]}`;
    const url = parseSocketUrl(text);
    expect(url.scheme).toBe(scheme);
    expect(baseOf(url)).toBe(base);
    expect(formatSocketUrl(url)).toBe(text);
    expect(isDatagramUrl(url)).toBe(base === "udp" || base === "unix-dgram");
  });

  test("accepts the options of its row, and names them when it rejects an unknown one", () => {
    const names = Object.keys(SCHEMES.get(scheme)?.options ?? {});
    const isAbstract = base === "unix-seqpacket";
    const told =
      names.length === 0 || isAbstract ? "has options, of which this kind of socket has none" : names.join(", ");
    expect(() => parseSocketUrl(`${scheme}:${PLACES[base]}?zzzzzzzz`)).toThrow(told);
  });
});

describe("keepalive, user-timeout and nodelay", () => {
  test.each<[query: string, fields: object, formatted: string]>([
    ["keepalive=1ms", { keepAliveMs: 1 }, "keepalive=1ms"],
    ["keepalive=60", { keepAliveMs: 60_000 }, "keepalive=60s"],
    ["keepalive=1m", { keepAliveMs: 60_000 }, "keepalive=60s"],
    ["keepalive=1.5s", { keepAliveMs: 1_500 }, "keepalive=1500ms"],
    ["keepalive=32767s", { keepAliveMs: MAX_KEEP_ALIVE_MS }, "keepalive=32767s"],
    ["user-timeout=1ms", { userTimeoutMs: 1 }, "user-timeout=1ms"],
    ["user-timeout=2147483647ms", { userTimeoutMs: 2_147_483_647 }, "user-timeout=2147483647ms"],
    ["nodelay", { noDelay: true }, "nodelay"],
    ["nodelay=on", { noDelay: true }, "nodelay"],
    ["nodelay=off", { noDelay: false }, "nodelay=off"],
    [
      "nodelay=off&user-timeout=5s&keepalive=2h",
      { noDelay: false, userTimeoutMs: 5_000, keepAliveMs: 7_200_000 },
      "keepalive=7200s&user-timeout=5s&nodelay=off",
    ],
  ])("%s", (query, fields, formatted) => {
    const url = parseSocketUrl(`tcp://127.0.0.1:8000?${query}`);
    expect(url).toEqual({ scheme: "tcp", host: "127.0.0.1", port: 8000, ...fields });
    expect(formatSocketUrl(url)).toBe(`tcp://127.0.0.1:8000?${formatted}`);
    expect(parseSocketUrl(formatSocketUrl(url))).toEqual(url);
  });

  test.each<[query: string, told: string]>([
    ["keepalive", "has the option keepalive without a value: write keepalive=60s"],
    ["keepalive=", "has the option keepalive without a value: write keepalive=60s"],
    ["keepalive=0", 'has the keepalive "0", which is no valid time: write keepalive=60s'],
    ["keepalive=-1", 'has the keepalive "-1", which is no valid time'],
    ["keepalive=32767001ms", 'has the keepalive "32767001ms", which is no valid time'],
    ["keepalive=soon", 'has the keepalive "soon", which is no valid time: write keepalive=60s'],
    ["user-timeout=2147483648ms", 'has the user-timeout "2147483648ms", which is no valid time'],
    ["user-timeout=0ms", 'has the user-timeout "0ms", which is no valid time: write user-timeout=30s'],
    ["nodelay=", 'has the nodelay "": write nodelay=on or nodelay=off'],
    ["nodelay=1", 'has the nodelay "1": write nodelay=on or nodelay=off'],
    ["nodelay&nodelay=off", "has the option nodelay twice"],
    ["keepAlive=5s", 'has the option "keepAlive", which its kind of socket does not have: did you mean keepalive?'],
    ["noDelay", 'has the option "noDelay", which its kind of socket does not have: did you mean nodelay?'],
  ])("%s is rejected with the correction", (query, told) => {
    const text = `tcp://127.0.0.1:8000?${query}`;
    expect(() => parseSocketUrl(text)).toThrow(SocketUrlError);
    expect(() => parseSocketUrl(text)).toThrow(told);
  });

  test.each(["udp://127.0.0.1:1", "unix:/x", "tls+unix:/x", "vsock://2:1", "fd:3"])("%s has none of them", (url) => {
    for (const query of ["keepalive=5s", "user-timeout=5s", "nodelay"]) {
      expect(() => parseSocketUrl(`${url}?${query}`)).toThrow(SocketUrlError);
    }
  });

  test.each<[field: object, code: string]>([
    [{ keepAliveMs: 0 }, "ERR_OUT_OF_RANGE"],
    [{ keepAliveMs: MAX_KEEP_ALIVE_MS + 1 }, "ERR_OUT_OF_RANGE"],
    [{ keepAliveMs: "60s" }, "ERR_INVALID_ARG_TYPE"],
    [{ userTimeoutMs: 2 ** 31 }, "ERR_OUT_OF_RANGE"],
    [{ userTimeoutMs: 1.5 }, "ERR_OUT_OF_RANGE"],
    [{ noDelay: "off" }, "ERR_INVALID_ARG_TYPE"],
  ])("the field %j is rejected", (field, code) => {
    const url = { scheme: "tcp", host: "::1", port: 1, ...field } as SocketUrl;
    expect(() => formatSocketUrl(url)).toThrow(expect.objectContaining({ code }));
    expect(() => formatSocketUrl(url)).toThrow(`url.${Object.keys(field)[0] ?? ""}`);
  });
});

describe("an additional row", () => {
  const ROW: Scheme = {
    base: "tcp",
    defaultPort: 7_777,
    options: { keepalive: "duration", nodelay: "switch" },
    protocol: "shout",
    handshake: "shout",
  };

  /** Adds the scheme `shout:` for one test; its handshake reads one line and answers with its serial number. */
  function shouting(row: Scheme = ROW): { readonly made: ListenerSettings[] } {
    const schemes = SCHEMES as Map<string, Scheme>;
    const made: ListenerSettings[] = [];
    schemes.set("shout", row);
    HANDSHAKES.set("shout", (settings) => {
      const number = made.push(settings);
      return async (connection) => {
        await connection.readUntil("\n");
        connection.write(`HELLO ${number}\n`);
      };
    });
    onTestFinished(() => {
      schemes.delete("shout");
      HANDSHAKES.delete("shout");
    });
    return { made };
  }

  const shouter: Service = { name: "shouter", protocols: ["whisper", "shout"], stream: say };

  async function say(connection: Connection): Promise<void> {
    for await (const data of connection) connection.write(String(data).toUpperCase());
  }

  async function line(client: Connection): Promise<string> {
    return String(await client.readUntil("\n")).trim();
  }

  test("parses and formats, with its default port when none is written", () => {
    shouting();
    const url = { scheme: "shout", host: "127.0.0.1", port: 7_777 };
    expect(parseSocketUrl("shout://127.0.0.1")).toEqual(url);
    expect(parseSocketUrl("shout://127.0.0.1/")).toEqual(url);
    expect(parseSocketUrl("shout://[::1]")).toEqual({ ...url, host: "::1" });
    expect(parseSocketUrl("shout://127.0.0.1:1")).toEqual({ ...url, port: 1 });
    expect(parseSocketUrl("shout://127.0.0.1?nodelay=off")).toEqual({ ...url, noDelay: false });
    expect(formatSocketUrl(parseSocketUrl("shout://127.0.0.1?keepalive=5s"))).toBe(
      "shout://127.0.0.1:7777?keepalive=5s",
    );
    expect(() => parseSocketUrl("shout://127.0.0.1?ipv6only")).toThrow("does not have");
    expect(() => parseSocketUrl("shuot://127.0.0.1:1")).toThrow("did you mean shout:?");
  });

  test("is removed after the test", () => {
    expect(() => parseSocketUrl("shout://127.0.0.1")).toThrow("which is no kind of socket");
  });

  describe.each(["native", "node", "memory"] as const)("over the transport %s", (transport) => {
    beforeEach(() => {
      if (transport !== "memory") vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
      else {
        const memory = memoryTransport();
        onTestFinished(() => memory[Symbol.dispose]());
      }
    });

    async function shoutingServer(service: Service = shouter, options = {}): ReturnType<typeof serve> {
      const server = await serve({ url: "shout://127.0.0.1:0", ...options }, service);
      onTestFinished(async () => void (await server.close({ graceMs: 0 })));
      return server;
    }

    test("is served if the service supports the protocol, and its handshake runs first", async () => {
      const { made } = shouting();
      const server = await shoutingServer();
      const [url = ""] = server.urls;
      expect(url).toMatch(/^shout:\/\/127\.0\.0\.1:\d+$/);
      const client = await connect(url);
      client.write("hello\n");
      expect(await line(client)).toBe("HELLO 1");
      client.write("abc\n");
      expect(await line(client)).toBe("ABC");
      expect(server.connections()).toMatchObject([{ url, state: "open" }]);
      expect(made).toMatchObject([{ url: { scheme: "shout", port: 0 }, handshakeTimeoutMs: 10_000 }]);
      await client.close();
    });

    test("runs its handshake before the handshake of the listener", async () => {
      shouting();
      const server = await shoutingServer(shouter, {
        handshake: async (connection: Connection) => {
          connection.write(`and ${String(await connection.readUntil("\n"))}`);
        },
      });
      const client = await connect(server.urls[0] ?? "");
      client.write("one\ntwo\nthree\n");
      expect([await line(client), await line(client), await line(client)]).toEqual(["HELLO 1", "and two", "THREE"]);
      await client.close();
    });

    test("makes a new handshake when the server reloads; open connections keep theirs", async () => {
      const { made } = shouting();
      const server = await shoutingServer();
      const urls = server.urls;
      const [url = ""] = urls;
      const before = await connect(url);
      before.write("hello\n");
      expect(await line(before)).toBe("HELLO 1");
      await server.reload();
      expect([server.urls, made.length]).toEqual([urls, 2]);
      const after = await connect(url);
      after.write("hello\n");
      expect(await line(after)).toBe("HELLO 2");
      before.write("still here\n");
      expect(await line(before)).toBe("STILL HERE");
      await Promise.all([before.close(), after.close()]);
    });

    test("fails to open if its handshake cannot be made; a failed reload leaves the server as it was", async () => {
      shouting();
      const make = HANDSHAKES.get("shout");
      if (make === undefined) throw new Error("no maker");
      let isBroken = true;
      HANDSHAKES.set("shout", (settings, listener) => {
        if (isBroken) throw new Error("no certificate");
        return make(settings, listener);
      });
      await expect(shoutingServer()).rejects.toThrow("no certificate");
      isBroken = false;
      const server = await shoutingServer();
      isBroken = true;
      const urls = server.urls;
      const changed = server.reload({ listeners: [...urls, "tcp://127.0.0.1:0"], options: { maxConnections: 1 } });
      await expect(changed).rejects.toThrow("no certificate");
      expect(server.urls).toEqual(urls);
      const client = await connect(urls[0] ?? "");
      client.write("hello\n");
      expect(await line(client)).toBe("HELLO 1");
      await client.close();
    });

    test("rejects a service that does not support the protocol, at the start and at a reload", async () => {
      shouting();
      const told = /'service' serves no shout: shout:.* needs a service whose protocols have "shout"/;
      await expect(shoutingServer({ name: "deaf", stream: say })).rejects.toThrow(told);
      const server = await shoutingServer();
      await expect(server.reload({ service: { name: "deaf", stream: say, protocols: ["whisper"] } })).rejects.toThrow(
        told,
      );
      const client = await connect(server.urls[0] ?? "");
      client.write("hello\n");
      expect(await line(client)).toBe("HELLO 1");
      await client.close();
    });
  });

  test("may have another base, such as Unix sockets with records", async () => {
    shouting({ base: "unix-seqpacket", options: {}, protocol: "shout" });
    const url = `shout:@${randomUUID()}`;
    const server = await serve(url, shouter);
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    expect(server.urls).toEqual([url]);
    const client = await connect(url);
    client.write("one");
    client.write("two");
    expect([String(await client.read()), String(await client.read())]).toEqual(["ONE", "TWO"]);
    await client.close();
  });
});
