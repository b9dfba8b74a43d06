// recv and send of the compiled addon read their arguments from memory that any code can write to.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Addon } from "../../../src/native/kernel.ts";
import { kernel } from "../../../src/native/load.ts";
import { pair } from "../../behaviour/native/descriptors.ts";
import { startChild } from "../../support/child.ts";

const path =
  process.env["SOCKWRIGHT_ADDON"] ??
  fileURLToPath(new URL("../../../native/build/Release/sockwright.node", import.meta.url));
const addon = createRequire(import.meta.url)(path) as Addon;
const RESULT = 5;
const EBADF = 9;

const int32 = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.integer({ min: -2, max: 34 }));

describe("for any numbers in the frame", () => {
  test("nothing outside the view is written", () => {
    const [ours, peer] = pair();
    const [slot, generation] = ours;
    const memory = new Uint8Array(96);
    const room = memory.subarray(32, 64);
    fc.assert(
      fc.property(int32, int32, int32, (offset, length, flags) => {
        memory.fill(0);
        kernel.send(...peer, new Uint8Array(64).fill(1), 0, 64, 0);
        addon.transferFrame.set([slot, generation, offset, length, flags]);
        const isWithin = offset >= 0 && length >= 0 && offset + length <= room.length;
        if (isWithin) addon.recv(room);
        else expect(() => addon.recv(room)).toThrow(TypeError);
        const touched = memory.findIndex((byte) => byte !== 0);
        if (touched >= 0) expect(touched).toBe(32 + offset);
        const last = memory.findLastIndex((byte) => byte !== 0);
        expect(last).toBeLessThan(isWithin ? 32 + offset + length : 0);
        while (kernel.recv(...ours, new Uint8Array(4096), 0, 4096, 0) > 0);
      }),
      { numRuns: 500 },
    );
  });

  test("an unknown slot and generation give EBADF", () => {
    const [ours] = pair();
    fc.assert(
      fc.property(int32, int32, (slot, generation) => {
        fc.pre(slot !== ours[0] && kernel.fileno(Math.abs(slot), Math.abs(generation)) === -EBADF);
        addon.transferFrame.set([slot, generation, 0, 4, 0]);
        addon.send(new Uint8Array(4));
        expect(addon.transferFrame[RESULT]).toBe(-EBADF);
      }),
    );
  });
});

test("the memory of the frame cannot be transferred", () => {
  const { buffer } = addon.transferFrame;
  expect(buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(buffer.byteLength).toBe(24);
  expect(() => structuredClone(buffer, { transfer: [buffer as unknown as ArrayBuffer] })).toThrow();
});

test.each(["ArrayBuffer", "Object", "Map"])(
  "with %s in place of SharedArrayBuffer, the addon does not load",
  async (name) => {
    const program = `
    globalThis.SharedArrayBuffer = globalThis.${name};
    try { require(${JSON.stringify(path)}); console.log("loaded"); } catch (error) { console.log("refused: " + error.message); }
  `;
    const child = await startChild(process.execPath, ["-e", program]);
    expect(await child.exit()).toMatchObject({ code: 0 });
    expect(child.stdout).toMatch(/^refused: ./);
  },
);
