// Sends arrive in the order of the calls, whichever descriptor sends; none is lost when the process exits.
import { closeSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { adopt, SO_TYPE, SOL_SOCKET, type Socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { CALLS_PER_TURN } from "../../../src/native/turn.ts";
import { startChild } from "../../support/child.ts";
import { allBytes, closeAtTheEnd, listenOnLoopback, tcpPair, unixPair } from "../../support/sockets.ts";
import { turn } from "../../support/until.ts";

const PROGRAM = fileURLToPath(new URL("programs/exit.mjs", import.meta.url));

describe.each([
  ["TCP", tcpPair],
  ["a Unix stream", async () => unixPair()],
] as const)("%s: other ways to send on the socket", (_name, pair) => {
  /** Makes two sends in one turn, of which the second is held back, then a third in another way. */
  async function inOrder(prepare: (ours: Socket) => (ours: Socket) => unknown): Promise<string> {
    const [ours, peer] = await pair();
    await turn();
    const third = prepare(ours);
    const sent = Promise.allSettled([ours.sendall("1"), ours.sendall("2")]);
    await third(ours);
    await sent;
    ours.close();
    const received = allBytes(peer).then(String);
    return received;
  }

  async function closing(opened: Socket<unknown>, text: string): Promise<void> {
    onTestFinished(() => opened.close());
    await (opened as Socket).sendall(text);
    opened.close();
  }

  test.each<[string, (ours: Socket) => (ours: Socket) => unknown]>([
    ["by a dup", () => (ours) => closing(ours.dup(), "3")],
    [
      "by an earlier dup",
      (ours) => {
        const duplicate = ours.dup();
        return () => closing(duplicate, "3");
      },
    ],
    [
      "by an earlier dup in an async function",
      (ours) => {
        const duplicate = ours.dup();
        return async () => {
          await closing(duplicate, "3");
        };
      },
    ],
    ["by its descriptor number", () => (ours) => writeSync(ours.fileno(), "3")],
    [
      "by its descriptor number, read earlier",
      (ours) => {
        const descriptor = ours.fileno();
        return () => writeSync(descriptor, "3");
      },
    ],
    ["after detach", () => (ours) => sendAndClose(ours.detach())],
    ["after detach and adopt", () => (ours) => closing(adopt(ours.detach()), "3")],
    ["by trySend", () => (ours) => expect(ours.trySend("3")).toBe(1)],
    ["by sendmsg", () => (ours) => ours.sendmsg(["3"])],
    [
      "after getsockopt",
      () => (ours) => {
        const sends = vi.spyOn(kernel, "send");
        ours.getsockopt(SOL_SOCKET, SO_TYPE);
        expect(sends).toHaveBeenCalledTimes(1);
        sends.mockRestore();
        return ours.sendall("3");
      },
    ],
  ])("%s", async (_how, prepare) => {
    expect(await inOrder(prepare)).toBe("123");
  });

  test("two descriptors of one socket send in turns", async () => {
    const [ours, peer] = await pair();
    const [duplicate] = closeAtTheEnd(ours.dup());
    const sent: Promise<void>[] = [];
    for (let index = 0; index < 10; index++) sent.push((index % 2 === 0 ? ours : duplicate).sendall(String(index)));
    await Promise.all(sent);
    ours.close();
    duplicate.close();
    expect(String(await allBytes(peer))).toBe("0123456789");
  });

  test.each([
    ["is overtaken by a send on the other", false],
    ["is not overtaken if it is awaited first", true],
  ])("a send that waits on one of two descriptors %s, as its docstring says", async (_what, isAwaited) => {
    const [ours, peer] = await pair();
    const [duplicate] = closeAtTheEnd(ours.dup());
    // More sends than fit into a turn: the last of them wait for the next turn.
    const sent = Promise.all(Array.from({ length: 2 * CALLS_PER_TURN }, () => ours.send("1")));
    if (isAwaited) await sent;
    expect(duplicate.trySend("2")).toBe(1);
    await sent;
    ours.close();
    duplicate.close();
    expect(String(await allBytes(peer)).indexOf("2") === 2 * CALLS_PER_TURN).toBe(isAwaited);
  });

  test("inspect does not count as a use of the descriptor number: sends are still gathered", async () => {
    const [ours, peer] = await pair();
    expect(inspect(ours)).toMatch(/fileno: \d+/);
    await turn();
    const sends = vi.spyOn(kernel, "send");
    await Promise.all(Array.from({ length: 10 }, () => ours.sendall("x")));
    expect(sends).toHaveBeenCalledTimes(2);
    sends.mockRestore();
    ours.close();
    expect(String(await allBytes(peer))).toBe("xxxxxxxxxx");
  });

  test("a turn ends with its microtasks, also without an event of a socket: the next send is immediate", async () => {
    const [ours, peer] = await pair();
    await turn();
    await ours.sendall("1");
    await turn();
    const sends = vi.spyOn(kernel, "send");
    void ours.sendall("2");
    expect(sends).toHaveBeenCalledTimes(1);
    sends.mockRestore();
    ours.close();
    expect(String(await allBytes(peer))).toBe("12");
  });
});

function sendAndClose(descriptor: number): void {
  writeSync(descriptor, "3");
  closeSync(descriptor);
}

describe("a send that nothing awaits arrives even if the process exits", () => {
  test.for([
    ["long after another one", "12"],
    ["with others of its turn", "123"],
    ["beyond the turn's budget", "x".repeat(400)],
    ["in an exit handler", "12"],
    ["before an uncaught error", "12"],
    ["a write of layer 2", "12"],
    ["writes of layer 2 in an exit handler", "12"],
  ] as const)("%s", async ([how, expected]) => {
    const listener = listenOnLoopback();
    const child = await startChild(process.execPath, [PROGRAM, how, String(listener.getsockname().port)]);
    const [accepted] = await listener.accept();
    const [peer] = closeAtTheEnd(accepted);
    expect([String(await allBytes(peer)), (await child.exit()).code, child.stderr]).toEqual([expected, 0, ""]);
  });
});
