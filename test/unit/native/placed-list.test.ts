// A list whose members know their index, compared with a Set; unlike a Set, it retains no removed members.
import { getHeapStatistics } from "node:v8";
import { describe, expect, test } from "vitest";
import { NO_PLACE, type Placed, PlacedList } from "../../../src/native/placed-list.ts";

class Guest implements Placed {
  place = NO_PLACE;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

function listOf(...names: readonly string[]): { list: PlacedList<Guest>; guests: Guest[] } {
  const list = new PlacedList<Guest>();
  const guests = names.map((name) => new Guest(name));
  for (const guest of guests) list.add(guest);
  return { list, guests };
}

function namesOf(list: Iterable<Guest>): string[] {
  return Array.from(list, ({ name }) => name);
}

describe("members", () => {
  test("are added once, however often add is called", () => {
    const { list, guests } = listOf("a", "b");
    for (const guest of guests) list.add(guest);
    expect([list.size, namesOf(list)]).toEqual([2, ["a", "b"]]);
  });

  test.for([0, 1, 2])("at index %i are removed, and the others stay", (place) => {
    const { list, guests } = listOf("a", "b", "c");
    const [leaver] = guests.splice(place, 1);
    if (leaver === undefined) throw new Error("there is nobody at this place");
    expect(list.delete(leaver)).toBe(true);
    expect([leaver.place, list.has(leaver)]).toEqual([NO_PLACE, false]);
    expect(namesOf(list).sort()).toEqual(guests.map(({ name }) => name));
    expect(guests.every((guest) => list.has(guest))).toBe(true);
  });

  test("a second delete does nothing, nor does one of a member of another list", () => {
    const { list, guests } = listOf("a", "b");
    const stranger = listOf("c").guests[0] ?? new Guest("c");
    const [first = stranger] = guests;
    expect([list.delete(first), list.delete(first), list.delete(stranger)]).toEqual([true, false, false]);
    expect(namesOf(list)).toEqual(["b"]);
  });

  test("any sequence of add and delete gives the same result as a Set", () => {
    const { list, guests } = listOf();
    const set = new Set<Guest>();
    for (let index = 0; index < 20; index++) guests.push(new Guest(String(index)));
    let state = 1;
    for (let step = 0; step < 10_000; step++) {
      state = (state * 48_271) % 0x7fffffff;
      const guest = guests[state % guests.length];
      if (guest === undefined) throw new Error("no such guest");
      if (state % 3 === 0) expect(list.delete(guest)).toBe(set.delete(guest));
      else {
        list.add(guest);
        set.add(guest);
      }
      expect(list.size).toBe(set.size);
    }
    expect(namesOf(list).sort()).toEqual(namesOf(set).sort());
  });
});

describe("members change during an iteration", () => {
  test("each member is visited once, even if each is deleted when it is visited", () => {
    const { list } = listOf("a", "b", "c", "d");
    const met: string[] = [];
    for (const guest of list) {
      met.push(guest.name);
      list.delete(guest);
    }
    expect([met, list.size]).toEqual([["a", "b", "c", "d"], 0]);
  });

  test("members that were deleted or added during the iteration are not visited", () => {
    const { list, guests } = listOf("a", "b", "c", "d");
    const met: string[] = [];
    for (const guest of list) {
      met.push(guest.name);
      if (guest.name === "a") for (const leaver of guests.slice(1, 3)) list.delete(leaver);
      list.add(new Guest("late"));
    }
    expect(met).toEqual(["a", "d"]);
    expect(list.size).toBe(4);
  });
});

// V8's Set fails this test: after one mark-compact its old tables keep all later ones, about 20 MB of heap.
test("after a full collection it retains no deleted member", () => {
  const KEPT = 50;
  const list = new PlacedList<Guest>();
  const ring: Guest[] = [];
  const replace = (count: number): void => {
    for (let index = 0; index < count; index++) {
      const leaver = ring[index % KEPT];
      if (leaver !== undefined) list.delete(leaver);
      const guest = Object.assign(new Guest("x"), { ballast: new Array<number>(100).fill(0) });
      ring[index % KEPT] = guest;
      list.add(guest);
    }
  };
  replace(20_000);
  globalThis.gc?.();
  const before = getHeapStatistics().used_heap_size;
  replace(60_000);
  // Scavenges only: they cannot free what the old space retains.
  globalThis.gc?.({ type: "minor" });
  const after = getHeapStatistics().used_heap_size;
  expect(list.size).toBe(KEPT);
  expect(after - before).toBeLessThan(8 * 2 ** 20);
});
