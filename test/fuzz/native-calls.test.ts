// Calls native functions with any arguments in any order: the result is a number, a text, undefined, or a TypeError; never a
// crash, and never a leaked descriptor. Under the sanitizers this test finds errors that no other test triggers.
// `SOCKWRIGHT_FUZZ_SECONDS=60` sets its time, `SOCKWRIGHT_FUZZ_SEED` repeats a run.
import { closeSync, constants, openSync } from "node:fs";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { kernel } from "../../src/native/load.ts";
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "../../src/socket/constants.ts";
import {
  addressRoom,
  detach,
  detachedView,
  type Key,
  keyOf,
  loopback,
  resizableBuffer,
  resultsRoom,
} from "../behaviour/native/descriptors.ts";
import { call } from "../behaviour/native/right-arguments.ts";
import {
  type FunctionName,
  functionNames,
  type Kind,
  type Parameter,
  signatures,
} from "../behaviour/native/signatures.ts";
import { PLANTED_SEED, seconds, seed, timeout } from "./fuzz-run.ts";

const CALLS = 20_000;
const CALLS_PER_WORLD = 50;

/** The sockets of a world, which the calls may use. It is closed and made again after some calls. */
class World {
  readonly keys: Key[] = [];
  /** Open descriptors without a slot, which may be adopted. */
  readonly descriptors: number[] = [];

  constructor() {
    for (const type of [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET]) {
      const handles = new Float64Array(2);
      kernel.socketpair(AF_UNIX, type, 0, handles);
      for (const handle of handles) this.keys.push(keyOf(handle));
    }
    const udp = this.open(AF_INET, SOCK_DGRAM);
    kernel.bind(...udp, loopback(0));
    const listener = this.open(AF_INET, SOCK_STREAM);
    kernel.bind(...listener, loopback(0));
    kernel.listen(...listener, 4);
    this.open(AF_INET6, SOCK_STREAM);
    this.open(AF_UNIX, SOCK_STREAM);
  }

  open(family: number, type: number): Key {
    const key = keyOf(kernel.socket(family, type, 0));
    this.keys.push(key);
    return key;
  }

  /** A descriptor without a slot, of a socket or of something else. */
  descriptor(isSocket: boolean): number {
    const descriptor = isSocket
      ? kernel.detach(...keyOf(kernel.socket(AF_UNIX, SOCK_STREAM, 0)), false)
      : openSync("/dev/null", "r");
    this.descriptors.push(descriptor);
    return descriptor;
  }

  /** The world owns the sockets that its calls open; a detached one has no owner, and is closed at once. */
  adopt(name: FunctionName, result: unknown, values: readonly unknown[]): void {
    if (typeof result !== "number" || result < 0) return;
    if (["socket", "dup", "accept", "fromfd", "openat2"].includes(name)) this.keys.push(keyOf(result));
    if (name === "adopt") {
      this.keys.push(keyOf(result));
      this.descriptors.splice(this.descriptors.indexOf(Number(values[0])), 1);
    }
    if (name === "detach") closeSync(result);
    if (name === "socketpair") {
      for (const handle of values[3] as Float64Array) if (handle > 0) this.keys.push(keyOf(handle));
    }
  }

  /** One of its descriptors, with or without a slot. */
  owns(descriptor: unknown): boolean {
    return [...this.descriptors, ...this.keys.map((key) => kernel.fileno(...key))].some((own) => own === descriptor);
  }

  close(): void {
    for (const key of this.keys) kernel.close(...key);
    for (const descriptor of this.descriptors) closeSync(descriptor);
  }
}

let world: World;

/** Abstract names and loopback ports, cut and lengthened: no call may reach a file or leave the machine. */
const sockaddrs: readonly (() => Uint8Array)[] = [
  () => loopback(0),
  () => loopback(9),
  () => loopback(9).subarray(0, 7),
  () => Uint8Array.from([AF_INET6, 0, 0, 9, ...new Array(19).fill(0), 1, 0, 0, 0, 0]),
  () => Uint8Array.from([AF_UNIX, 0, 0, 115, 107, 119, 102, 117, 122, 122]),
  () => Uint8Array.from([AF_UNIX, 0]),
  () => Uint8Array.from([AF_UNIX, 0, ...new Array(126).fill(0)]),
  () => new Uint8Array(2),
  () => new Uint8Array(128).fill(0xff),
];

function memory(): Uint8Array {
  return new Uint8Array(64);
}

