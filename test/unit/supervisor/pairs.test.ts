import { expect, test } from "vitest";
import { pairsOf } from "../../../src/supervisor/pairs.ts";

function place(service: string, ...urls: readonly string[]) {
  return { isHttp: false, services: [service], urls };
}

test("addresses come before names, and more of them before fewer", () => {
  const running = [place("one", "a", "b", "c"), place("two", "d")];
  const [one, two] = running;
  const swapped = [place("two", "a", "b"), place("one", "d")];
  expect([...pairsOf(running, swapped)]).toEqual([
    [swapped[0], one],
    [swapped[1], two],
  ]);
  const split = [place("left", "a"), place("right", "b", "c")];
  expect([...pairsOf(running, split)]).toEqual([[split[1], one]]);
});

test("a name is enough where no address is left", () => {
  const running = [place("one", "a")];
  const moved = place("one", "b");
  expect(pairsOf(running, [moved]).get(moved)).toBe(running[0]);
  expect(pairsOf(running, [place("two", "b")]).size).toBe(0);
});

test("an HTTP listener is none of a service's own", () => {
  const running = [place("one", "a")];
  expect(pairsOf(running, [{ ...place("one", "b"), isHttp: true }]).size).toBe(0);
});
