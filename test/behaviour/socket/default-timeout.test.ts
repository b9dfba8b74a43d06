// setdefaulttimeout: the timeout of sockets that are made afterwards.
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  adopt,
  fromfd,
  getdefaulttimeout,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  setdefaulttimeout,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { connect, serve } from "../../../src/server.ts";
import { closeAtTheEnd, listenOnLoopback } from "../../support/sockets.ts";

afterEach(() => {
  setdefaulttimeout(null);
});

describe("setdefaulttimeout", () => {
  test("is null at first, and getdefaulttimeout returns the value that was set", () => {
    expect(getdefaulttimeout()).toBe(null);
    setdefaulttimeout(1_500);
    expect(getdefaulttimeout()).toBe(1_500);
    setdefaulttimeout(0);
    expect(getdefaulttimeout()).toBe(0);
  });

  test("a refused value changes nothing", () => {
    setdefaulttimeout(5);
    expect(() => setdefaulttimeout(1.5)).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
    expect(getdefaulttimeout()).toBe(5);
  });

  test("applies to sockets made afterwards by any call, and not to existing sockets", async () => {
    const listener = listenOnLoopback();
    const [client] = closeAtTheEnd(socket());
    setdefaulttimeout(7_000);
    const [[peer]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
    const [left, right] = socketpair();
    const made = closeAtTheEnd(
      ...[peer, left, right, socket(AF_UNIX, SOCK_DGRAM), new Socket(), adopt(socket().detach())],
      fromfd(client.fileno(), AF_INET, SOCK_STREAM),
    );
    for (const each of made)
      expect([each.timeout, each.gettimeout(), each.getblocking()]).toEqual([7_000, 7_000, true]);
    expect([listener.timeout, client.timeout]).toEqual([null, null]);
  });

  test("a duplicate has the timeout of its original, as in Python", () => {
    setdefaulttimeout(7_000);
    const [origin] = closeAtTheEnd(socket());
    origin.settimeout(20);
    const [duplicate] = closeAtTheEnd(origin.dup());
    expect(duplicate.timeout).toBe(20);
    origin.settimeout(null);
    expect([duplicate.timeout, closeAtTheEnd(origin.dup())[0].timeout]).toEqual([20, null]);
  });

  test("ends a wait, and 0 makes a socket non-blocking", async () => {
    setdefaulttimeout(1);
    const [left] = closeAtTheEnd(...socketpair());
    await expect(left.recv(1)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    setdefaulttimeout(0);
    const [other] = closeAtTheEnd(...socketpair());
    await expect(other.recv(1)).rejects.toMatchObject({ code: "EAGAIN" });
  });

  test("the timeout attribute is read-only, as in Python", () => {
    const [made] = closeAtTheEnd(socket());
    expect(() => Reflect.apply(Object.assign, Object, [made, { timeout: 5 }])).toThrow(TypeError);
    expect(made.timeout).toBe(null);
  });

  test("a worker thread has its own default", async () => {
    setdefaulttimeout(9);
    const code = `import("${new URL("../../../dist/index.js", import.meta.url)}").then(({ getdefaulttimeout, setdefaulttimeout }) => {
      const before = getdefaulttimeout();
      setdefaulttimeout(3);
      require("node:worker_threads").parentPort.postMessage([before, getdefaulttimeout()]);
    });`;
    const worker = new Worker(code, { eval: true });
    onTestFinished(async () => void (await worker.terminate()));
    const told = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    expect(told).toEqual([null, 3]);
    expect(getdefaulttimeout()).toBe(9);
  });

  test("servers and clients by URL do not use it: with 0, each of their waits would fail", async () => {
    setdefaulttimeout(0);
    const server = await serve("tcp://127.0.0.1:0", async (connection) => {
      for await (const chunk of connection) connection.write(chunk);
    });
    onTestFinished(async () => void (await server.close()));
    const client = await connect(String(server.urls[0]));
    onTestFinished(async () => void (await client.close()));
    client.write("echo");
    expect(String(await client.read())).toBe("echo");
  });
});