function shrunk(): Uint8Array {
  const buffer = resizableBuffer(256, 256);
  const view = new Uint8Array(buffer, 128, 64);
  buffer.resize(8);
  return view;
}

const views: readonly (() => unknown)[] = [
  memory,
  () => new Uint8Array(0),
  () => Buffer.alloc(3),
  () => new Uint8Array(new ArrayBuffer(200), 101, 37),
  () => new Uint8Array(100_000),
  () => new Uint8Array(new SharedArrayBuffer(48)),
  () => detachedView(memory()),
  shrunk,
  () => new Uint8Array(resizableBuffer(32, 64)),
  addressRoom,
  resultsRoom,
];

/** An array with an element that has an effect when it is read. */
function trap(act: (array: unknown[]) => unknown): unknown[] {
  const array: unknown[] = [memory(), memory(), memory()];
  return Object.defineProperty(array, 1, { configurable: true, get: () => act(array) ?? memory() });
}

const traps: readonly (() => unknown)[] = [
  () => trap(([first]) => detach(first as Uint8Array)),
  () => trap(() => void world.keys.map((key) => kernel.close(...key))),
  () => trap(() => void Array.from({ length: 40 }, () => world.open(AF_INET, SOCK_STREAM))),
  () =>
    trap((array) => {
      array.length = 1;
    }),
  () => trap((array) => void array.push(...new Array(2_000).fill(memory()))),
  () =>
    trap(() => {
      throw new TypeError("from a getter");
    }),
];

/** Arguments of every kind, right or wrong. */
const anything: readonly (() => unknown)[] = [
  ...[undefined, null, true, false, "", "127.0.0.1", "::1", "lo", "a\0b", "\ud800", 1n, Symbol("s")].map(
    (it) => () => it,
  ),
  ...[0, -0, 1, -1, 2, 16, 63, 64, 65, 0.5, 2 ** 24, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53].map(
    (it) => () => it,
  ),
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE].map((it) => () => it),
  ...[() => ({}), () => [], () => new Array(5), () => () => undefined, () => new Proxy([], {}), () => new Date()],
  ...[
    () => new Int32Array(6),
    () => new Float64Array(2),
    () => new DataView(new ArrayBuffer(8)),
    () => new ArrayBuffer(8),
  ],
  ...[() => detachedView(new Float64Array(2)), () => detachedView(new Int32Array(3)), () => new BigInt64Array(2)],
  ...views,
  ...traps,
];

const numbers = (...values: readonly number[]): (() => unknown)[] => values.map((value) => () => value);

/** Right arguments by kind, so that calls get further. None names a file, a raw socket or a filter. */
const right: Readonly<Record<Kind, readonly (() => unknown)[]>> = {
  slot: [],
  generation: [],
  int32: numbers(0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 41, 0x2, 0x20, 0x40, 0x100, 0x2000, -1, 2 ** 31 - 1),
  position: numbers(0, 1, 4_096, 2 ** 31, 2 ** 32, 2 ** 53 - 1),
  uint32: numbers(0, 1, 4, 5, 0x2001, 0x80000001, 0x40000005, 0xffffffff),
  descriptor: [
    () => world.descriptor(true),
    () => world.descriptor(true),
    () => world.descriptor(false),
    () => world.descriptors[0],
    () => kernel.fileno(...(world.keys[0] ?? [0, 0])),
    ...numbers(-1, 2 ** 30),
  ],
  boolean: [() => true, () => false],
  text: ["127.0.0.1", "::1", "lo", "", "x".repeat(500), "fe80::1%lo"].map((text) => () => text),
  name: ["127.0.0.1", "::1", "", "x".repeat(2_000), "9", "tcp"].map((text) => () => text),
  path: ["", ".", "..", "/", "x".repeat(4_095), "x".repeat(4_096)].map((text) => () => text),
  view: views,
  offset: numbers(0, 1, 16, 64),
  length: numbers(0, 1, 16, 63, 64),
  sockaddr: sockaddrs,
  room: [
    addressRoom,
    () => new Uint8Array(4),
    () => new Uint8Array(9),
    () => new Uint8Array(new SharedArrayBuffer(20)),
  ],
  results: [resultsRoom, () => new Uint8Array(200)],
  buffers: [
    () => [memory()],
    () => [],
    () => [memory(), new Uint8Array(0), memory()],
    () => views.map((view) => view()),
    ...traps,
  ],
  handles: [() => new Float64Array(2), () => new Float64Array(new SharedArrayBuffer(32))],
  "option value": [
    () => 0,
    () => 1,
    () => 70_000,
    () => new Uint8Array(4),
    () => new Uint8Array(12),
    () => detachedView(memory()),
  ],
  function: [() => () => undefined],
  records: [() => new Int32Array(3)],
  numbers: [
    () => new Int32Array(64),
    () => Int32Array.of(0, 16, 0, 16, 8, 0, 16, 2),
    () => Int32Array.of(0, 16, 0, 129, -1, 2 ** 31 - 1, 2 ** 31 - 1, -1),
    () => new Int32Array(new SharedArrayBuffer(64)),
    () => detachedView(new Int32Array(8)),
  ],
  datagrams: numbers(0, 1, 2, 31, 32, 33),
  transfers: [
    () => Int32Array.from(world.keys.flatMap(([slot, generation]) => [slot, generation, 0, 16])),
    () => new Int32Array(64),
    () => Int32Array.of(0, 1, -1, 2 ** 31 - 1, 1, 1, 2 ** 31 - 1, 2 ** 31 - 1),
    () => new Int32Array(new SharedArrayBuffer(64)),
    () => detachedView(new Int32Array(8)),
  ],
};

