// What the options of a listener's URL do, on both transports.

import { existsSync, readFileSync, statSync } from "node:fs";
import { constants, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  AF_INET,
  type Datagram,
  IP_MULTICAST_IF,
  IPPROTO_IP,
  SO_BROADCAST,
  SOCK_DGRAM,
  SOL_SOCKET,
  type Socket,
  socket,
  WOULD_BLOCK,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { connectSocket } from "../../../src/server/opening/connect-socket.ts";
import { parseSocketUrl } from "../../../src/server/url/socket-url.ts";
import { connect, type Server, type Service, serve } from "../../../src/server.ts";
import { freePath } from "../../support/folders.ts";
import { serving } from "../../support/serving.ts";

const echo: Service = {
  name: "echo",
  stream: async (connection) => {
    for await (const piece of connection) connection.write(piece);
  },
  datagram: ({ data, reply }) => void reply(data),
};

async function echoing(url: string): Promise<{ server: Server; port: number }> {
  const server = await serving(echo, {}, url);
  return { server, port: Number(server.urls[0]?.split(":").at(-1)) };
}

async function answers(url: string): Promise<boolean> {
  const client = await connect(url).catch(() => undefined);
  if (client === undefined) return false;
  client.write("x");
  const answer = await client.read().catch(() => undefined);
  client.abort();
  return String(answer) === "x";
}

function datagrams(host: string): Socket<Datagram> {
  const made = socket(AF_INET, SOCK_DGRAM);
  onTestFinished(() => made.close());
  made.bind({ host, port: 0 });
  made.settimeout(5_000);
  return made;
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A sender whose multicast datagrams stay on this machine. */
function sender(): Socket<Datagram> {
  const made = datagrams("127.0.0.1");
  made.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, Buffer.from([127, 0, 0, 1]));
  return made;
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe.each(["tcp", "udp"])("%s", (scheme) => {
    test.each(["[::]", "*"])("%s takes IPv4 and IPv6 clients", async (host) => {
      const { server, port } = await echoing(`${scheme}://${host}:0`);
      expect(server.urls).toEqual([`${scheme}://[::]:${port}`]);
      expect(await answers(`${scheme}://127.0.0.1:${port}`)).toBe(true);
      expect(await answers(`${scheme}://[::1]:${port}`)).toBe(true);
    });

    test("[::] with ipv6only accepts only IPv6 clients", async () => {
      const { server, port } = await echoing(`${scheme}://[::]:0?ipv6only`);
      expect(await answers(`${scheme}://127.0.0.1:${port}`)).toBe(false);
      // The reported URL is for clients and lacks the option.
      expect(server.urls).toEqual([`${scheme}://[::]:${port}`]);
      expect(await answers(server.urls[0] ?? "")).toBe(true);
    });
  });

  describe("multicast", () => {
    test.each(["udp://239.1.1.1:0?interface=lo", "udp://*:0?group=239.1.1.1&interface=lo"])(
      "%s receives the datagrams of its group",
      async (url) => {
        const { port } = await echoing(url);
        const from = sender();
        await from.sendto("hello", { host: "239.1.1.1", port });
        expect(String(await from.recv(64))).toBe("hello");
      },
    );

    test("several listeners share the port of a group", async () => {
      const { port } = await echoing("udp://239.1.1.2:0?interface=lo");
      await echoing(`udp://239.1.1.2:${port}?interface=lo`);
      const from = sender();
      await from.sendto("hello", { host: "239.1.1.2", port });
      for (let answer = 0; answer < 2; answer++) expect(String(await from.recv(64))).toBe("hello");
    });

    test("with a source, only datagrams from that source are received; RFC 4607", async () => {
      const { port } = await echoing("udp://232.1.1.1:0?source=127.0.0.2&interface=lo");
      const [wrong, right] = [sender(), datagrams("127.0.0.2")];
      right.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, Buffer.from([127, 0, 0, 1]));
      await wrong.sendto("wrong", { host: "232.1.1.1", port });
      await right.sendto("right", { host: "232.1.1.1", port });
      expect(String(await right.recv(64))).toBe("right");
      // One queue holds both datagrams in order: an answer to the first would have arrived by now.
      expect(wrong.tryRecv(Buffer.alloc(64))).toBe(WOULD_BLOCK);
    });

    test("IPv6 groups are joined with and without a source", async () => {
      await echoing("udp://[::]:0?group=ff01::114&interface=lo");
      await echoing("udp://[ff31::115]:0?source=::1&interface=lo");
      // proc(5): the groups of each interface, and the sources allowed for each group.
      expect(readFileSync("/proc/net/igmp6", "utf8")).toMatch(/ lo +ff010{24}0114 /);
      expect(readFileSync("/proc/net/mcfilter6", "utf8")).toMatch(/ lo (?:0x)?ff310{24}0115 (?:0x)?0{31}1 +1 +0/);
    });

    test("a client of a group sends through the given interface", async () => {
      const { promise, resolve } = withResolvers<string>();
      const server = await serve("udp://*:0?group=239.1.1.3&interface=lo", {
        name: "listen",
        datagram: ({ data }) => resolve(String(data)),
      });
      onTestFinished(async () => void (await server.close()));
      const port = server.urls[0]?.split(":").at(-1);
      const client = await connect(`udp://239.1.1.3:${port}?interface=lo`);
      onTestFinished(() => client.abort());
      client.write("hello");
      expect(await promise).toBe("hello");
    });

    test("an interface that does not exist is refused", async () => {
      const url = "udp://239.1.1.1:0?interface=nonesuch0";
      await expect(serve(url, echo)).rejects.toMatchObject({
        code: transport === "native" ? "ENODEV" : "ERR_SOCKWRIGHT_URL",
        message: expect.stringContaining("nonesuch0"),
      });
    });
  });

  describe("the file of a Unix socket", () => {
    test("has the given mode, owner and group", async () => {
      const path = freePath();
      const { uid, gid } = statSync(join(path, ".."));
      const { server } = await echoing(`unix:${path}?mode=620&owner=${uid}&group=${gid}`);
      expect((statSync(path).mode & 0o777).toString(8)).toBe("620");
      expect(statSync(path)).toMatchObject({ uid, gid });
      expect(server.urls).toEqual([`unix:${path}`]);
      expect(await answers(server.urls[0] ?? "")).toBe(true);
    });

    test("has the owner and the group given by name", async () => {
      const { username, uid, gid } = userInfo();
      const groups = readFileSync("/etc/group", "utf8").split("\n");
      const [group] = groups.find((line) => line.split(":")[2] === String(gid))?.split(":") ?? [];
      const path = freePath();
      await echoing(`unix:${path}?owner=${username}&group=${group}`);
      expect(statSync(path)).toMatchObject({ uid, gid });
    });

    test.each([
      ["owner=deamon", '"deamon" is no user of this machine: did you mean daemon?'],
      ["group=no-such-group-here", '"no-such-group-here" is no group of this machine: /etc/group has the names'],
    ])("an unknown name is refused: %s", async (option, message) => {
      const path = freePath();
      await expect(serve(`unix:${path}?${option}`, echo)).rejects.toThrow(message);
      expect(() => statSync(path)).toThrow("ENOENT");
    });
  });
});

