// Deadlines of a single connection: one for each phase of a protocol, all on the shared timer wheel.
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import type { Connection } from "../../../src/server/connection/connection.ts";
import { MAX_DEADLINE_NAME_LENGTH } from "../../../src/server/connection/connection-deadline.ts";
import { MAX_DEADLINE_NAMES, ServerCounters } from "../../../src/server/telemetry/server-counters.ts";
import { DEADLINE_TICK_MS } from "../../../src/server/time/deadline-wheel.ts";
import { DeadlineError, openMetrics } from "../../../src/server.ts";
import { connected } from "../../support/connected.ts";
import type { ScriptedLink } from "../../support/scripted-link.ts";
import { serving } from "../../support/serving.ts";
import { unhandled } from "../../support/unhandled.ts";
import { turn, until } from "../../support/until.ts";
import { clockedConnection } from "./clocked-connection.ts";

const PAST = 1_000 + DEADLINE_TICK_MS;

test("a deadline that expires aborts the connection, reports its name, and is counted", async () => {
  const { clock, connection, expired, link } = clockedConnection();
  const request = connection.deadline("request");
  const read = connection.read();
  request.start(1_000);
  clock.advance(999);
  expect(expired).toEqual([]);
  clock.advance(DEADLINE_TICK_MS);
  await expect(read).rejects.toBeInstanceOf(DeadlineError);
  await expect(read).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_DEADLINE", deadline: "request" });
  await expect(read).rejects.toThrow('The deadline "request" has passed');
  expect([expired, link.calls.includes("abort"), clock.timers]).toEqual([["request"], true, 0]);
});

test("a deadline can be started for each phase, cancelled, and restarted while it runs", () => {
  const { clock, connection, expired } = clockedConnection();
  const phases: string[] = [];
  const phase = connection.deadline("phase", () => phases.push("over"));
  for (let round = 0; round < 3; round++) {
    phase.start(1_000);
    clock.advance(900);
    phase.cancel();
    phase.cancel();
    expect(clock.timers).toBe(0);
    clock.advance(60_000);
  }
  phase.start(1_000);
  clock.advance(900);
  phase.start(1_000);
  clock.advance(900);
  expect(phases).toEqual([]);
  clock.advance(100 + DEADLINE_TICK_MS);
  expect(phases).toEqual(["over"]);
  phase.start(1_000);
  clock.advance(PAST);
  expect([phases, expired]).toEqual([
    ["over", "over"],
    ["phase", "phase"],
  ]);
  connection.abort();
});

test("several deadlines run at once, independently", () => {
  const { clock, connection, expired } = clockedConnection();
  for (const [name, ms] of [
    ["third", 3_000],
    ["first", 1_000],
    ["second", 2_000],
  ] as const) {
    connection.deadline(name, () => undefined).start(ms);
  }
  clock.advance(5_000);
  expect(expired).toEqual(["first", "second", "third"]);
  connection.abort();
});

describe("with a handler", () => {
  test("the connection is not aborted: the handler answers, and the connection goes on", async () => {
    const { clock, connection, link } = clockedConnection();
    connection.deadline("request", () => connection.write("408")).start(1_000);
    const read = connection.read();
    clock.advance(PAST);
    await turn();
    expect(link.sent.map(String)).toEqual(["408"]);
    link.input?.onReceived(Buffer.from("still here"));
    expect(String(await read)).toBe("still here");
    connection.abort();
  });

  test.each<[string, () => unknown, string]>([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
      "boom",
    ],
    ["rejects", () => Promise.reject(new Error("later")), "later"],
    ["rejects with what is no error", () => Promise.reject("text" as unknown as Error), "text"],
  ])("that %s: the connection is aborted with that error", async (_, handler, reason) => {
    const errors = await unhandled(async () => {
      const { clock, connection, expired } = clockedConnection();
      connection.deadline("request", handler).start(1_000);
      const read = connection.read();
      clock.advance(PAST);
      await expect(read).rejects.toThrow(reason);
      expect([expired, clock.timers]).toEqual([["request"], 0]);
    });
    expect(errors).toEqual([]);
  });
});

describe("a deadline ends with its connection", () => {
  const ENDS: readonly (readonly [string, (connection: Connection, link: ScriptedLink) => unknown])[] = [
    ["aborted", (connection) => connection.abort()],
    ["lost", (_, link) => link.input?.onError(new Error("lost"))],
    ["closed, while the peer lingers", (connection) => connection.close({ lingerMs: 60_000 })],
    [
      "closed at once",
      async (connection, link) => {
        link.input?.onEnd();
        await connection.close();
      },
    ],
  ];

  test.each(ENDS)("%s: no timer is left, and start() sets none", (_, end) => {
    const { clock, connection, expired, link } = clockedConnection();
    const [one, two] = [connection.deadline("one"), connection.deadline("two", () => undefined)];
    one.start(1_000);
    two.start(1_000);
    void end(connection, link);
    expect(clock.timers).toBe(0);
    one.start(1_000);
    const late = connection.deadline("late");
    late.start(1_000);
    late.cancel();
    expect(() => late.start(0)).toThrow(RangeError);
    expect(clock.timers).toBe(0);
    clock.advance(PAST);
    expect(expired).toEqual([]);
    connection.abort();
  });

  test("a deadline that is created after the end sets no timer", () => {
    const { clock, connection } = clockedConnection();
    connection.abort();
    connection.deadline("late").start(1_000);
    expect(clock.timers).toBe(0);
  });

  test("the end of either direction does not cancel a deadline: an answer may still be due", () => {
    const { clock, connection, expired, link } = clockedConnection();
    connection.deadline("answer", () => undefined).start(1_000);
    link.input?.onEnd();
    void connection.end();
    clock.advance(PAST);
    expect(expired).toEqual(["answer"]);
    connection.abort();
  });
});

