import { describe, expect, test } from "vitest";
import { SO_ERROR, SOL_SOCKET, type Socket } from "../../../src/index.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, tcpPair, unixPair } from "../../support/sockets.ts";
import { waits } from "./waits.ts";

const address = { host: "127.0.0.1", port: 1 };

const promised: readonly [name: string, call: (socket: Socket) => unknown][] = [
  ...waits.map(({ call, wait }): [string, (socket: Socket) => unknown] => [call, wait]),
  ["accept", (socket) => socket.accept()],
  ["connect", (socket) => socket.connect(address)],
  ["connect_ex", (socket) => socket.connect_ex(address)],
  ["sendto", (socket) => socket.sendto("x", address)],
  ["serve", (socket) => socket.serve(() => undefined)],
];

const synchronous: readonly [name: string, call: (socket: Socket) => unknown][] = [
  ["bind", (socket) => socket.bind(address)],
  ["listen", (socket) => socket.listen()],
  ["tryRecv", (socket) => socket.tryRecv(Buffer.alloc(1))],
  ["trySend", (socket) => socket.trySend("x")],
  ["getsockopt", (socket) => socket.getsockopt(SOL_SOCKET, SO_ERROR)],
  ["setsockopt", (socket) => socket.setsockopt(SOL_SOCKET, SO_ERROR, 1)],
  ["getsockname", (socket) => socket.getsockname()],
  ["getpeername", (socket) => socket.getpeername()],
  ["shutdown", (socket) => socket.shutdown()],
  ["detach", (socket) => socket.detach()],
  ["dup", (socket) => socket.dup()],
  ["makefile", (socket) => socket.makefile()],
  ["settimeout", (socket) => socket.settimeout(1)],
  ["setblocking", (socket) => socket.setblocking(false)],
];

/** What a call returns or throws, and how its promise settles. */
async function fateOf(call: () => unknown): Promise<unknown> {
  let given: unknown;
  try {
    given = call();
  } catch (error) {
    return { thrown: error };
  }
  if (!(given instanceof Promise)) return { given };
  return given.then(
    (resolved: unknown) => ({ resolved }),
    (rejected: unknown) => ({ rejected }),
  );
}

const closedError = expect.objectContaining({ code: "ERR_SOCKWRIGHT_CLOSED" });

describe("a call that can wait returns a promise; any other call is synchronous", () => {
  test.for(promised)("%s rejects and never throws", async ([, call]) => {
    const socket = openStream();
    socket.close();
    expect(await fateOf(() => call(socket))).toEqual({ rejected: closedError });
  });

  test.for(synchronous)("%s throws and returns no promise", async ([, call]) => {
    const socket = openStream();
    socket.close();
    expect(await fateOf(() => call(socket))).toEqual({ thrown: closedError });
  });

  test("a wrong argument of a call that can wait rejects as well", async () => {
    const [left] = unixPair();
    const wrong = { rejected: expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE" }) };
    expect(await fateOf(() => left.recv(-1))).toEqual(wrong);
    expect(await fateOf(() => left.recvfrom(1.5))).toEqual(wrong);
    expect(await fateOf(() => left.recvmsg(1, { control: -1 }))).toEqual(wrong);
  });

  test("fileno, close, ref, unref and the attributes work on a closed socket", () => {
    const socket = openStream();
    socket.close();
    socket.close();
    expect([socket.fileno(), socket.closed, socket.gettimeout(), socket.getblocking()]).toEqual([-1, true, null, true]);
    expect(socket.ref().unref()).toBe(socket);
  });
});

describe("the results have the types of the table of calls", () => {
  test("of a stream", async () => {
    const [left, right] = await tcpPair();
    expect(await left.send("12")).toBe(2);
    expect(await left.sendall("3456")).toBeUndefined();
    expect(await left.sendmsg(["78", "90"])).toBe(4);
    expect(await right.recv(2)).toEqual(Buffer.from("12"));
    expect(await right.recv_into(Buffer.alloc(2))).toBe(2);
    expect(await right.recvfrom(2)).toEqual([Buffer.from("56"), undefined]);
    expect(await right.recvfrom_into(Buffer.alloc(2))).toEqual([2, undefined]);
    expect(await right.recvmsg(2)).toMatchObject({ data: Buffer.from("90"), control: [], address: undefined });
    expect(await right.writable()).toBeUndefined();
    left.close();
    expect(await right.readable()).toBeUndefined();
    expect(await right.recv(2)).toEqual(Buffer.alloc(0));
  });

  test("of a listener and its client", async () => {
    const listener = listenOnLoopback();
    const client = openStream();
    expect(await client.connect(listener.getsockname())).toBeUndefined();
    const accepted = await listener.accept();
    expect(accepted).toHaveLength(2);
    const [peer, from] = accepted;
    closeAtTheEnd(peer);
    expect(from).toEqual(client.getsockname());
    listener.close();
    expect(await fateOf(() => listener.serve(() => undefined))).toEqual({ rejected: closedError });
  });
});
