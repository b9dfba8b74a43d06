// Connections that write in one turn are sent together: whatever happens to one, every byte of the others is sent once.
import { constants } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { lines } from "../../../../src/codec.ts";
import { AF_UNIX, SOCK_STREAM, type Socket, socketpair } from "../../../../src/index.ts";
import { kernel } from "../../../../src/native/load.ts";
import { Connection } from "../../../../src/server/connection/connection.ts";
import { MAX_SENDS } from "../../../../src/server/connection/turn-sends.ts";
import { NativeLink } from "../../../../src/server/transport/native-link.ts";
import { SocketDescriptor } from "../../../../src/socket/socket-descriptor.ts";
import { fill } from "../../../support/full.ts";

const { EAGAIN, EPIPE } = constants.errno;

afterEach(() => {
  vi.restoreAllMocks();
});

interface Connected {
  readonly connection: Connection;
  readonly near: Socket;
  readonly far: Socket;
}

function connectedEnds(prepare: (near: Socket) => void = () => undefined): Connected {
  const [near, far] = socketpair(AF_UNIX, SOCK_STREAM) as [Socket, Socket];
  prepare(near);
  const endpoint = SocketDescriptor.endpointOf(near);
  endpoint.handOver();
  const connection = new Connection(new NativeLink(endpoint.slot, endpoint.generation, endpoint, { path: "" }));
  onTestFinished(() => {
    connection.abort();
    far.close();
  });
  return { connection, near, far };
}

/** Returns what has arrived by now. */
async function got({ far }: Connected): Promise<string> {
  far.setblocking(false);
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = await far.recv(1 << 20).catch(() => undefined);
    if (chunk === undefined || chunk.length === 0) return Buffer.concat(chunks).toString();
    chunks.push(chunk);
  }
}

/** Replaces the results of the next sends; an undefined entry lets the kernel send. */
function results(...given: readonly (number | undefined)[]): void {
  const sendAll = kernel.sendAll;
  vi.spyOn(kernel, "sendAll").mockImplementationOnce((memory, sends, count) => {
    for (let index = 0; index < count; index++) {
      const result = given[index];
      const one = sends.subarray(index * 4, index * 4 + 4);
      if (result === undefined) sendAll(memory, one, 1);
      else if (result <= 0) one[3] = result;
      else {
        one[3] = result;
        sendAll(memory, one, 1);
      }
    }
  });
}

test("one sendAll call sends for several connections; a single connection uses send", async () => {
  const all = Array.from({ length: 3 }, () => connectedEnds());
  const [together, alone] = [vi.spyOn(kernel, "sendAll"), vi.spyOn(kernel, "send")];
  for (const [index, { connection }] of all.entries()) {
    connection.write(`to ${index}`);
    connection.write("!");
  }
  await nextTurn();
  expect(await Promise.all(all.map(got))).toEqual(["to 0!", "to 1!", "to 2!"]);
  expect([together.mock.calls.length, alone.mock.calls.length]).toEqual([1, 0]);
  all[0]?.connection.write("alone");
  await nextTurn();
  expect([together.mock.calls.length, alone.mock.calls.length]).toEqual([1, 1]);
});

test("MAX_SENDS: one more call sends for the connections beyond the limit", async () => {
  const all = Array.from({ length: MAX_SENDS + 2 }, () => connectedEnds());
  const together = vi.spyOn(kernel, "sendAll");
  for (const { connection } of all) connection.write("data");
  await nextTurn();
  expect(await Promise.all(all.map(got))).toEqual(all.map(() => "data"));
  expect(together.mock.calls.map(([, , count]) => count)).toEqual([MAX_SENDS, 2]);
});

test("a full, a short and a failed send do not affect the other connections of the same call", async () => {
  const all = Array.from({ length: 5 }, () => connectedEnds());
  const [, full, short, lost] = all;
  for (const { connection } of all) connection.write("message");
  const flushed = [full, short].map((each) => each?.connection.flushed());
  results(undefined, -EAGAIN, 3, -EPIPE);
  await nextTurn();
  for (const each of flushed) await each;
  expect(await Promise.all(all.map(got))).toEqual(["message", "message", "message", "", "message"]);
  expect(lost?.connection.failure).toMatchObject({ code: "EPIPE", syscall: "send" });
});

test("a connection with waiting bytes, lent bytes or a pending end sends on its own, as before", async () => {
  const all = Array.from({ length: 4 }, (_, index) => connectedEnds(index === 0 ? fill : undefined));
  const [blocked, lent, ended, plain] = all;
  blocked?.connection.write("waits");
  await nextTurn();
  blocked?.connection.write(" and more");
  lent?.connection.writeLent(Buffer.from("lent"));
  ended?.connection.write("last");
  const end = ended?.connection.end();
  plain?.connection.write("plain");
  await nextTurn();
  await end;
  expect((await got(blocked as Connected)).replace(/^[^w]*/, "")).toBe("");
  await blocked?.connection.flushed();
  expect((await got(blocked as Connected)).slice(-14)).toBe("waits and more");
  expect(await Promise.all([lent, ended, plain].map((each) => got(each as Connected)))).toEqual([
    "lent",
    "last",
    "plain",
  ]);
});

test.each(["close", "abort", "end", "write"] as const)(
  "%s after another connection's loss runs after its own send result: nothing is sent twice",
  async (what) => {
    const all = Array.from({ length: 3 }, () => connectedEnds());
    const [lost, second] = all;
    lost?.connection.signal.addEventListener("abort", () => {
      if (what === "write") second?.connection.write(" more");
      else if (what === "abort") second?.connection.abort();
      else void second?.connection[what]();
    });
    for (const { connection } of all) connection.write("message");
    results(-EPIPE);
    await nextTurn();
    await nextTurn();
    expect(await Promise.all(all.map(got))).toEqual(["", what === "write" ? "message more" : "message", "message"]);
  },
);

test("bytes written during the joint send follow the bytes of that send", async () => {
  const all = Array.from({ length: 2 }, () => connectedEnds());
  for (const { connection } of all) connection.write("one ");
  const waits = all.map(async ({ connection }) => {
    await connection.flushed();
    connection.write("two");
  });
  await nextTurn();
  await Promise.all(waits);
  await nextTurn();
  expect(await Promise.all(all.map(got))).toEqual(["one two", "one two"]);
});

test.each(["write", "writeLent", "writeFrame", "sendFile"] as const)(
  "%s on a connection whose failed send is not reported yet fails and adds nothing",
  async (what) => {
    const all = Array.from({ length: 3 }, () => connectedEnds());
    const [lost, second] = all;
    const given: unknown[] = [];
    const frames = second?.connection.frames(lines());
    lost?.connection.signal.addEventListener("abort", () => {
      if (what === "writeFrame") given.push(frames?.write("more"));
      else if (what === "sendFile") given.push(second?.connection.sendFile("package.json").catch(String));
      else given.push(second?.connection[what](Buffer.from("more")));
    });
    for (const { connection } of all) connection.write("message");
    results(-EPIPE, -EPIPE);
    await nextTurn();
    expect(given).toHaveLength(1);
    if (what === "sendFile") expect(await given[0]).toMatch(/EPIPE/);
    else expect(given).toEqual([false]);
    expect(second?.connection.stats()).toMatchObject({ bytesWaiting: 0, bytesWritten: 0 });
    expect(second?.connection.failure).toMatchObject({ code: "EPIPE" });
    expect(await Promise.all(all.map(got))).toEqual(["", "", "message"]);
  },
);
