import { expect, test } from "vitest";
import { DatagramLimit, type DatagramLimits } from "../../../../src/server/limits/datagram-limit.ts";
import { manualClock } from "../../../../src/testing.ts";

const a = { host: "192.0.2.1", port: 1 };
const b = { host: "192.0.2.2", port: 1 };

function limit(limits: Partial<DatagramLimits>): DatagramLimit {
  const open = { datagramRatePerAddress: undefined, maxPendingReplies: 100, maxPendingRepliesPerAddress: 100 };
  return new DatagramLimit({ ...open, ...limits }, manualClock());
}

test("the pending replies of an address, whatever its port, are limited, and those of all", () => {
  const made = limit({ maxPendingReplies: 3, maxPendingRepliesPerAddress: 2 });
  for (const peer of [a, { ...a, port: 2 }]) {
    expect(made.refusal(peer)).toBeUndefined();
    made.began(peer);
  }
  expect(made.refusal({ ...a, port: 3 })).toBe("max-pending-replies-per-address");
  expect(made.refusal(b)).toBeUndefined();
  made.began(b);
  expect(made.refusal(b)).toBe("max-pending-replies");
  made.ended(a);
  expect([made.refusal(a), made.refusal(b)]).toEqual([undefined, undefined]);
  expect(made.pending).toBe(2);
});

test("the rate of an address is limited", () => {
  const made = limit({ datagramRatePerAddress: { perSecond: 2 } });
  expect([a, a, a, b].map((peer) => made.refusal(peer))).toEqual([
    undefined,
    undefined,
    "datagram-rate-per-address",
    undefined,
  ]);
});

test("other limits count what is being answered, and the same rate what was used up of it", () => {
  const datagramRatePerAddress = { perSecond: 2 };
  const made = limit({ datagramRatePerAddress });
  expect([made.refusal(a), made.refusal(a)]).toEqual([undefined, undefined]);
  made.began(a);
  made.use({ datagramRatePerAddress: { perSecond: 2 }, maxPendingReplies: 1, maxPendingRepliesPerAddress: 1 });
  expect([made.refusal(a), made.refusal(b)]).toEqual(["datagram-rate-per-address", "max-pending-replies"]);
  made.use({ datagramRatePerAddress: { perSecond: 3 }, maxPendingReplies: 2, maxPendingRepliesPerAddress: 2 });
  expect([made.pending, made.refusal(a)]).toEqual([1, undefined]);
  made.ended(a);
  expect(made.pending).toBe(0);
});

test("senders on Unix sockets are limited in total only", () => {
  const made = limit({ maxPendingReplies: 3, maxPendingRepliesPerAddress: 1 });
  for (let count = 0; count < 3; count++) {
    expect(made.refusal({ path: "/run/x" })).toBeUndefined();
    made.began({ path: "/run/x" });
  }
  expect(made.refusal({ path: "/run/y" })).toBe("max-pending-replies");
});
