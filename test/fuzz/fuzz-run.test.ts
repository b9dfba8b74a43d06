// The fuzz runner itself: it finds leaks in any kind of round.
import { expect, test } from "vitest";
import { findPlanted, type Round } from "./fuzz-run.ts";

test("a fault is found: rounds that keep their input, on the heap and outside it", () => {
  for (const make of [(): unknown => new Array<number>(256).fill(0.5), (): unknown => Buffer.alloc(2_048)]) {
    const kept: unknown[] = [];
    const keeping: Round = () => void kept.push(make());
    expect(findPlanted(keeping)).toMatch(/^the rounds have left \d{8} bytes in memory$/);
    const passing: Round = () => void kept.splice(0, kept.length, make());
    expect(findPlanted(passing)).toBeUndefined();
  }
});
