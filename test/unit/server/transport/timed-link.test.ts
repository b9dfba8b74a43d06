import { describe, expect, test } from "vitest";
import { Connection } from "../../../../src/server/connection/connection.ts";
import { DeadlineError } from "../../../../src/server/time/deadline-error.ts";
import { DEADLINE_TICK_MS, DeadlineWheel } from "../../../../src/server/time/deadline-wheel.ts";
import { type LinkTimeouts, timedLinkOf } from "../../../../src/server/transport/timed-link.ts";
import { LateClock } from "../../../behaviour/server/late-clock.ts";
import { ScriptedLink } from "../../../support/scripted-link.ts";
import { nextTick } from "../../../support/until.ts";

const never: LinkTimeouts = {
  firstByteTimeoutMs: undefined,
  idleTimeoutMs: undefined,
  readTimeoutMs: undefined,
  totalTimeoutMs: undefined,
};

function timedConnection(timeouts: Partial<LinkTimeouts>) {
  const clock = new LateClock();
  const link = new ScriptedLink();
  const expired: string[] = [];
  const connection = new Connection(
    timedLinkOf(link, { ...never, ...timeouts }, new DeadlineWheel(clock), (name) => expired.push(name)),
  );
  const receive = (text: string): void => link.input?.onReceived(Buffer.from(text));
  return { clock, link, connection, expired, receive };
}

test("timed returns the link itself when there is no timeout", () => {
  const link = new ScriptedLink();
  expect(timedLinkOf(link, never, new DeadlineWheel(new LateClock()), () => undefined)).toBe(link);
});

test("an expired deadline aborts the link, rejects the pending read, and reports its name", async () => {
  const { clock, link, connection, expired } = timedConnection({ totalTimeoutMs: 1_000 });
  const read = connection.read();
  clock.advance(999);
  expect(expired).toEqual([]);
  clock.advance(1);
  await expect(read).rejects.toBeInstanceOf(DeadlineError);
  await expect(read).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_DEADLINE", deadline: "total" });
  expect(expired).toEqual(["total"]);
  expect(link.calls).toContain("abort");
  expect(connection.signal.reason).toBeInstanceOf(DeadlineError);
  expect(clock.timers).toBe(0);
});

test("first byte: a byte or the end of the stream cancels the deadline", () => {
  const silent = timedConnection({ firstByteTimeoutMs: 1_000 });
  silent.clock.advance(1_000);
  expect(silent.expired).toEqual(["first-byte"]);
  const talking = timedConnection({ firstByteTimeoutMs: 1_000 });
  talking.receive("x");
  expect(talking.clock.timers).toBe(0);
  const ending = timedConnection({ firstByteTimeoutMs: 1_000 });
  ending.link.input?.onEnd();
  expect(ending.clock.timers).toBe(0);
});

test("input that is not reported yet delays each deadline except the total; pending output delays none", () => {
  const timeouts = { firstByteTimeoutMs: 1_000, idleTimeoutMs: 1_000, readTimeoutMs: 1_000, totalTimeoutMs: 5_000 };
  const { clock, link, connection, expired, receive } = timedConnection(timeouts);
  connection.read().catch(() => undefined);
  let due: string | undefined = "input";
  Object.assign(link, { isDue: (what: string) => what === due });
  clock.stop(1_500);
  expect(expired).toEqual([]);
  receive("x");
  due = "output";
  connection.read().catch(() => undefined);
  clock.advance(1_100);
  expect(expired).toEqual(["idle"]);
});

test("idle: received and sent bytes restart the timeout without setting a timer", async () => {
  const { clock, connection, expired, receive } = timedConnection({ idleTimeoutMs: 1_000 });
  const { timersSet } = clock;
  for (let round = 0; round < 10; round++) {
    clock.advance(90);
    receive("x");
    connection.write("y");
    await nextTick();
  }
  expect(clock.timersSet).toBe(timersSet);
  clock.advance(999);
  expect(expired).toEqual([]);
  clock.advance(1 + DEADLINE_TICK_MS);
  expect(expired).toEqual(["idle"]);
});

describe("read", () => {
  test("the read timeout counts only while a read is pending", async () => {
    const { clock, connection, expired, receive } = timedConnection({ readTimeoutMs: 1_000 });
    const first = connection.read();
    clock.advance(900);
    receive("x");
    await first;
    // The service does other work; no read is pending.
    clock.advance(60_000);
    expect(expired).toEqual([]);
    const second = connection.read();
    clock.advance(999);
    expect(expired).toEqual([]);
    clock.advance(1 + DEADLINE_TICK_MS);
    expect(expired).toEqual(["read"]);
    await expect(second).rejects.toMatchObject({ deadline: "read" });
  });

  test("with onBytes a read is always pending, and each received byte restarts the timeout", async () => {
    const { clock, connection, expired, receive } = timedConnection({ readTimeoutMs: 1_000 });
    const pushed = connection.onBytes(() => undefined);
    for (let round = 0; round < 5; round++) {
      clock.advance(900);
      receive("x");
    }
    expect(expired).toEqual([]);
    clock.advance(1_000 + DEADLINE_TICK_MS);
    await expect(pushed).rejects.toMatchObject({ deadline: "read" });
  });

  test("the read timeout does not count while reading is paused by a full write buffer", async () => {
    const { clock, link, connection, expired } = timedConnection({ readTimeoutMs: 1_000 });
    link.room = 0;
    const pushed = connection.onBytes(() => undefined);
    connection.write(Buffer.alloc(100_000));
    await nextTick();
    clock.advance(60_000);
    expect(expired).toEqual([]);
    link.room = Number.POSITIVE_INFINITY;
    link.output?.onWritable();
    clock.advance(1_000 + DEADLINE_TICK_MS);
    await expect(pushed).rejects.toMatchObject({ deadline: "read" });
  });
});

test.for(["close", "abort", "loss"] as const)("a %s cancels all deadlines", async (how) => {
  const all = { firstByteTimeoutMs: 1, idleTimeoutMs: 1, readTimeoutMs: 1, totalTimeoutMs: 1 };
  const { clock, link, connection, expired } = timedConnection(all);
  const read = connection.read();
  link.room = 0;
  connection.write("x");
  await nextTick();
  expect(clock.timers).toBe(1);
  if (how === "abort") connection.abort();
  else if (how === "loss") link.input?.onError(new Error("lost"));
  else {
    const closed = connection.close();
    link.room = 1;
    link.output?.onWritable();
    link.input?.onEnd();
    await closed;
  }
  expect(clock.timers).toBe(0);
  clock.advance(60_000);
  expect(expired).toEqual([]);
  await read.catch(() => undefined);
});
