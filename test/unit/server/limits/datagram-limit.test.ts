import { expect, test } from "vitest";
import { DatagramLimit, type DatagramLimits } from "../../../../src/server/limits/datagram-limit.ts";
import { manualClock } from "../../../../src/testing.ts";

const a = { host: "192.0.2.1", port: 1 };
const b = { host: "192.0.2.2", port: 1 };

function limit(limits: Partial<DatagramLimits>): DatagramLimit {
  const open = { datagramRatePerAddress: undefined, maxPendingReplies: 100, maxPendingRepliesPerAddress: 100 };
  return new DatagramLimit({ ...open, ...limits }, manualClock());
}

test("pending replies are limited per address, whatever the port, and in total", () => {
  const made = limit({ maxPendingReplies: 3, maxPendingRepliesPerAddress: 2 });
  for (const peer of [a, { ...a, port: 2 }]) {
    expect(made.check(peer)).toBeUndefined();
    made.add(peer);
  }
  expect(made.check({ ...a, port: 3 })).toBe("max-pending-replies-per-address");
  expect(made.check(b)).toBeUndefined();
  made.add(b);
  expect(made.check(b)).toBe("max-pending-replies");
  made.remove(a);
  expect([made.check(a), made.check(b)]).toEqual([undefined, undefined]);
  expect(made.pending).toBe(2);
});

test("datagramRatePerAddress limits each address", () => {
  const made = limit({ datagramRatePerAddress: { perSecond: 2 } });
  expect([a, a, a, b].map((peer) => made.check(peer))).toEqual([
    undefined,
    undefined,
    "datagram-rate-per-address",
    undefined,
  ]);
});

test("use counts pending replies against the new limits and keeps the state of an unchanged rate", () => {
  const datagramRatePerAddress = { perSecond: 2 };
  const made = limit({ datagramRatePerAddress });
  expect([made.check(a), made.check(a)]).toEqual([undefined, undefined]);
  made.add(a);
  made.use({ datagramRatePerAddress: { perSecond: 2 }, maxPendingReplies: 1, maxPendingRepliesPerAddress: 1 });
  expect([made.check(a), made.check(b)]).toEqual(["datagram-rate-per-address", "max-pending-replies"]);
  made.use({ datagramRatePerAddress: { perSecond: 3 }, maxPendingReplies: 2, maxPendingRepliesPerAddress: 2 });
  expect([made.pending, made.check(a)]).toEqual([1, undefined]);
  made.remove(a);
  expect(made.pending).toBe(0);
});

test("senders on Unix sockets count only against the total", () => {
  const made = limit({ maxPendingReplies: 3, maxPendingRepliesPerAddress: 1 });
  for (let count = 0; count < 3; count++) {
    expect(made.check({ path: "/run/x" })).toBeUndefined();
    made.add({ path: "/run/x" });
  }
  expect(made.check({ path: "/run/y" })).toBe("max-pending-replies");
});
