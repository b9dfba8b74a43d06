import { expect, test } from "vitest";
import { REPEAT_MS, Unacknowledged } from "../../../../src/cli/chat/unacknowledged.ts";

test("unacknowledged lines are repeated with the same tags, in order", () => {
  const unacknowledged = new Unacknowledged();
  const [one, two, three] = ["one", "//two", "/me three"].map((text) => unacknowledged.add(text, 0));
  expect(unacknowledged.take(two?.tag)).toBe(two);
  expect(unacknowledged.take(two?.tag)).toBeUndefined();
  expect(unacknowledged.repeat(1, true)).toEqual({ again: [one, three], unknown: [] });
  expect(unacknowledged.size).toBe(2);
});

test("lines that the server could not recognize are not repeated: after ten minutes, with another token, and commands", () => {
  const unacknowledged = new Unacknowledged();
  const old = unacknowledged.add("old", 0);
  const command = unacknowledged.add("/kick rose", REPEAT_MS);
  const young = unacknowledged.add("young", REPEAT_MS);
  expect(unacknowledged.repeat(REPEAT_MS, true)).toEqual({ again: [young], unknown: [old, command] });
  expect(unacknowledged.repeat(REPEAT_MS, false)).toEqual({ again: [], unknown: [young] });
  expect(unacknowledged.size).toBe(0);
});

test("until() resolves when there is room", async () => {
  const unacknowledged = new Unacknowledged();
  const [one] = [unacknowledged.add("one", 0), unacknowledged.add("two", 0)];
  let hasRoom = false;
  const waiting = unacknowledged.until(1).then(() => {
    hasRoom = true;
  });
  await Promise.resolve();
  expect(hasRoom).toBe(false);
  unacknowledged.take(one.tag);
  await waiting;
  expect(hasRoom).toBe(true);
});
