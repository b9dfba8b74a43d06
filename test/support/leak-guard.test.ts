import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { findLeaks, findRemainingLeaks, openResources } from "../../src/testing/open-resources.ts";

test("the guard reports nothing when nothing was opened", () => {
  expect(findLeaks(openResources(), openResources())).toEqual([]);
});

test("a descriptor that stays open is reported with its target", async () => {
  const before = openResources();
  const descriptor = openSync("/dev/null", "r");
  try {
    expect(await findRemainingLeaks(before, 10)).toEqual([`descriptor ${descriptor} (/dev/null)`]);
  } finally {
    closeSync(descriptor);
  }
});

test("a descriptor number that has been reused is reported", () => {
  const first = openSync("/dev/null", "r");
  const before = openResources();
  closeSync(first);
  const second = openSync("/dev/zero", "r");
  try {
    expect(second).toBe(first);
    expect(findLeaks(before, openResources())).toEqual([`descriptor ${second} (/dev/zero)`]);
  } finally {
    closeSync(second);
  }
});

test("a timer that stays armed is reported", async () => {
  const before = openResources();
  const timer = setTimeout(() => undefined, 60_000);
  try {
    expect(await findRemainingLeaks(before, 10)).toEqual(["Timeout (1 more than before)"]);
  } finally {
    clearTimeout(timer);
  }
});

test("a handle that stays open is reported, with its descriptor", async () => {
  const before = openResources();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const lines = await findRemainingLeaks(before, 10);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^descriptor \d+ \(socket:\[\d+\]\)$/);
    expect(lines[1]).toBe("TCPServerWrap (1 more than before)");
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test("a counter that went up is reported", async () => {
  let open = 3;
  const counters = [["things", () => open]] as const;
  const before = openResources(counters);
  open = 5;
  expect(await findRemainingLeaks(before, 10, counters)).toEqual(["things (2 more than before)"]);
});

test("the guard waits for a close in progress", async () => {
  const server = createServer();
  const before = openResources();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.close();
  expect(await findRemainingLeaks(before, 1_000)).toEqual([]);
});
