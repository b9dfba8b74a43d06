import { randomBytes, randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  type AddressInput,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_RAW,
  socket,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { closeAtTheEnd, openDatagrams, openStream, unixPair } from "../../support/sockets.ts";

/** Binds a new socket of the family to `address`, and returns the address that getsockname() reports. */
function boundTo(family: number, address: AddressInput) {
  const [bound] = closeAtTheEnd(socket(family, SOCK_DGRAM));
  bound.bind(address);
  return bound.getsockname();
}

const port = expect.any(Number);

describe("addresses are plain objects per family: inet", () => {
  test.for([
    ["127.0.0.1", "127.0.0.1"],
    ["127.1.2.3", "127.1.2.3"],
    ["0.0.0.0", "0.0.0.0"],
    ["", "0.0.0.0"],
    ["localhost", "127.0.0.1"],
  ] as const)("host %j is %s", ([host, shown]) => {
    expect(boundTo(AF_INET, { host, port: 0 })).toStrictEqual({ family: AF_INET, host: shown, port });
  });

  test("a port is in host byte order, and bind accepts the result of getsockname", () => {
    // An address that no other test connects from: old connections of 127.0.0.1 in TIME-WAIT would hold its ports.
    const address = boundTo(AF_INET, { host: "127.66.0.1", port: 0 });
    expect(address.port).toBeGreaterThan(1023);
    const [again] = closeAtTheEnd(socket(AF_INET));
    again.bind(address);
    expect(again.getsockname()).toStrictEqual(address);
  });
});

describe("addresses are plain objects per family: inet6", () => {
  test.for([
    ["::1", "::1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["::", "::"],
    ["", "::"],
    ["localhost", "::1"],
    ["::ffff:127.0.0.1", "::ffff:127.0.0.1"],
  ] as const)("host %j is %s", ([host, shown]) => {
    const expected = { family: AF_INET6, host: shown, port, flowinfo: 0, scopeId: 0 };
    expect(boundTo(AF_INET6, { host, port: 0 })).toStrictEqual(expected);
  });

  test("a scope is an interface name or an index after %, or scopeId", async () => {
    const loopback = 1;
    const sendto = vi.spyOn(kernel, "sendto");
    onTestFinished(() => sendto.mockRestore());
    const [sender, receiver] = [openDatagrams(AF_INET6), openDatagrams(AF_INET6)];
    const { port: to } = receiver.getsockname();
    for (const address of [
      { host: "::1%lo", port: to ?? 0 },
      { host: `::1%${loopback}`, port: to ?? 0 },
      { host: "::1", port: to ?? 0, scopeId: loopback },
    ]) {
      await sender.sendto("hello", address);
      expect(String((await receiver.recvfrom(16))[0])).toBe("hello");
      // The kernel ignores the scope of ::1, so read it from the struct sockaddr_in6 of linux/in6.h that was passed.
      expect(Buffer.from(sendto.mock.lastCall?.[6] ?? []).readUInt32LE(24)).toBe(loopback);
    }
    expect(() => openStream(AF_INET6).bind({ host: "fe80::1%nosuchinterface", port: 0 })).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE" }),
    );
  });

  test("a link-local address keeps its scope", (context) => {
    const links = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses.flatMap((each) => (each.family === "IPv6" && each.scopeid > 0 ? [{ ...each, name }] : [])),
    );
    const [link] = links;
    if (link === undefined) return context.skip("no interface has an IPv6 link-local address");
    const host = link.address.replace(/%.*/, "");
    for (const address of [
      { host: `${host}%${link.name}`, port: 0 },
      { host, port: 0, scopeId: link.scopeid },
    ]) {
      expect(boundTo(AF_INET6, address)).toMatchObject({ host, scopeId: link.scopeid });
    }
  });

  test("connect takes a flow label, and getpeername returns it", async () => {
    const [client] = closeAtTheEnd(socket(AF_INET6, SOCK_DGRAM));
    const { port: to = 0 } = openDatagrams(AF_INET6).getsockname();
    await client.connect({ host: "::1", port: to, flowinfo: 0 });
    expect(client.getpeername()).toStrictEqual({ family: AF_INET6, host: "::1", port: to, flowinfo: 0, scopeId: 0 });
  });
});

