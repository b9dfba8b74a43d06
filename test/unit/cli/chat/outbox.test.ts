import { expect, test } from "vitest";
import { Outbox, REPEAT_MS } from "../../../../src/cli/chat/outbox.ts";

test("what is not acknowledged is said again by the same tag, in order", () => {
  const outbox = new Outbox();
  const [one, two, three] = ["one", "//two", "/me three"].map((text) => outbox.add(text, 0));
  expect(outbox.take(two?.tag)).toBe(two);
  expect(outbox.take(two?.tag)).toBeUndefined();
  expect(outbox.repeat(1, true)).toEqual({ again: [one, three], unknown: [] });
  expect(outbox.size).toBe(2);
});

test("what the server could not know again is given up: after ten minutes, under another token, and commands", () => {
  const outbox = new Outbox();
  const old = outbox.add("old", 0);
  const command = outbox.add("/kick rose", REPEAT_MS);
  const young = outbox.add("young", REPEAT_MS);
  expect(outbox.repeat(REPEAT_MS, true)).toEqual({ again: [young], unknown: [old, command] });
  expect(outbox.repeat(REPEAT_MS, false)).toEqual({ again: [], unknown: [young] });
  expect(outbox.size).toBe(0);
});

test("who waits goes on when there is room", async () => {
  const outbox = new Outbox();
  const [one] = [outbox.add("one", 0), outbox.add("two", 0)];
  let hasRoom = false;
  const waiting = outbox.until(1).then(() => {
    hasRoom = true;
  });
  await Promise.resolve();
  expect(hasRoom).toBe(false);
  outbox.take(one.tag);
  await waiting;
  expect(hasRoom).toBe(true);
});
