import { afterEach, describe, expect, test, vi } from "vitest";
import { SO_KEEPALIVE, SOCK_SEQPACKET, SOL_SOCKET } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, recordPair, tcpPair, unixPair } from "../../support/sockets.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("dup: a second descriptor of the same socket", () => {
  test("has another descriptor number and the same attributes", () => {
    const [left] = recordPair(SOCK_SEQPACKET);
    const [duplicate] = closeAtTheEnd(left.dup());
    expect(duplicate.fileno()).not.toBe(left.fileno());
    const { family, type, protocol } = left;
    expect(duplicate).toMatchObject({ family, type, protocol, closed: false });
  });

  test("has the same addresses and options", async () => {
    const [left] = await tcpPair();
    const [duplicate] = closeAtTheEnd(left.dup());
    expect(duplicate.getsockname()).toEqual(left.getsockname());
    expect(duplicate.getpeername()).toEqual(left.getpeername());
    duplicate.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
    expect(left.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
  });

  test("keeps the connection open until the last descriptor is closed", async () => {
    const [left, right] = unixPair();
    const [duplicate] = closeAtTheEnd(left.dup());
    left.close();
    await duplicate.sendall("still open");
    expect(String(await right.recv(1024))).toBe("still open");
    const end = right.recv(1024);
    duplicate.close();
    expect(await end).toHaveLength(0);
  });

  test("has its own timeout and its own queues", async () => {
    const [left, right] = unixPair();
    right.settimeout(60_000);
    const [duplicate] = closeAtTheEnd(right.dup());
    expect(duplicate.gettimeout()).toBe(60_000);
    duplicate.settimeout(5);
    const received = right.recv(1024);
    await expect(duplicate.recv(1024)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    await left.sendall("for the other");
    expect(String(await received)).toBe("for the other");
  });

  test("of a listener is a listener: both accept from one backlog", async () => {
    const listener = listenOnLoopback();
    const [duplicate] = closeAtTheEnd(listener.dup());
    const [first, second] = [openStream(), openStream()];
    const accepted = Promise.all([listener.accept(), duplicate.accept()]);
    await Promise.all([first, second].map((client) => client.connect(listener.getsockname())));
    const [[one], [two]] = await accepted;
    closeAtTheEnd(one, two);
    const ports = [one, two].map((peer) => peer.getpeername().port);
    expect(ports.sort()).toEqual([first, second].map((client) => client.getsockname().port).sort());

    const third = openStream();
    await third.connect(listener.getsockname());
    for await (const [peer] of duplicate) {
      closeAtTheEnd(peer);
      expect(peer.getpeername()).toEqual(third.getsockname());
      break;
    }
  });

  test("throws EMFILE when no descriptor is left", () => {
    const [left] = unixPair();
    vi.spyOn(kernel, "dup").mockReturnValueOnce(-24);
    expect(() => left.dup()).toThrow(expect.objectContaining({ code: "EMFILE", syscall: "dup" }));
  });
});