// A raw socket could send anything, and filters and firewall tables contain pointers: test/behaviour/native/options.test.ts.
function isForbidden(name: FunctionName, values: readonly unknown[]): boolean {
  if (name === "socket" || name === "socketpair")
    return ![1, 2, 10].includes(Number(wide(values[0]))) || isRaw(values[1]);
  // Any other descriptor may belong to Node.
  if (name === "adopt" || name === "fromfd") return isOpen(values[0]) && !world.owns(values[0]);
  // fcntl(2): duplicates of dup(2) share O_NONBLOCK. If the duplicate of a listener was released as a blocking one, accept(2)
  // would block forever, and the test with it.
  if (name === "detach") return values[2] === true;
  // Text that is not an address goes to a name server.
  if (name === "getaddrinfo" || name === "gethostbyname")
    return !["127.0.0.1", "::1", undefined].some((it) => it === values[0]);
  if (name === "getnameinfo" || name === "gethostbyaddr") return isOfAnother(values[name === "getnameinfo" ? 0 : 1]);
  // open(2): O_CREAT, and O_TMPFILE with it, would leave files.
  if (name === "openat2") return (Number(wide(values[2])) & O_CREATING) !== 0;
  if (name === "setsockopt" || name === "getsockopt") return ![1, 6, 41].includes(Number(wide(values[2])));
  return false;
}

const O_CREATING = constants.O_CREAT | 0o20_000_000;

/** Whether it may be the address of another machine: not numeric, and not the loopback address. */
function isOfAnother(address: unknown): boolean {
  return address instanceof Uint8Array && !(address[0] === AF_INET && address[4] === 127);
}

/** Whether a number may be a descriptor. */
function isOpen(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 30;
}

/** Numbers stay, and the addon refuses everything else. */
function wide(value: unknown): number {
  return typeof value === "number" ? value : 1;
}

function isRaw(type: unknown): boolean {
  return typeof type === "number" && ![1, 2, 5].includes(type & 0xf);
}

interface Step {
  readonly name: FunctionName;
  /** For each argument: whether it is right, and its index among the right ones or all. */
  readonly picks: readonly { readonly isRight: boolean; readonly which: number }[];
  readonly socket: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  name: fc.constantFrom(...functionNames),
  picks: fc.array(fc.record({ isRight: fc.integer({ min: 0, max: 9 }).map((die) => die > 0), which: fc.nat(10_000) }), {
    maxLength: 8,
    minLength: 6,
  }),
  socket: fc.nat(1_000),
});

function argumentsOf({ name, picks, socket }: Step): unknown[] {
  const parameters: readonly Parameter[] = signatures[name];
  const key = world.keys[socket % world.keys.length] ?? [0, 0];
  return picks.map(({ isRight, which }, index): unknown => {
    const kind = parameters[index]?.kind;
    if (isRight && kind === "slot") return key[0];
    if (isRight && kind === "generation") return key[1];
    const pool = isRight && kind !== undefined ? right[kind] : anything;
    return pool[which % pool.length]?.();
  });
}

beforeAll(() => {
  // Started here, so that no call of the test starts it with other arguments.
  const records = new Int32Array(3 * 64);
  const started = kernel.start((count) => {
    for (let at = 0; at < 3 * count; at += 3) kernel.watch(records[at] ?? 0, records[at + 1] ?? 0, 0);
  }, records);
  expect(started).toBe(0);
});

