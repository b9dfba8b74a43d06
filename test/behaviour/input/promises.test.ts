// A function that returns a promise rejects and never throws, even when reading an argument throws.
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AddressInput,
  create_connection,
  getaddrinfo,
  getfqdn,
  gethostbyaddr,
  gethostbyname,
  gethostbyname_ex,
  getnameinfo,
  recv_fds,
  type Socket,
  type SocketFile,
  send_fds,
  socket,
  socketpair,
} from "../../../src/index.ts";

class Refusal extends Error {}

/** An object whose properties all throw when they are read. */
const hostile = new Proxy(
  {},
  {
    get: () => {
      throw new Refusal();
    },
    ownKeys: () => {
      throw new Refusal();
    },
  },
);

const address = hostile as AddressInput;
const here = { host: "127.0.0.1", port: 9 };

const calls: Readonly<Record<string, (on: Socket) => Promise<unknown>>> = {
  "accept, options": (on) => on.accept(hostile),
  "connect, address": (on) => on.connect(address),
  "connect, options": (on) => on.connect(here, hostile),
  "connect_ex, address": (on) => on.connect_ex(address),
  "connect_ex, options": (on) => on.connect_ex(here, hostile),
  "readable, options": (on) => on.readable(hostile),
  "writable, options": (on) => on.writable(hostile),
  "recv, options": (on) => on.recv(1, hostile),
  "recv_into, options": (on) => on.recv_into(new Uint8Array(1), hostile),
  "recvfrom, options": (on) => on.recvfrom(1, hostile),
  "recvfrom_into, options": (on) => on.recvfrom_into(new Uint8Array(1), hostile),
  "recvmsg, options": (on) => on.recvmsg(1, hostile),
  "recvmsg_into, options": (on) => on.recvmsg_into([new Uint8Array(1)], hostile),
  "recvmsg_into, buffers": (on) => on.recvmsg_into(hostileArray()),
  "send, options": (on) => on.send("x", hostile),
  "sendall, options": (on) => on.sendall("x", hostile),
  "sendfile, options": (on) => on.sendfile(0, 0, 1, hostile),
  "sendfile, file": (on) => on.sendfile(withHostile("fd") as never),
  "sendto, options": (on) => on.sendto("x", here, hostile),
  "sendto, address": (on) => on.sendto("x", address),
  "sendmsg, options": (on) => on.sendmsg(["x"], hostile),
  "sendmsg, address": (on) => on.sendmsg(["x"], { address }),
  "sendmsg, buffers": (on) => on.sendmsg(hostileArray()),
  "sendmsg, control": (on) => on.sendmsg(["x"], { control: hostileArray() }),
  "serve, options": (on) => on.serve(() => undefined, hostile),
  "send_fds, options": () => overPair((on) => send_fds(on, ["x"], [], 0, undefined, hostile)),
  "send_fds, buffers": () => overPair((on) => send_fds(on, hostileArray(), [])),
  "send_fds, fds": () => overPair((on) => send_fds(on, ["x"], hostileArray())),
  "recv_fds, options": (on) => recv_fds(on, 1, 1, 0, hostile),
  "create_connection, address": () => create_connection(address as never),
  "create_connection, options": () => create_connection(here, hostile),
  "getaddrinfo, options": () => getaddrinfo("127.0.0.1", 9, hostile),
  "getnameinfo, address": () => getnameinfo(address),
  "getnameinfo, options": () => getnameinfo(here, 0, hostile),
  "gethostbyname, options": () => gethostbyname("127.0.0.1", hostile),
  "gethostbyname_ex, options": () => gethostbyname_ex("127.0.0.1", hostile),
  "gethostbyaddr, options": () => gethostbyaddr("127.0.0.1", hostile),
  "getfqdn, options": () => getfqdn("127.0.0.1", hostile),
  "a file's writelines": (on) => used(on.makefile("w"), (file) => file.writelines(hostileArray<string>())),
};

/** Makes a call over Unix sockets, the only sockets that pass descriptors. */
function overPair(call: (on: Socket) => Promise<unknown>): Promise<unknown> {
  const ends = socketpair();
  return call(ends[0]).finally(() => {
    for (const end of ends) end.close();
  });
}

/** Makes a call on a file, and closes the file after it. */
function used<File extends SocketFile>(file: File, call: (file: File) => Promise<unknown>): Promise<unknown> {
  return call(file).finally(() => file.close());
}

function withHostile(property: string): object {
  return Object.defineProperty({}, property, {
    get: () => {
      throw new Refusal();
    },
  });
}

function hostileArray<T>(): T[] {
  return Object.defineProperty(new Array<T>(2), 0, {
    get: () => {
      throw new Refusal();
    },
  });
}

describe("a function that returns a promise rejects, and never throws", () => {
  test.each(Object.keys(calls))("%s", async (name) => {
    await using ours = socket();
    const call = calls[name];
    if (call === undefined) throw new Error(`no call ${name}`);
    let promise: Promise<unknown> | undefined;
    expect(() => (promise = call(ours))).not.toThrow();
    await expect(promise).rejects.toBeInstanceOf(Refusal);
    ours.bind({ host: "127.0.0.1", port: 0 });
  });
});

test("an argument that closes the socket while it is read makes the call reject with ERR_SOCKWRIGHT_CLOSED", async () => {
  const ends = socketpair();
  onTestFinished(() => {
    for (const end of ends) end.close();
  });
  const [ours] = ends;
  const options = {
    get flags(): number {
      ours.close();
      return 0;
    },
  };
  await expect(ours.recv(1, options)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
});

test.each<[string, (on: Socket) => Promise<unknown>]>([
  ["a file's write", (on) => used(on.makefile("wb"), (file) => file.write(hostile as never))],
  ["a file's readinto", (on) => used(on.makefile("rb"), (file) => file.readinto(hostile as never))],
])("%s rejects with its own error if the class of the argument cannot be read", async (_, call) => {
  await using ours = socket();
  await expect(call(ours)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
});
