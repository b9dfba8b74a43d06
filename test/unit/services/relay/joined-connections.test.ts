import { constants } from "node:os";
import { expect, onTestFinished, test } from "vitest";
import { Connection } from "../../../../src/server/connection/connection.ts";
import { clientPolicy, DEFAULT_POLICY } from "../../../../src/server/connection/policy.ts";
import { DeadlineWheel } from "../../../../src/server/time/deadline-wheel.ts";
import { JoinedConnections, type JoinLimits, MAX_REST_MS } from "../../../../src/services/relay/joined-connections.ts";
import { relayCounters } from "../../../../src/services/relay/relay-stats.ts";
import { MemoryLink } from "../../../../src/testing/memory-link.ts";
import type { MemoryPairOptions } from "../../../../src/testing.ts";
import { LateClock } from "../../../behaviour/server/late-clock.ts";
import { textToEnd } from "../../../support/to-end.ts";
import { until, untilSteady } from "../../../support/until.ts";

/** More than a piece here: short ones are joined up to 4 KiB, and a link in memory passes on 1 KiB at once. */
const PIECE_BYTES = 8 * 1024;
const LIMITS: JoinLimits = { maxBufferedBytes: 64 * 1024, idleTimeoutMs: undefined };

/** Both ends of a connection in memory, with the deadlines of a clock that the test moves. */
function pair(clock: LateClock, { isRecords = false, bufferBytes = 64 * 1024 }: MemoryPairOptions) {
  const shape = { isRecords, isDatagram: false, bufferBytes, pieceBytes: Number.POSITIVE_INFINITY };
  const [left, right] = MemoryLink.pair(shape, [{ path: "" }, { path: "" }], () => undefined);
  const wheel = new DeadlineWheel(clock);
  return {
    client: new Connection(left, { ...clientPolicy(), wheel }),
    server: new Connection(right, { ...DEFAULT_POLICY, wheel }),
    reset() {
      for (const link of [left, right]) link.lose(constants.errno.ECONNRESET);
    },
  };
}

/** A client, the two joined connections, and the target at the other end. */
function joined(limits: Partial<JoinLimits> = {}, options: MemoryPairOptions = {}) {
  const clock = new LateClock();
  const [near, far] = [pair(clock, options), pair(clock, options)];
  const [accepted, opened] = [near.server, far.client];
  const counters = relayCounters();
  const both = new JoinedConnections(accepted, opened, { ...LIMITS, ...limits }, counters);
  const ended = both.run().then(
    () => undefined,
    (error: unknown) => error,
  );
  onTestFinished(async () => {
    for (const each of [near.client, near.server, far.client, far.server]) each.abort();
    await ended;
  });
  return { clock, client: near.client, target: far.server, accepted, opened, counters, both, ended, near, far };
}

test("bytes go both ways, and each side's end is passed on by itself", async () => {
  const { client, target, ended, both } = joined();
  client.write("question");
  await client.end();
  expect(await textToEnd(target)).toBe("question");
  // The client has ended, and still gets what comes later.
  target.write("answer");
  expect(String(await client.readExactly(6))).toBe("answer");
  target.write(", and more");
  await target.end();
  expect(await textToEnd(client)).toBe(", and more");
  expect(await ended).toBeUndefined();
  expect(both.traffic).toEqual({ bytesToTarget: 8, bytesFromTarget: 16 });
});

test("the target may end first", async () => {
  const { client, target, ended } = joined();
  await target.end();
  expect(await client.read()).toBeUndefined();
  client.write("still here");
  await client.end();
  expect(await textToEnd(target)).toBe("still here");
  expect(await ended).toBeUndefined();
});

test("a record stays a record, also an empty one", async () => {
  const { client, target } = joined({}, { isRecords: true });
  for (const record of ["one", "", "three"]) client.write(record);
  for (const record of ["one", "", "three"]) expect(String(await target.read())).toBe(record);
  target.write("back");
  expect(String(await client.read())).toBe("back");
});

