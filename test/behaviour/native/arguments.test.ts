// Every native function checks its arguments: a wrong one throws a TypeError with its position and has no effect.
import { describe, expect, test } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import { SO_LINGER, SOL_SOCKET } from "../../../src/socket/constants.ts";
import { datagramSocket, detachedView, open, pair } from "./descriptors.ts";
import { call, rightArguments } from "./right-arguments.ts";
import { functionNames, type Kind, signatures } from "./signatures.ts";

const NOT_NUMBERS: readonly unknown[] = [
  "1",
  null,
  true,
  1n,
  {},
  [1],
  () => 1,
  Symbol("one"),
  { valueOf: () => 1 },
  new Number(1),
];
const NOT_INTEGERS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5, -0.5, 1.000001];
const NOT_32_BITS = [2 ** 32, 2 ** 53, -(2 ** 53), Number.MAX_VALUE, -Number.MAX_VALUE];
const NOT_VIEWS = [
  ...["bytes", null, 5, true, {}, [1, 2, 3, 4], () => 1],
  ...[new ArrayBuffer(16), new SharedArrayBuffer(16), new DataView(new ArrayBuffer(16))],
  ...[new Int8Array(16), new Uint8ClampedArray(16), new Uint16Array(16), new Int32Array(16), new Float32Array(16)],
  ...[new Float64Array(16), new BigInt64Array(16), new BigUint64Array(16), ...float16Array()],
  ...[
    new Proxy(new Uint8Array(16), {}),
    Object.create(new Uint8Array(16)),
    { length: 16, buffer: new ArrayBuffer(16) },
  ],
];
/** The values of NOT_VIEWS that are not arrays. */
const NOT_ARRAYS = NOT_VIEWS.filter((value) => !Array.isArray(value));

/** ECMAScript 2025, if this Node has it. Node-API does not support the type before Node 24. */
function float16Array(): unknown[] {
  const Float16Array: unknown = Reflect.get(globalThis, "Float16Array");
  return typeof Float16Array === "function" ? [Reflect.construct(Float16Array, [16])] : [];
}

/** Wrong values for each kind of argument, whatever the other arguments are. */
const wrong: Readonly<Record<Kind, readonly unknown[]>> = {
  slot: [...NOT_NUMBERS, ...NOT_INTEGERS],
  generation: [...NOT_NUMBERS, ...NOT_INTEGERS],
  int32: [...NOT_NUMBERS, ...NOT_INTEGERS, ...NOT_32_BITS, 2 ** 31, -(2 ** 31) - 1],
  descriptor: [...NOT_NUMBERS, ...NOT_INTEGERS, ...NOT_32_BITS, 2 ** 31, -(2 ** 31) - 1],
  uint32: [...NOT_NUMBERS, ...NOT_INTEGERS, ...NOT_32_BITS, -1],
  position: [...NOT_NUMBERS, ...NOT_INTEGERS, -1, 2 ** 53, -(2 ** 53)],
  boolean: [0, 1, "true", null, {}, new Boolean(true)],
  text: [5, null, true, {}, [], new String("lo"), Symbol("lo"), "lo\0", "\0"],
  name: [5, null, true, {}, [], new String("lo"), Symbol("lo"), "lo\0", "\0", "x".repeat(1_022), "é".repeat(1_000)],
  path: [5, null, true, {}, [], new String("lo"), Symbol("lo"), "lo\0", "\0", "x".repeat(4_097), "é".repeat(4_000)],
  view: NOT_VIEWS,
  offset: [...NOT_NUMBERS, ...NOT_INTEGERS, ...NOT_32_BITS, -1, 17],
  length: [...NOT_NUMBERS, ...NOT_INTEGERS, ...NOT_32_BITS, -1, 17],
  sockaddr: [...NOT_VIEWS, new Uint8Array(129)],
  room: [...NOT_VIEWS, ...smallViews(4), ...misaligned(132)],
  results: [...NOT_VIEWS, ...smallViews(140), ...misaligned(140)],
  buffers: [
    ...NOT_ARRAYS,
    ...[new Uint8Array(4), { length: 1, 0: new Uint8Array(4) }, new Set(), new Proxy([new Uint8Array(1)], {})],
    ...NOT_VIEWS.map((element) => [new Uint8Array(1), element]),
    ...[[undefined], Object.assign([], { 1: new Uint8Array(1) }), new Array(3)],
    ...[Array.from({ length: 1025 }, () => new Uint8Array(1)), new Array(2 ** 32 - 1)],
  ],
  handles: [
    ...["handles", null, 5, {}, [0, 0], new Float64Array(1), new Float64Array(0), detachedView(new Float64Array(2))],
    ...[new Float32Array(2), new BigInt64Array(2), new Uint8Array(16), new DataView(new ArrayBuffer(16))],
  ],
  "option value": [...NOT_VIEWS.filter((value) => typeof value !== "number"), ...NOT_INTEGERS, 2 ** 31, -(2 ** 53)],
  function: ["function", null, 5, {}, [], new Proxy({}, {})],
  records: [...["records", null, 5, {}, [1, 2, 3], new Uint8Array(12), new Uint32Array(3), new Float64Array(3)]],
  numbers: ["numbers", null, 5, {}, [1, 2, 3, 4], new Uint8Array(32), new Uint32Array(8), new Float64Array(8)],
  datagrams: [...NOT_NUMBERS, ...NOT_INTEGERS, ...NOT_32_BITS, -1, 3, 33],
  transfers: ["transfers", null, 5, {}, [1, 2, 3, 4], new Uint8Array(32), new Uint32Array(8), new Float64Array(8)],
};

