import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_INET, SOCK_DGRAM, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { tcpPair } from "../../support/sockets.ts";
import { observeTurns, placeOf, turnLoop } from "./turns.ts";

const turns = observeTurns();

afterEach(() => {
  vi.restoreAllMocks();
});

describe("after a short read on a stream the next recv waits without a system call", () => {
  test("and is woken by new data", async () => {
    const [ours, peer] = await tcpPair();
    const { slot } = placeOf(ours);
    const recv = vi.spyOn(kernel, "recv");
    const calls = (): number => recv.mock.calls.filter((call) => call[0] === slot).length;
    await peer.sendall("short");
    expect(String(await ours.recv(1024))).toBe("short");
    expect(calls()).toBe(1);

    const next = ours.recv(1024);
    await turnLoop();
    expect(calls()).toBe(1);
    await peer.sendall("next");
    expect(String(await next)).toBe("next");
    expect(calls()).toBe(2);
  });

  test("and gets data or an end that arrived in between", async () => {
    const [ours, peer] = await tcpPair();
    await peer.sendall("short");
    expect(String(await ours.recv(1024))).toBe("short");
    await peer.sendall("came in between");
    expect(String(await ours.recv(1024))).toBe("came in between");
    peer.close();
    expect(await ours.recv(1024)).toHaveLength(0);
  });

  test("but a recv after a full read tries at once", async () => {
    const [ours, peer] = await tcpPair();
    const { slot } = placeOf(ours);
    const recv = vi.spyOn(kernel, "recv");
    await peer.sendall("123456");
    expect(String(await ours.recv(3))).toBe("123");
    const before = turns.length;
    expect(String(await ours.recv(3))).toBe("456");
    expect(turns).toHaveLength(before);
    expect(recv.mock.calls.filter((call) => call[0] === slot)).toHaveLength(2);
  });

  test("but a recv on a datagram socket tries at once: a short datagram does not mean an empty queue", async () => {
    const udp = socket(AF_INET, SOCK_DGRAM);
    onTestFinished(() => udp.close());
    udp.bind({ host: "127.0.0.1", port: 0 });
    for (const data of ["one", "two"]) await udp.sendto(data, udp.getsockname());
    const recv = vi.spyOn(kernel, "recv");
    const before = turns.length;
    expect(String(await udp.recv(1024))).toBe("one");
    expect(String(await udp.recv(1024))).toBe("two");
    expect(recv).toHaveBeenCalledTimes(2);
    expect(turns).toHaveLength(before);
  });

  test("but tryRecv() and a non-blocking socket always ask the kernel", async () => {
    const [ours, peer] = await tcpPair();
    const buffer = Buffer.alloc(1024);
    await peer.sendall("short");
    expect(String(await ours.recv(1024))).toBe("short");
    await peer.sendall("more");
    expect(ours.tryRecv(buffer)).toBe(4);
    await peer.sendall("and more");
    ours.setblocking(false);
    expect(String(await ours.recv(1024))).toBe("and more");
    await expect(ours.recv(1024)).rejects.toMatchObject({ code: "EAGAIN" });
  });
});
