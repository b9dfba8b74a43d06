import { closeSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_UNIX, SO_TYPE, SOCK_STREAM, SOL_SOCKET, type Socket, socket, socketpair } from "../../../src/index.ts";
import { Socket as SocketClass } from "../../../src/socket/socket.ts";

const here = { path: "nobody" };

/** Every call that needs an open socket. */
const calls: Readonly<Record<string, (on: Socket) => unknown>> = {
  accept: (on) => on.accept(),
  bind: (on) => on.bind(here),
  connect: (on) => on.connect(here),
  connect_ex: (on) => on.connect_ex(here),
  detach: (on) => on.detach(),
  dup: (on) => on.dup(),
  get_inheritable: (on) => on.get_inheritable(),
  getpeername: (on) => on.getpeername(),
  getsockname: (on) => on.getsockname(),
  getsockopt: (on) => on.getsockopt(SOL_SOCKET, SO_TYPE),
  listen: (on) => on.listen(),
  makefile: (on) => on.makefile(),
  readable: (on) => on.readable(),
  recv: (on) => on.recv(1),
  recv_into: (on) => on.recv_into(new Uint8Array(1)),
  recvfrom: (on) => on.recvfrom(1),
  recvfrom_into: (on) => on.recvfrom_into(new Uint8Array(1)),
  recvmsg: (on) => on.recvmsg(1),
  recvmsg_into: (on) => on.recvmsg_into([new Uint8Array(1)]),
  send: (on) => on.send("x"),
  sendall: (on) => on.sendall("x"),
  sendfile: (on) => on.sendfile(0),
  sendmsg: (on) => on.sendmsg(["x"]),
  sendto: (on) => on.sendto("x", here),
  serve: (on) => on.serve(() => undefined),
  set_inheritable: (on) => on.set_inheritable(true),
  setblocking: (on) => on.setblocking(false),
  setsockopt: (on) => on.setsockopt(SOL_SOCKET, 2, 1),
  settimeout: (on) => on.settimeout(1),
  shutdown: (on) => on.shutdown(),
  stream: (on) => on.stream(),
  tryRecv: (on) => on.tryRecv(new Uint8Array(1)),
  trySend: (on) => on.trySend("x"),
  webStreams: (on) => on.webStreams(),
  writable: (on) => on.writable(),
};
/** Members of a closed socket that still return a value or have no effect. */
const harmless = [
  "close",
  "closed",
  "family",
  "fileno",
  "getblocking",
  "gettimeout",
  "protocol",
  "ref",
  "timeout",
  "type",
  "unref",
];
const promises = new Set(
  [..."accept connect connect_ex readable writable serve".split(" "), ...Object.keys(calls).filter(isTransfer)].sort(),
);

function isTransfer(name: string): boolean {
  return name.startsWith("recv") || name.startsWith("send");
}

function closedSocket(): Socket {
  const [ours, peer] = socketpair();
  peer.close();
  ours.close();
  return ours;
}

function detachedSocket(): Socket {
  const ours = socket(AF_UNIX);
  closeSync(ours.detach());
  return ours;
}

describe.each([
  ["after close()", closedSocket],
  ["after detach()", detachedSocket],
])("calls on a closed socket fail with ERR_SOCKWRIGHT_CLOSED: %s", (_name, make) => {
  test.each(Object.keys(calls))("%s", async (name) => {
    const ours = make();
    const call = calls[name];
    let result: unknown;
    let threw = true;
    try {
      result = call?.(ours);
      threw = false;
      await result;
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
      expect(threw ? "throws" : "rejects").toBe(promises.has(name) ? "rejects" : "throws");
      return;
    }
    throw new Error(`${name} gave ${inspect(result)}`);
  });

  test("iteration", async () => {
    await expect(make()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
  });

  test("members that need no open socket still work", async () => {
    const ours = make();
    expect(ours.closed).toBe(true);
    expect(ours.fileno()).toBe(-1);
    expect([ours.family, ours.type, ours.protocol]).toEqual([AF_UNIX, SOCK_STREAM, 0]);
    expect([ours.gettimeout(), ours.getblocking()]).toEqual([null, true]);
    expect(ours.ref().unref()).toBe(ours);
    ours.close();
    await ours[Symbol.asyncDispose]();
    expect(inspect(ours)).toContain("closed");
  });

  test("the descriptor number, which another socket may use now, is not touched", () => {
    const before = socket();
    const number = before.fileno();
    before.close();
    const ours = socket();
    onTestFinished(() => ours.close());
    expect(ours.fileno()).toBe(number);
    before.close();
    expect(() => before.shutdown()).toThrow("closed");
    expect(ours.getsockopt(SOL_SOCKET, SO_TYPE)).toBe(SOCK_STREAM);
  });
});

test("every method of a socket is in one of the two tables", () => {
  const names: (string | symbol)[] = [];
  for (let prototype: object = SocketClass.prototype; prototype !== Object.prototype; ) {
    names.push(...Reflect.ownKeys(prototype));
    prototype = Reflect.getPrototypeOf(prototype) ?? Object.prototype;
  }
  const strings = names.filter((name) => typeof name === "string" && name !== "constructor").map(String);
  expect([...new Set(strings)].sort()).toEqual([...Object.keys(calls), ...harmless].sort());
});
