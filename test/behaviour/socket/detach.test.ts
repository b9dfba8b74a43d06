import { closeSync, readFileSync, readSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, socket, socketpair } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { fill } from "../../support/full.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, tcpPair, unixPair } from "../../support/sockets.ts";
import { turnLoop } from "../poller/turns.ts";

/** Whether O_NONBLOCK and O_CLOEXEC are set in /proc/self/fdinfo, proc(5). */
function modesOf(descriptor: number): { readonly nonblocking: boolean; readonly closeOnExec: boolean } {
  const [, octal = ""] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8")) ?? [];
  const flags = Number.parseInt(octal, 8);
  // open(2) on Linux: x64 and arm64 use the same numbers.
  return { nonblocking: (flags & 0o4000) !== 0, closeOnExec: (flags & 0o2000000) !== 0 };
}

describe("sockets are always non-blocking and close-on-exec", () => {
  test.for([
    ["socket", () => closeAtTheEnd(socket())],
    ["a datagram socket", () => closeAtTheEnd(socket(AF_UNIX, SOCK_DGRAM))],
    ["socketpair", () => closeAtTheEnd(...socketpair(AF_UNIX, SOCK_SEQPACKET))],
    ["accept", () => tcpPair()],
    ["dup", () => closeAtTheEnd(openStream().dup())],
  ] as const)("%s", async ([, open]) => {
    for (const opened of await open()) {
      expect(modesOf(opened.fileno())).toEqual({ nonblocking: true, closeOnExec: true });
    }
  });

  test("setblocking and settimeout do not change O_NONBLOCK", () => {
    const [left] = unixPair();
    left.setblocking(true);
    expect(modesOf(left.fileno()).nonblocking).toBe(true);
    left.settimeout(10);
    expect(modesOf(left.fileno()).nonblocking).toBe(true);
  });
});

describe("detach", () => {
  test("returns a usable descriptor that belongs to the caller", async () => {
    const [left, right] = unixPair();
    const before = kernel.openDescriptors();
    const number = left.fileno();
    const descriptor = left.detach();
    onTestFinished(() => closeSync(descriptor));
    expect(descriptor).toBe(number);
    expect(kernel.openDescriptors()).toBe(before - 1);

    writeSync(descriptor, "from the descriptor");
    expect(String(await right.recv(1024))).toBe("from the descriptor");
    await right.sendall("to the descriptor");
    const room = Buffer.alloc(1024);
    expect(room.toString("utf8", 0, readSync(descriptor, room))).toBe("to the descriptor");
  });

  test("leaves the descriptor non-blocking, and clears O_NONBLOCK with { blocking: true }", () => {
    for (const blocking of [undefined, false, true]) {
      const descriptor = socket().detach(blocking === undefined ? undefined : { blocking });
      onTestFinished(() => closeSync(descriptor));
      expect(modesOf(descriptor).nonblocking).toBe(blocking !== true);
    }
  });

  test("leaves a socket that counts as closed, and whose close does nothing", async () => {
    const opened = openStream();
    const descriptor = opened.detach();
    onTestFinished(() => closeSync(descriptor));
    expect([opened.closed, opened.fileno()]).toEqual([true, -1]);
    opened.close();
    expect(modesOf(descriptor).nonblocking).toBe(true);
    await expect(opened.recv(1)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    expect(() => opened.detach()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_CLOSED" }));
  });

  test("throws ERR_SOCKWRIGHT_BUSY while a call is pending, and changes nothing", async () => {
    const busy = expect.objectContaining({ code: "ERR_SOCKWRIGHT_BUSY" });
    const [left, right] = unixPair();
    const received = left.recv(1024);
    expect(() => left.detach()).toThrow(busy);
    await right.sendall("still waited for");
    expect(String(await received)).toBe("still waited for");

    fill(left);
    const sent = left.sendall("x");
    expect(() => left.detach()).toThrow(busy);
    left.close();
    await expect(sent).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });

    const listener = listenOnLoopback();
    const accepted = listener.accept();
    expect(() => listener.detach()).toThrow(busy);
    listener.close();
    await expect(accepted).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
  });

  test("works again after the pending call has ended", async () => {
    const [left, right] = unixPair();
    const controller = new AbortController();
    const received = left.recv(1024, { signal: controller.signal });
    controller.abort();
    await expect(received).rejects.toMatchObject({ code: "ABORT_ERR" });
    const descriptor = left.detach();
    onTestFinished(() => closeSync(descriptor));
    // Data that arrives now belongs to the new owner: the poller no longer watches the descriptor.
    await right.sendall("for the new owner");
    await turnLoop();
    const room = Buffer.alloc(1024);
    expect(room.toString("utf8", 0, readSync(descriptor, room))).toBe("for the new owner");
  });

  test("a read of a detached non-blocking descriptor without data fails with EAGAIN", () => {
    const [left] = unixPair();
    const descriptor = left.detach();
    onTestFinished(() => closeSync(descriptor));
    expect(() => readSync(descriptor, Buffer.alloc(1))).toThrow(
      expect.objectContaining({ errno: -constants.errno.EAGAIN }),
    );
  });
});