function smallViews(bytes: number): Uint8Array[] {
  return [0, 1, bytes - 1].map((length) => new Uint8Array(length));
}

/** A native call stores an int32 at the start of such a view, which must be aligned. */
function misaligned(bytes: number): Uint8Array[] {
  return [1, 2, 3].map((offset) => new Uint8Array(new ArrayBuffer(bytes + 8), offset, bytes));
}

/** A native function receives undefined for a hole and for a missing last argument. */
const UNDEFINED: readonly unknown[] = [undefined];

const cases = functionNames.flatMap((name) =>
  signatures[name].map(({ kind, optional }, index) => ({
    name,
    index,
    kind,
    values: optional === true ? wrong[kind] : [...wrong[kind], ...UNDEFINED],
  })),
);

function expectRefused(name: (typeof functionNames)[number], values: readonly unknown[], index: number): void {
  let result: unknown;
  try {
    result = call(name, values);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
    expect((error as Error).message).toContain(`Argument ${index} of a native call`);
    return;
  }
  throw new Error(`${name} took ${typeof values[index]} ${JSON.stringify(values[index])} and gave ${String(result)}`);
}

describe("a wrong argument throws a TypeError with its position, and the call does nothing", () => {
  test.each(cases)("$name, argument $index, $kind", ({ name, index, values }) => {
    const [ours, peer] = pair();
    const before = kernel.openDescriptors();
    for (const value of values) {
      const given = rightArguments(name, ours);
      given[index] = value;
      expectRefused(name, given, index);
    }
    // Nothing was opened, closed, sent or received.
    expect(kernel.openDescriptors()).toBe(before);
    expect(kernel.fileno(...ours)).toBeGreaterThanOrEqual(0);
    expect(kernel.recv(...peer, new Uint8Array(1), 0, 1, 0)).toBe(-11);
    expect(kernel.poll(...ours, 4)).toBe(4);
  });

  test.each(functionNames.filter((name) => signatures[name].some(({ optional }) => optional !== true)))(
    "%s, with missing arguments",
    (name) => {
      const [ours] = pair();
      const given = rightArguments(name, ours);
      const needed = signatures[name].filter(({ optional }) => optional !== true).length;
      for (let count = 0; count < needed; count++) {
        expect(() => call(name, given.slice(0, count)), `${count} arguments`).toThrow(TypeError);
      }
      expect(kernel.fileno(...ours)).toBeGreaterThanOrEqual(0);
    },
  );

  test("close refuses a callback that is not a function, also on a socket with SO_LINGER", () => {
    const { key } = datagramSocket();
    kernel.setsockopt(...key, SOL_SOCKET, SO_LINGER, new Uint8Array(new Int32Array([1, 1]).buffer));
    for (const value of wrong.function) expectRefused("close", [...key, value], 2);
    expect(kernel.fileno(...key)).toBeGreaterThanOrEqual(0);
  });
});

test("a native call does not convert an object argument to a primitive value", () => {
  const [ours] = pair();
  let asked = 0;
  const object = {
    valueOf: () => asked++,
    toString: () => String(asked++),
    [Symbol.toPrimitive]: () => asked++,
  };
  for (const { name, index } of cases) {
    const given = rightArguments(name, ours);
    given[index] = object;
    expect(() => call(name, given)).toThrow(TypeError);
  }
  expect(asked).toBe(0);
});

test("extra arguments have no effect", () => {
  const [ours] = pair();
  const more = Array.from({ length: 50 }, () => ({}));
  const value = kernel.fileno(...ours);
  expect(call("fileno", [...ours, ...more])).toBe(value);
  expect(call("fileno", [...ours, ...Array.from({ length: 10_000 }, () => 1)])).toBe(value);
});

test("a function works the same without its receiver and as a constructor", () => {
  const { fileno } = kernel;
  const key = open();
  expect(fileno(...key)).toBe(kernel.fileno(...key));
  expect(Reflect.apply(fileno, undefined, key)).toBe(kernel.fileno(...key));
  expect(() => Reflect.construct(fileno, [])).toThrow(TypeError);
  expect(typeof Reflect.construct(fileno, key)).toBe("object");
});

test("every native function is in the table of signatures", () => {
  expect(functionNames.toSorted()).toEqual(
    Object.entries(kernel)
      .flatMap(([name, value]) => (typeof value === "function" ? [name] : []))
      .sort(),
  );
});
