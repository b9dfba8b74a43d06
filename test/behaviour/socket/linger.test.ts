import { describe, expect, test } from "vitest";
import { SO_LINGER, SOL_SOCKET, type Socket } from "../../../src/index.ts";
import { fill } from "../../support/full.ts";
import { listenOnLoopback, openStream, RESET_AT_CLOSE, tcpPair, unixPair } from "../../support/sockets.ts";
import { countToEnd } from "../../support/to-end.ts";
import { turn } from "../../support/until.ts";

/** Sets SO_LINGER to this number of seconds, socket(7), struct linger. */
function linger(socket: Socket<unknown>, seconds: number): void {
  socket.setsockopt(SOL_SOCKET, SO_LINGER, new Uint8Array(new Int32Array([1, seconds]).buffer));
}

/** A connection with full buffers, whose peer does not read: a blocking close would wait for all of the data. */
async function clogged(seconds: number): Promise<readonly [ours: Socket, peer: Socket, bytes: number]> {
  const [ours, peer] = await tcpPair();
  linger(ours, seconds);
  const bytes = fill(ours);
  return [ours, peer, bytes];
}

describe("with SO_LINGER > 0 the close runs in its own thread", () => {
  test("close does not block the loop, and asyncDispose waits until the peer has read all data", async () => {
    const [ours, peer, bytes] = await clogged(30);
    ours.close();
    expect([ours.closed, ours.fileno()]).toEqual([true, -1]);

    let isGone = false;
    const gone = ours[Symbol.asyncDispose]().then(() => {
      isGone = true;
    });
    // The loop turns; a blocking close would stop it for 30 seconds.
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(isGone).toBe(false);
    expect(await countToEnd(peer)).toBe(bytes);
    await gone;
  });

  test("await using waits as well, and the data that was sent arrives", async () => {
    const [ours, peer, bytes] = await clogged(30);
    const block = (async () => {
      await using inside = ours;
      expect(inside.closed).toBe(false);
    })();
    const received = await countToEnd(peer);
    await block;
    expect(received).toBe(bytes);
  });

  test("many sockets close at once, and other sockets keep working meanwhile", async () => {
    const clogs = await Promise.all(Array.from({ length: 8 }, () => clogged(30)));
    for (const [ours] of clogs) ours.close();
    const [left, right] = unixPair();
    await left.sendall("not blocked");
    expect(String(await right.recv(1024))).toBe("not blocked");
    const reads = Promise.all(clogs.map(([, peer]) => countToEnd(peer)));
    await Promise.all(clogs.map(([ours]) => ours[Symbol.asyncDispose]()));
    expect(await reads).toEqual(clogs.map(([, , bytes]) => bytes));
  });

  test("of several descriptors of one socket, the close of the last one waits", async () => {
    const [ours, peer, bytes] = await clogged(30);
    const duplicate = ours.dup();
    await ours[Symbol.asyncDispose]();
    const gone = duplicate[Symbol.asyncDispose]();
    expect(await countToEnd(peer)).toBe(bytes);
    await gone;
  });

  test("an accepted socket inherits the option from its listener", async () => {
    const listener = listenOnLoopback();
    linger(listener, 30);
    const client = openStream();
    const [[accepted]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
    const bytes = fill(accepted);
    const gone = accepted[Symbol.asyncDispose]();
    expect(await Promise.race([gone, new Promise((resolve) => setImmediate(resolve, "the loop turns"))])).toBe(
      "the loop turns",
    );
    expect(await countToEnd(client)).toBe(bytes);
    await gone;
  });
});

describe("in all other cases close does not wait", () => {
  test("without SO_LINGER the kernel keeps sending by itself", async () => {
    const [ours, peer] = await tcpPair();
    const bytes = fill(ours);
    await ours[Symbol.asyncDispose]();
    expect(await countToEnd(peer)).toBe(bytes);
  });

  test("with SO_LINGER of 0 seconds close discards the data and resets the connection", async () => {
    const [ours, peer] = await tcpPair();
    fill(ours);
    ours.setsockopt(SOL_SOCKET, SO_LINGER, RESET_AT_CLOSE);
    await ours[Symbol.asyncDispose]();
    await expect(countToEnd(peer)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("with SO_LINGER and no data to send close ends at once", async () => {
    const [ours, peer] = await tcpPair();
    linger(ours, 30);
    await ours[Symbol.asyncDispose]();
    expect(await peer.recv(1)).toHaveLength(0);
  });

  test("a second disposal waits for the same close", async () => {
    const [ours, peer, bytes] = await clogged(30);
    const settled: string[] = [];
    const disposals = ["first", "second"].map((name) => ours[Symbol.asyncDispose]().then(() => settled.push(name)));
    await turn(20);
    expect(settled).toEqual([]);
    expect(await countToEnd(peer)).toBe(bytes);
    await Promise.all(disposals);
  });
});