describe("addresses are plain objects per family: unix", () => {
  test("bind creates a path in the file system, and close leaves it there", () => {
    const path = join(temporaryFolder(), "socket");
    const [server] = closeAtTheEnd(socket(AF_UNIX));
    server.bind({ path });
    expect(server.getsockname()).toStrictEqual({ family: AF_UNIX, path });
    server.close();
    expect(statSync(path).isSocket()).toBe(true);
  });

  test("a path that is not UTF-8 is passed and returned as bytes", async () => {
    const path = Buffer.concat([Buffer.from(join(temporaryFolder(), "not-utf-8-")), Buffer.from([0xff, 0xfe])]);
    const [server] = closeAtTheEnd(socket(AF_UNIX));
    server.bind({ path });
    expect(server.getsockname()).toStrictEqual({ family: AF_UNIX, path });
    server.listen();
    await openStream(AF_UNIX).connect(server.getsockname());
    closeAtTheEnd((await server.accept())[0]);
  });

  test("a path has at most 107 bytes, and a longer one throws a RangeError", () => {
    const path = join(temporaryFolder(), "p").padEnd(107, "p");
    expect(boundTo(AF_UNIX, { path })).toStrictEqual({ family: AF_UNIX, path });
    expect(() => boundTo(AF_UNIX, { path: `${path}p` })).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
  });

  const id = randomUUID();
  test.for([
    ["of text", `sockwright-${id}`],
    ["with NULs inside and at the end", Buffer.from(`a\0b${id}\0\0`)],
    ["that is not UTF-8", Buffer.concat([Buffer.from([0xff, 0xfe, 0x80]), randomBytes(16)])],
    ["one byte shorter than another", `sockwright-${id.slice(0, -1)}`],
    ["of 107 bytes", id.padEnd(107, "n")],
  ] as const)("an abstract name keeps its exact length: a name %s", async ([, abstract]) => {
    const [server] = closeAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
    server.bind({ abstract });
    const { abstract: bound } = server.getsockname();
    expect(Buffer.from(bound ?? "")).toEqual(Buffer.from(abstract));
    const client = openDatagrams(AF_UNIX);
    await client.sendto("there", server.getsockname());
    expect(String((await server.recvfrom(16))[0])).toBe("there");

    const longer = Buffer.concat([Buffer.from(abstract), Buffer.from([0])]).subarray(0, 107);
    if (longer.length > Buffer.from(abstract).length) {
      await expect(client.sendto("not there", { abstract: longer })).rejects.toMatchObject({ code: "ECONNREFUSED" });
    }
  });

  test("an abstract name that is valid UTF-8 is returned as a string, any other as a Buffer", () => {
    expect(boundTo(AF_UNIX, { abstract: `grüße-${id}` })).toStrictEqual({ family: AF_UNIX, abstract: `grüße-${id}` });
    const abstract = Buffer.from([0xff, ...randomBytes(8)]);
    expect(boundTo(AF_UNIX, { abstract })).toStrictEqual({ family: AF_UNIX, abstract });
  });

  test('an unnamed socket has the path ""', async () => {
    const unnamed = { family: AF_UNIX, path: "" };
    const [left] = unixPair();
    expect([left.getsockname(), left.getpeername()]).toStrictEqual([unnamed, unnamed]);

    const [server] = closeAtTheEnd(socket(AF_UNIX));
    server.bind({ path: join(temporaryFolder(), "socket") });
    server.listen();
    const client = openStream(AF_UNIX);
    expect(client.getsockname()).toStrictEqual(unnamed);
    await client.connect(server.getsockname());
    const [peer, address] = await server.accept();
    closeAtTheEnd(peer);
    expect(address).toStrictEqual(unnamed);
    expect(client.getpeername()).toStrictEqual(server.getsockname());
  });

  test('bound to the path "" it has an abstract name of the kernel\'s choice', () => {
    expect(boundTo(AF_UNIX, { path: "" })).toStrictEqual({
      family: AF_UNIX,
      abstract: expect.stringMatching(/^[0-9a-f]{5}$/),
    });
  });

  test("a datagram from an unnamed sender has no address to answer to", async () => {
    const server = openDatagrams(AF_UNIX);
    const [client] = closeAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
    await client.sendto("anonymous", server.getsockname());
    const [data, address] = await server.recvfrom(64);
    expect(String(data)).toBe("anonymous");
    expect(address ?? { family: AF_UNIX, path: "" }).toStrictEqual({ family: AF_UNIX, path: "" });
  });
});

describe("addresses of any other family are raw bytes", () => {
  test("netlink: bind takes and getsockname returns the bytes after sa_family", () => {
    const [netlink] = closeAtTheEnd(socket(AF_NETLINK, SOCK_RAW, 0));
    // netlink(7), struct sockaddr_nl: padding, port id, groups. For port id 0 the kernel chooses one.
    netlink.bind({ family: AF_NETLINK, bytes: new Uint8Array(10) });
    const { bytes = new Uint8Array(0) } = { bytes: undefined, ...netlink.getsockname() };
    expect(bytes).toHaveLength(10);
    expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(2, true)).not.toBe(0);
  });

  test("a known family takes raw bytes as well", async () => {
    const server = openStream();
    // 127.0.0.1, port 0, and the padding of struct sockaddr_in.
    server.bind({ family: AF_INET, bytes: new Uint8Array([0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]) });
    expect(server.getsockname()).toStrictEqual({ family: AF_INET, host: "127.0.0.1", port });
  });

  test("an address of another family than the socket's is refused before the kernel sees it", () => {
    expect(() => openStream().bind({ family: AF_INET6, host: "::1", port: 0 })).toThrow(
      expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_VALUE" }),
    );
  });
});