test("a group on 0.0.0.0 hears only its own group although another socket has joined one; ip(7), IP_MULTICAST_ALL", async () => {
  const heard: string[] = [];
  const first = await serve("udp://0.0.0.0:0?group=239.1.1.4&interface=lo", {
    name: "first",
    datagram: ({ data, reply }) => {
      heard.push(String(data));
      reply(data);
    },
  });
  onTestFinished(async () => void (await first.close()));
  const port = Number(first.urls[0]?.split(":").at(-1));
  await echoing(`udp://239.1.1.5:${port}?interface=lo`);
  const from = sender();
  for (const host of ["239.1.1.5", "239.1.1.4"]) {
    await from.sendto(host, { host, port });
    expect(String(await from.recv(64))).toBe(host);
  }
  expect(heard).toEqual(["239.1.1.4"]);
});

test("broadcast: the socket may send to the broadcast address", async () => {
  const { open } = await connectSocket(parseSocketUrl("udp://127.255.255.255:9?broadcast"));
  onTestFinished(() => open.close());
  expect(open.socket.getsockopt(SOL_SOCKET, SO_BROADCAST)).toBe(1);
  await expect(connectSocket(parseSocketUrl("udp://127.255.255.255:9"))).rejects.toMatchObject({ code: "EACCES" });
});

test("a listener that is bound and fails to listen leaves no open socket and no file", async () => {
  const path = freePath();
  vi.spyOn(kernel, "listen").mockReturnValue(-constants.errno.EADDRINUSE);
  onTestFinished(() => void vi.restoreAllMocks());
  for (const url of ["tcp://127.0.0.1:0", `unix:${path}`]) {
    const open = kernel.openDescriptors();
    await expect(serve(url, () => undefined)).rejects.toMatchObject({ code: "EADDRINUSE", syscall: "listen" });
    expect(kernel.openDescriptors()).toBe(open);
  }
  expect(existsSync(path)).toBe(false);
});