test.each([
  [64 * 1024, 64 * 1024],
  // The marks of the connections are 64 KiB: a lower limit of the relay counts too.
  [4 * 1024, 4 * 1024],
])(
  "with maxBufferedBytes %i a direction holds no more than that, one piece, and the unread bytes",
  async (max, most) => {
    const { client, target, accepted, opened } = joined({ maxBufferedBytes: max }, { bufferBytes: 1_024 });
    const sent = Buffer.alloc(4 * 1024 * 1024, "x");
    client.writeLent(sent);
    await untilSteady(() => accepted.bytesRead, "the relay to stop reading");
    expect(opened.stats().bytesWaiting).toBeGreaterThan(0);
    expect(opened.stats().bytesWaiting).toBeLessThan(most + PIECE_BYTES);
    expect(accepted.stats().bytesUnread).toBeLessThan(64 * 1024 + 1_024);
    expect(target.bytesRead).toBe(0);
    // The other direction is not concerned.
    target.write("meanwhile");
    expect(String(await client.readExactly(9))).toBe("meanwhile");
    // The receiver takes it after all, and nothing is missing.
    let received = 0;
    while (received < sent.length) received += (await target.read())?.length ?? sent.length;
    expect(received).toBe(sent.length);
  },
);

test("a client that sends everything before it reads gets what a target sends that does the same", async () => {
  const { client, target } = joined({}, { bufferBytes: 1_024 });
  const bytes = 2 * 1024 * 1024;
  const toEnd = async (connection: Connection): Promise<number> => {
    let received = 0;
    for await (const piece of connection) received += piece.length;
    return received;
  };
  target.writeLent(Buffer.alloc(bytes));
  void target.end();
  client.writeLent(Buffer.alloc(bytes));
  // The client reads nothing, so the relay holds as much for it as it may.
  const atTarget = toEnd(target);
  await client.end();
  expect(await atTarget).toBe(bytes);
  expect(await toEnd(client)).toBe(bytes);
});

test("a reset of one side resets the other, which gets the bytes that came before", async () => {
  for (const isClient of [true, false]) {
    const { client, target, near, far, ended } = joined();
    const [lost, other] = isClient ? [client, target] : [target, client];
    lost.write("last words");
    await until(() => lost.bytesWritten === 10, "the bytes to leave");
    (isClient ? near : far).reset();
    expect(String(await other.readExactly(10))).toBe("last words");
    await expect(other.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await ended).toMatchObject({ code: "ECONNRESET" });
  }
});

test("a reset waits for the bytes that a slow receiver has not taken yet", async () => {
  const { client, target, accepted, near, ended } = joined({}, { bufferBytes: 1_024 });
  const sent = Buffer.alloc(10_000, "last words ");
  client.write(sent);
  await until(() => accepted.bytesRead === sent.length, "the relay to have the bytes");
  near.reset();
  expect((await target.readExactly(sent.length)).equals(sent)).toBe(true);
  await expect(target.read()).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(await ended).toMatchObject({ code: "ECONNRESET" });
});

test("a side that has ended and is reset later resets the other", async () => {
  const { client, target, near, ended } = joined();
  await client.end();
  expect(await target.read()).toBeUndefined();
  near.reset();
  expect(await ended).toMatchObject({ code: "ECONNRESET" });
  await expect(target.read()).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("with idleTimeoutMs both end when neither has sent for that time, and not while a slow receiver takes bytes", async () => {
  const { clock, client, target, accepted, ended, opened } = joined({ idleTimeoutMs: 1_000 }, { bufferBytes: 1_024 });
  clock.advance(800);
  client.write("x");
  await target.readExactly(1);
  clock.advance(800);
  client.writeLent(Buffer.alloc(512 * 1024));
  await untilSteady(() => opened.stats().bytesWaiting, "the buffers to be full");
  // Nothing new comes in, but the receiver takes some of what waits.
  clock.advance(900);
  await target.readExactly(2_048);
  await untilSteady(() => opened.bytesWritten, "the receiver to take bytes");
  clock.advance(900);
  await untilSteady(() => accepted.failure, "the deadline");
  expect(accepted.failure).toBeUndefined();
  clock.advance(1_200);
  await until(() => client.signal.aborted, "the reset of the client");
  expect(await ended).toMatchObject({ code: "ERR_SOCKWRIGHT_DEADLINE", deadline: "relay-idle" });
  clock.advance(MAX_REST_MS + 100);
  await until(() => opened.failure !== undefined, "the reset of the target");
});