test("a process that was held up reads the input that arrived in time before a deadline expires", async () => {
  const { clock, link, connection, expired } = clockedConnection();
  let due = true;
  Object.assign(link, { isDue: (what: string) => what === "input" && due });
  const request = connection.deadline("request");
  request.start(1_000);
  const read = connection.read();
  clock.stop(60_000);
  expect(expired).toEqual([]);
  link.input?.onReceived(Buffer.from("in time"));
  await read;
  request.cancel();
  request.start(1_000);
  due = false;
  clock.advance(PAST);
  expect(expired).toEqual(["request"]);
});

describe("invalid names and times", () => {
  test.each<[unknown, string]>([
    [undefined, "ERR_INVALID_ARG_TYPE"],
    [5, "ERR_INVALID_ARG_TYPE"],
    ["", "ERR_INVALID_ARG_VALUE"],
    ["x".repeat(MAX_DEADLINE_NAME_LENGTH + 1), "ERR_INVALID_ARG_VALUE"],
    ...["handshake", "first-byte", "idle", "read", "write", "total", "drain", "linger", "grace", "other"].map(
      (name): [string, string] => [name, "ERR_INVALID_ARG_VALUE"],
    ),
  ])("%s is not a valid name", (name, code) => {
    const { connection } = clockedConnection();
    expect(() => connection.deadline(name as string)).toThrow(expect.objectContaining({ code }));
    connection.abort();
  });

  test.each(["x", "a request", "__proto__", "constructor", "x".repeat(MAX_DEADLINE_NAME_LENGTH)])(
    "%s is a valid name",
    (name) => {
      const { clock, connection, expired } = clockedConnection();
      connection.deadline(name).start(1);
      clock.advance(PAST);
      expect(expired).toEqual([name]);
      expect(connection.signal.reason).toMatchObject({ deadline: name });
    },
  );

  test.each([0, -1, 1.5, 2 ** 31, Number.NaN, "5", undefined])("%s is not a valid time", (ms) => {
    const { clock, connection } = clockedConnection();
    expect(() => connection.deadline("x").start(ms as number)).toThrow(/"ms"/);
    expect(clock.timers).toBe(0);
    connection.abort();
  });

  test("a handler that is not a function is refused", () => {
    const { connection } = clockedConnection();
    expect(() => connection.deadline("x", 5 as never)).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }),
    );
    connection.abort();
  });
});

test("MAX_DEADLINE_NAMES names are counted separately, all other names together", () => {
  const counters = new ServerCounters("names");
  for (let index = 0; index < 100; index++) counters.countExpiry(`name ${index}`);
  for (const name of ["name 0", "__proto__", "idle", "grace"]) counters.countExpiry(name);
  const { connectionsExpired } = counters.snapshot(0);
  expect(connectionsExpired).toMatchObject({ "name 0": 2, "name 15": 1, idle: 1, grace: 1, read: 0 });
  expect(connectionsExpired["other"]).toBe(101 - MAX_DEADLINE_NAMES);
  const own = Object.keys(connectionsExpired).filter((name) => name.startsWith("name "));
  expect(own).toHaveLength(MAX_DEADLINE_NAMES);
  expect(openMetrics([counters.snapshot(0)])).toContain('deadline="name 0"');
});

test("a server counts the deadline, reports why the connection ended, and calls the handler in the connection's context", async () => {
  const context = new AsyncLocalStorage<number>();
  const contexts: (number | undefined)[] = [];
  const service = async (connection: Connection): Promise<void> => {
    connection.deadline("answered", () => contexts.push(context.getStore())).start(1);
    connection.deadline("silence").start(200);
    await connection.read();
  };
  const server = await serving(service, { context: ({ id }, run) => context.run(id, run) });
  const client = await connected(server);
  await client.read().catch(() => undefined);
  await until(() => server.stats().connectionsActive === 0, "the connection to end");
  expect(server.stats()).toMatchObject({
    connectionsExpired: { answered: 1, silence: 1, idle: 0 },
    connectionsEnded: { deadline: 1 },
    errors: { ERR_SOCKWRIGHT_DEADLINE: 1 },
  });
  expect(contexts).toEqual([expect.any(Number)]);
});
