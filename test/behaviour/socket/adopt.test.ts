// Sockets that are already open and that adopt() takes over.

import { closeSync, fstatSync, openSync } from "node:fs";
import { constants } from "node:os";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  adopt,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { flagsOf } from "../../support/open-descriptors.ts";

function adopted(descriptor: number): ReturnType<typeof adopt> {
  const made = adopt(descriptor);
  onTestFinished(() => made.close());
  return made;
}

const IPPROTO = { tcp: 6, udp: 17 };
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

describe("an adopted socket has the attributes that the kernel reports", () => {
  test.each([
    [AF_INET, SOCK_STREAM, IPPROTO.tcp],
    [AF_INET6, SOCK_STREAM, IPPROTO.tcp],
    [AF_INET, SOCK_DGRAM, IPPROTO.udp],
    [AF_INET6, SOCK_DGRAM, IPPROTO.udp],
    [AF_UNIX, SOCK_STREAM, 0],
    [AF_UNIX, SOCK_DGRAM, 0],
    [AF_UNIX, SOCK_SEQPACKET, 0],
  ])("family %i, type %i, protocol %i", (family, type, protocol) => {
    const descriptor = socket(family, type).detach();
    const taken = adopted(descriptor);
    expect(taken.fileno()).toBe(descriptor);
    expect(taken).toMatchObject({ family, type, protocol });
  });
});

test("an adopted listener accepts connections", async () => {
  const bound = socket();
  bound.bind({ host: "127.0.0.1", port: 0 });
  bound.listen();
  const listener = adopted(bound.detach()) as Socket;
  const client = socket();
  onTestFinished(() => client.close());
  await client.connect(listener.getsockname());
  const [served] = await listener.accept();
  onTestFinished(() => served.close());
  await served.sendall("hello");
  expect(String(await client.recv(16))).toBe("hello");
});

test("an adopted connection keeps working, and its descriptor becomes non-blocking", async () => {
  const [left, right] = socketpair();
  onTestFinished(() => right.close());
  const descriptor = left.detach({ blocking: true });
  expect(flagsOf(descriptor) & O_NONBLOCK).toBe(0);
  const taken = adopted(descriptor) as Socket;
  expect(flagsOf(descriptor) & (O_NONBLOCK | O_CLOEXEC)).toBe(O_NONBLOCK | O_CLOEXEC);
  const waiting = taken.recv(16);
  await right.sendall("ping");
  expect(String(await waiting)).toBe("ping");
});

test("the Socket owns the descriptor: close() closes it", () => {
  const descriptor = socket().detach();
  adopt(descriptor).close();
  expect(() => fstatSync(descriptor)).toThrow("EBADF");
});

test("a descriptor that cannot be adopted stays open", () => {
  const file = openSync("/dev/null", "r");
  onTestFinished(() => closeSync(file));
  expect(() => adopt(file)).toThrow(expect.objectContaining({ code: "ENOTSOCK", syscall: "adopt" }));
  expect(fstatSync(file).isCharacterDevice()).toBe(true);
  for (const closed of [-1, 2 ** 30]) {
    expect(() => adopt(closed)).toThrow(expect.objectContaining({ code: "EBADF", syscall: "adopt" }));
  }
});

test("a descriptor that has an owner cannot be adopted", () => {
  const owner = socket();
  onTestFinished(() => owner.close());
  expect(() => adopt(owner.fileno())).toThrow(
    expect.objectContaining({
      code: "EEXIST",
      errno: -constants.errno.EEXIST,
      message: "adopt EEXIST: a Socket of this process has the descriptor: call its detach() first",
    }),
  );
  expect(fstatSync(owner.fileno()).isSocket()).toBe(true);
});

test("adopt refuses a value that is not a descriptor number", () => {
  for (const wrong of ["3", 0.5, 2 ** 31, undefined, null, 3n, {}]) {
    expect(() => adopt(wrong as number)).toThrow(/"descriptor"/);
  }
});

// socket(7): close(2) of such a socket would block.
test("an adopted socket with SO_LINGER closes without blocking", async () => {
  const listener = socket();
  listener.bind({ host: "127.0.0.1", port: 0 });
  listener.listen();
  onTestFinished(() => listener.close());
  const made = socket();
  made.setsockopt(SOL_SOCKET, SO_LINGER, new Int32Array([1, 5]));
  await made.connect(listener.getsockname());
  const [served] = await listener.accept();
  onTestFinished(() => served.close());
  const taken = adopted(made.detach());
  await taken[Symbol.asyncDispose]();
  expect(String(await served.recv(1))).toBe("");
});