afterAll(() => kernel.setReferenced(false));

/** Calls random functions in new worlds; `outcomes` counts the results. */
async function fuzz(
  from: number,
  outcomes = new Map<string, number>(),
  isPlanted = false,
): Promise<string | undefined> {
  const before = kernel.openDescriptors();
  const property = fc.asyncProperty(
    fc.array(step, { minLength: CALLS_PER_WORLD, maxLength: CALLS_PER_WORLD }),
    async (steps) => {
      world = new World();
      try {
        for (const each of steps) {
          const values = argumentsOf(each);
          if (isForbidden(each.name, values)) continue;
          const outcome = attempt(each.name, values);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
        // The poller runs with everything that is watched now.
        await new Promise((resolve) => setImmediate(resolve));
      } finally {
        world.close();
        kernel.setReferenced(false);
      }
      expect(kernel.openDescriptors()).toBe(before);
    },
  );
  // For a planted fault, no shortest example is needed.
  const details = await fc.check(property, { seed: from, numRuns: CALLS / CALLS_PER_WORLD, endOnFailure: isPlanted });
  return details.failed ? `${String(details.errorInstance)}\n${fc.defaultReportMessage(details) ?? ""}` : undefined;
}

test("calls with hostile arguments", { timeout: 300_000 + timeout }, async () => {
  console.info(`native fuzz: SOCKWRIGHT_FUZZ_SEED=${seed} SOCKWRIGHT_FUZZ_SECONDS=${seconds}`);
  const outcomes = new Map<string, number>();
  const end = performance.now() + seconds * 1_000;
  let rounds = 0;
  do expect(await fuzz(seed + rounds, outcomes)).toBeUndefined();
  while (performance.now() < end && ++rounds > 0);
  // The calls get further than the check of their arguments.
  for (const outcome of ["value", "errno", "TypeError"])
    expect(outcomes.get(outcome), outcome).toBeGreaterThan(CALLS / 20);
});

describe("a fault is found", () => {
  const { bind, dup, getsockopt, inet_ntop } = kernel;
  afterEach(() => void Object.assign(kernel, { bind, dup, getsockopt, inet_ntop }));

  test.each<[string, () => void, RegExp]>([
    ["a result that is no number", () => plant({ getsockopt: () => 1n }), /getsockopt gave 1/],
    [
      "an error that is no TypeError",
      () => plant({ inet_ntop: (...given: unknown[]) => inRange(given) }),
      /RangeError/,
    ],
    [
      "an error for what the system says",
      () => plant({ bind: (...given: unknown[]) => thrown(bind, given) }),
      /bind -/,
    ],
  ])("%s", async (_name, planted, said) => {
    planted();
    expect(await fuzz(PLANTED_SEED, undefined, true)).toMatch(said);
  });

  test("a leaked descriptor", async () => {
    const lost: Key[] = [];
    plant({
      dup: (slot: number, generation: number) => {
        const handle = dup(slot, generation);
        if (handle >= 0) lost.push(keyOf(dup(slot, generation)));
        return handle;
      },
    });
    try {
      expect(await fuzz(PLANTED_SEED, undefined, true)).toMatch(/expected \d+ to be \+?\d+/);
    } finally {
      for (const key of lost) kernel.close(...key);
    }
  });

  function plant(faulty: Readonly<Record<string, unknown>>): void {
    Object.assign(kernel, faulty);
  }

  function inRange([family, bytes]: readonly unknown[]): unknown {
    if (family !== AF_INET) throw new RangeError("family");
    return call("inet_pton", [family, "127.0.0.1", bytes]);
  }

  function thrown(real: (...given: never[]) => number, given: readonly unknown[]): number {
    const result: number = Reflect.apply(real, kernel, given);
    if (result < 0) throw new Error(`bind ${result}`);
    return result;
  }
});

function attempt(name: FunctionName, values: readonly unknown[]): "value" | "errno" | "TypeError" {
  let result: unknown;
  try {
    result = call(name, values);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return "TypeError";
  }
  world.adopt(name, result, values);
  if (name === "if_nameindex" && Array.isArray(result)) return "value";
  if (result !== undefined && typeof result !== "number" && typeof result !== "string") {
    throw new Error(`${name} gave ${String(result)}`);
  }
  return typeof result === "number" && result < 0 ? "errno" : "value";
}
