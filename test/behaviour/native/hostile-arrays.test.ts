// The elements of an array may be getters, and a getter can run any code while a native call reads the array.
import { describe, expect, test } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import { AF_INET, SOCK_STREAM } from "../../../src/socket/constants.ts";
import { closedAtTheEnd, detach, type Key, open, pair, resizableBuffer, resultsRoom } from "./descriptors.ts";

const EBADF = -9;

interface Transfer {
  readonly name: string;
  make(key: Key, buffers: Uint8Array[]): number;
}

const transfers: readonly Transfer[] = [
  { name: "sendmsg", make: (key, buffers) => kernel.sendmsg(...key, buffers, 0) },
  { name: "recvmsg", make: (key, buffers) => kernel.recvmsg(...key, buffers, 0, resultsRoom(), new Uint8Array(64)) },
];

/** Two buffers of four bytes; the second is the result of a getter. */
function withGetter(get: (array: Uint8Array[]) => Uint8Array | undefined): Uint8Array[] {
  const array = [new Uint8Array(4), new Uint8Array(4)];
  return Object.defineProperty(array, 1, { configurable: true, enumerable: true, get: () => get(array) });
}

/** A pair of sockets with eight bytes to read on the first. */
function loaded(): [Key, Key] {
  const [ours, peer] = pair();
  expect(kernel.send(...peer, new Uint8Array(8).fill(1), 0, 8, 0)).toBe(8);
  return [ours, peer];
}

describe.each(transfers)("$name with hostile arrays of buffers", ({ make }) => {
  test("a getter detaches the buffer before it", () => {
    const [ours] = loaded();
    const count = make(
      ours,
      withGetter(([first = new Uint8Array()]) => {
        detach(first);
        return new Uint8Array(4);
      }),
    );
    expect(count).toBe(4);
  });

  test("a getter shrinks the buffer before it", () => {
    const [ours] = loaded();
    const buffer = resizableBuffer(4096, 4096);
    const array = withGetter(() => {
      buffer.resize(0);
      return new Uint8Array(4);
    });
    array[0] = new Uint8Array(buffer, 0, 4096);
    expect(make(ours, array)).toBe(4);
  });

  test("a getter closes the socket", () => {
    const [ours] = loaded();
    const array = withGetter(() => {
      kernel.close(...ours);
      return new Uint8Array(4);
    });
    expect(make(ours, array)).toBe(EBADF);
  });

  test("a getter closes the socket and opens another in its slot", () => {
    const [ours, peer] = loaded();
    const array = withGetter(() => {
      kernel.close(...ours);
      const [slot] = open();
      expect(slot).toBe(ours[0]);
      return new Uint8Array(4);
    });
    expect(make(ours, array)).toBe(EBADF);
    // The peer sees the end of the closed socket, or a reset, and no data.
    expect([0, -104]).toContain(kernel.recv(...peer, new Uint8Array(8), 0, 8, 0));
  });

  // The table of sockets grows and moves.
  test("a getter opens a thousand sockets", () => {
    const [ours] = loaded();
    const opened: Key[] = [];
    const array = withGetter(() => {
      for (let i = 0; i < 1_000; i++) opened.push(closedAtTheEnd(kernel.socket(AF_INET, SOCK_STREAM, 0)));
      return new Uint8Array(4);
    });
    expect(make(ours, array)).toBe(8);
    for (const key of opened) expect(kernel.close(...key)).toBe(0);
  });

  test("a getter shortens the array, or lengthens it", () => {
    const [ours] = loaded();
    const emptied = withGetter((array) => {
      array.length = 1;
      return new Uint8Array(4);
    });
    Reflect.defineProperty(emptied, 2, { value: new Uint8Array(4), configurable: true, writable: true });
    expect(() => make(ours, emptied)).toThrow(TypeError);
    const longer = withGetter((array) => {
      for (let i = 0; i < 5_000; i++) array.push(new Uint8Array(1));
      return new Uint8Array(4);
    });
    expect(make(ours, longer)).toBe(8);
  });

  test("a getter throws, and the call throws the same error", () => {
    const [ours] = loaded();
    const thrown = new RangeError("from a getter");
    const array = withGetter(() => {
      throw thrown;
    });
    expect(() => make(ours, array)).toThrow(thrown);
  });

  test("a getter makes the same call within the call", () => {
    const [ours] = loaded();
    const inner = [new Uint8Array(4)];
    const array = withGetter(() => {
      expect(make(ours, inner)).toBe(4);
      return new Uint8Array(4);
    });
    expect(make(ours, array)).toBeGreaterThanOrEqual(4);
  });

  test("a getter drops the buffer before it and runs the garbage collector", () => {
    const [ours] = loaded();
    const { gc } = globalThis;
    if (gc === undefined) throw new Error("run with --expose-gc");
    const array = withGetter((them) => {
      them[0] = new Uint8Array(1);
      gc();
      return new Uint8Array(4);
    });
    expect(make(ours, array)).toBe(8);
  });

  test("an array holds at most as many buffers as the system takes", () => {
    const [ours] = loaded();
    expect(
      make(
        ours,
        Array.from({ length: 1024 }, () => new Uint8Array(1)),
      ),
    ).toBeGreaterThanOrEqual(8);
    expect(() =>
      make(
        ours,
        Array.from({ length: 1025 }, () => new Uint8Array(1)),
      ),
    ).toThrow(TypeError);
    expect(() => make(ours, new Array(2 ** 32 - 1))).toThrow(TypeError);
  });

  test("an array holds the same buffer several times", () => {
    const [ours] = loaded();
    const one = new Uint8Array(4);
    expect(make(ours, [one, one])).toBe(8);
  });

  test("an array takes its element from its prototype", () => {
    const [ours] = loaded();
    const array = Object.setPrototypeOf(new Array(1), [new Uint8Array(8)]);
    expect(make(ours, array)).toBe(8);
  });
});
