// The testing kit: the error for an unknown option names it; the error for a wrong value says what it should be.
import { describe, expect, onTestFinished, test } from "vitest";
import type {
  ChaosOptions,
  FakeKernelOptions,
  LeakTrackerOptions,
  MemoryOptions,
  RandomFaultOptions,
} from "../../../src/testing.ts";
import { chaosProxy, fakeKernel, leakTracker, manualClock, memoryPair, memoryTransport } from "../../../src/testing.ts";
import { expectDefaults, expectNoOtherName, expectNoOtherValue, row } from "../../support/option-table.ts";

function abortAtTheEnd({ client, server }: ReturnType<typeof memoryPair>): void {
  onTestFinished(() => {
    client.abort();
    server.abort();
  });
}

const memory = { bufferBytes: [], pieceBytes: [] };
const chance: readonly unknown[] = [];

describe.each([
  row<MemoryOptions>("memoryTransport()", "value", memory, (options) => memoryTransport(options)[Symbol.dispose]()),
  row<MemoryOptions & { isRecords: boolean }>("memoryPair()", "value", { ...memory, isRecords: [true] }, (options) =>
    abortAtTheEnd(memoryPair(options)),
  ),
  row<FakeKernelOptions>(
    "fakeKernel()",
    "value",
    { sockets: [], bufferBytes: [], maxSockets: [], turns: [] },
    (options) => fakeKernel(options)[Symbol.dispose](),
  ),
  row<RandomFaultOptions>(
    "kernel.randomFaults()",
    "value",
    {
      seed: [],
      shortProbability: chance,
      againProbability: chance,
      interruptProbability: chance,
      spuriousProbability: chance,
      noBuffersProbability: chance,
    },
    (options) => {
      const kernel = fakeKernel();
      try {
        kernel.randomFaults(options);
      } finally {
        kernel[Symbol.dispose]();
      }
    },
  ),
  row<LeakTrackerOptions>("leakTracker()", "value", { patienceMs: [], counters: [[]] }, (options) =>
    leakTracker(options),
  ),
  row<ChaosOptions>(
    "chaosProxy()",
    "promise",
    {
      // The error for a text that is not a URL says so.
      listen: ["x"],
      seed: [],
      delayMs: [1.5],
      splitBytes: [],
      throttleBytesPerSecond: [1.5],
      resetProbability: [],
      resetAfterBytes: [],
      halfClose: [],
      dropProbability: [],
      duplicateProbability: [],
      reorderProbability: [],
      reorderHoldMs: [1.5],
      maxConnections: [],
      clock: [],
    },
    async (options) => {
      const given: unknown = options;
      const names = typeof given === "object" && given !== null ? Object.keys(given) : [];
      const isOfDatagrams = names.some((name) => /^(?:drop|duplicate|reorder)/.test(name));
      await (await chaosProxy(isOfDatagrams ? "udp://127.0.0.1:9" : "tcp://127.0.0.1:9", options)).close();
    },
  ),
])("$call", (each) => {
  test("refuses every other option", () => expectNoOtherName(each));
  test("refuses every other value of an option", () => expectNoOtherValue(each));
  test("uses the default for an undefined option", () => expectDefaults(each));
});

/** Functions without types, as plain JavaScript calls them. */
type Untyped = (...given: unknown[]) => unknown;

describe("the error for an argument of the wrong type says what to write", () => {
  test.each<[what: string, make: () => unknown, told: string]>([
    ["leakTracker(10)", () => (leakTracker as Untyped)(10), "of type object, such as { patienceMs: 10 }"],
    ["highWaterMark", () => (memoryTransport as Untyped)({ highWaterMark: 1 }), "Did you mean bufferBytes?"],
    ["a counter", () => (leakTracker as Untyped)({ counters: [1] }), "must be an array of [name, read], such as"],
    ["manualClock(text)", () => (manualClock as Untyped)("1"), 'The "startMs" argument must be of type number'],
    [
      "advance(text)",
      () => (manualClock().advance as Untyped).call(manualClock(), "1"),
      'The "ms" argument must be of',
    ],
  ])("%s throws", (_, make, told) => {
    expect(make).toThrow(told);
    expect(make).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_INVALID_ARG_/) }));
  });

  test("chaosProxy(8000) rejects", async () => {
    const told = 'The "targetUrl" argument must be a socket URL such as "tcp://127.0.0.1:8000"';
    await expect((chaosProxy as Untyped)(8000)).rejects.toThrow(told);
  });

  test("clock.awaitTimers(text) rejects", async () => {
    const clock = manualClock();
    await expect((clock.awaitTimers as Untyped).call(clock, "x")).rejects.toThrow(
      'The "count" argument must be of type number',
    );
  });

  test("a range refuses every other property", async () => {
    const delayMs: { min: number; max: number } = JSON.parse('{ "min": 1, "max": 2, "mean": 1 }');
    const told = "The property 'options.delayMs.mean' is no option of a range.";
    await expect(chaosProxy("tcp://127.0.0.1:9", { delayMs })).rejects.toThrow(told);
  });

  test("script() takes the name of a known call and a list of faults", () => {
    const kernel = fakeKernel();
    onTestFinished(() => kernel[Symbol.dispose]());
    const script = (...given: unknown[]): unknown => Reflect.apply(kernel.script, kernel, given);
    expect(() => script("revc", [])).toThrow("The argument 'call' must be one of socket, socketpair,");
    expect(() => script("recv", "EAGAIN")).toThrow('The "faults" argument must be an array, such as ["EAGAIN"]');
    expect(() => script("recv", [], 5)).toThrow('The "socket" argument must be a socket');
    expect(() => kernel.callCount("revc" as never)).toThrow("The argument 'call' must be one of socket, socketpair,");
    expect(() => script("recv", [null])).toThrow("The argument 'faults[0]' must be \"pass\", the name of an errno");
  });
});
