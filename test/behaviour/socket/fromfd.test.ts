// fromfd: a Socket of a duplicate of any descriptor.
import { closeSync, fstatSync, openSync } from "node:fs";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  fromfd,
  SO_ACCEPTCONN,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  socket,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { closeAtTheEnd, listenOnLoopback, openDatagrams, recordPair, unixPair } from "../../support/sockets.ts";

const kinds = [
  ["TCP", AF_INET, SOCK_STREAM],
  ["TCP over IPv6", AF_INET6, SOCK_STREAM],
  ["UDP", AF_INET, SOCK_DGRAM],
  ["Unix streams", AF_UNIX, SOCK_STREAM],
  ["Unix datagrams", AF_UNIX, SOCK_DGRAM],
  ["Unix seqpacket", AF_UNIX, SOCK_SEQPACKET],
] as const;

describe("fromfd", () => {
  test.each(kinds)("%s: the duplicate has another number, and the descriptor stays the caller's", (_, family, type) => {
    const descriptor = socket(family, type).detach();
    onTestFinished(() => closeSync(descriptor));
    const made = fromfd(descriptor, family, type);
    expect(made).toMatchObject({ family, type, protocol: 0, closed: false, timeout: null });
    expect(made.fileno()).not.toBe(descriptor);
    made.close();
    expect(fstatSync(descriptor).isSocket()).toBe(true);
  });

  test("the duplicate stays open when the descriptor is closed", async () => {
    const [left, right] = unixPair();
    const descriptor = left.detach();
    const [made] = closeAtTheEnd(fromfd(descriptor, AF_UNIX, SOCK_STREAM));
    closeSync(descriptor);
    await made.sendall("still open");
    expect(String(await right.recv(100))).toBe("still open");
  });

  test("a pending send of the original Socket leaves before a send of its duplicate", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    const first = left.send("first");
    const [made] = closeAtTheEnd(fromfd(left.fileno(), AF_UNIX, SOCK_SEQPACKET));
    await made.send("second");
    await first;
    expect([String(await right.recv(100)), String(await right.recv(100))]).toEqual(["first", "second"]);
  });

  test("a duplicate of a listener accepts connections", async () => {
    const listener = listenOnLoopback();
    const [made] = closeAtTheEnd(fromfd(listener.fileno(), AF_INET, SOCK_STREAM));
    expect(made.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)).toBe(1);
    const [client] = closeAtTheEnd(socket());
    const [[peer]] = await Promise.all([made.accept(), client.connect(listener.getsockname())]);
    closeAtTheEnd(peer);
  });

  test("a duplicate of a blocking descriptor waits without blocking the process", async () => {
    const [left, right] = unixPair();
    const descriptor = left.detach({ blocking: true });
    onTestFinished(() => closeSync(descriptor));
    const [made] = closeAtTheEnd(fromfd(descriptor, AF_UNIX, SOCK_STREAM));
    const received = made.recv(100);
    await right.sendall("later");
    expect(String(await received)).toBe("later");
  });

  test("the type loses its flags, and the protocol is the given one", () => {
    const [origin] = closeAtTheEnd(socket());
    const [made] = closeAtTheEnd(fromfd(origin.fileno(), AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 6));
    expect([made.type, made.protocol]).toEqual([SOCK_STREAM, 6]);
  });
});

describe("fromfd refuses", () => {
  test.for([-1, 2 ** 30, 2 ** 31 - 1])("a number that is not an open descriptor: %d is EBADF", (number) => {
    const made = (): unknown => fromfd(number, AF_INET, SOCK_STREAM);
    expect(made).toThrow(expect.objectContaining({ code: "EBADF", syscall: "fromfd", errno: -9 }));
  });

  test("a descriptor that is not a socket: ENOTSOCK, and the descriptor stays open", () => {
    const file = openSync("/dev/null", "r");
    onTestFinished(() => closeSync(file));
    const open = kernel.openDescriptors();
    const made = (): unknown => fromfd(file, AF_INET, SOCK_STREAM);
    expect(made).toThrow(expect.objectContaining({ code: "ENOTSOCK", syscall: "fromfd" }));
    expect(kernel.openDescriptors()).toBe(open);
    fstatSync(file);
  });

  test.for([
    ["family", AF_INET6, SOCK_DGRAM],
    ["type", AF_INET, SOCK_STREAM],
  ] as const)("another %s than the socket's own, and nothing is left open", ([argument, family, type]) => {
    const origin = openDatagrams();
    const open = kernel.openDescriptors();
    expect(() => fromfd(origin.fileno(), family, type)).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE", message: expect.stringContaining(`'${argument}'`) }),
    );
    expect(kernel.openDescriptors()).toBe(open);
  });

  test("any descriptor if the process has none left: EMFILE", () => {
    vi.spyOn(kernel, "fromfd").mockReturnValueOnce(-24);
    expect(() => fromfd(0, AF_INET, SOCK_STREAM)).toThrow(expect.objectContaining({ code: "EMFILE" }));
    vi.restoreAllMocks();
  });
});
