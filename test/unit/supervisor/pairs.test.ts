import { expect, test } from "vitest";
import { pairsOf } from "../../../src/supervisor/pairs.ts";

function place(service: string, ...urls: readonly string[]) {
  return { isHttp: false, services: [service], urls };
}

test("shared addresses take precedence over names, and more of them over fewer", () => {
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

test("a matching name is enough when no address is left", () => {
  const running = [place("one", "a")];
  const moved = place("one", "b");
  expect(pairsOf(running, [moved]).get(moved)).toBe(running[0]);
  expect(pairsOf(running, [place("two", "b")]).size).toBe(0);
});

test("an HTTP listener does not match a listener of a service", () => {
  const running = [place("one", "a")];
  expect(pairsOf(running, [{ ...place("one", "b"), isHttp: true }]).size).toBe(0);
});
