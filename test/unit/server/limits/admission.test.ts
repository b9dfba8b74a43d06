import fc from "fast-check";
import { expect, test } from "vitest";
import { Admission, type AdmissionLimits } from "../../../../src/server/limits/admission.ts";
import type { Peer } from "../../../../src/server/transport/peer.ts";
import { manualClock } from "../../../../src/testing.ts";

const open: AdmissionLimits = {
  maxConnections: 1_000,
  maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
  acceptRatePerAddress: undefined,
};

function admission(limits: Partial<AdmissionLimits>) {
  const clock = manualClock();
  const refused: string[] = [];
  const levels: number[] = [];
  const made = new Admission({ ...open, ...limits }, clock, (active) => levels.push(active));
  const admit = (each: Peer): boolean => {
    const refusal = made.admit(each);
    if (refusal !== undefined) refused.push(refusal);
    return refusal === undefined;
  };
  const enter = (host: string): boolean => {
    made.addArriving();
    return admit({ host, port: 1 });
  };
  return { made, refused, levels, enter, admit, clock };
}

test("capacity is the free part of the total, and whenOpen calls each waiter once", () => {
  const { made, enter } = admission({ maxConnections: 2 });
  expect(made.capacity).toBe(2);
  enter("a");
  enter("b");
  expect(made.capacity).toBe(0);
  const told: string[] = [];
  made.whenOpen(() => told.push("first"));
  made.whenOpen(() => told.push("called off"))();
  made.remove({ host: "a", port: 1 });
  made.remove({ host: "b", port: 1 });
  expect(told).toEqual(["first"]);
});

test("connections beyond maxConnections are refused when the listener cannot wait", () => {
  const { made, refused, enter } = admission({ maxConnections: 1 });
  expect([enter("a"), enter("b")]).toEqual([true, false]);
  expect(refused).toEqual(["max-connections"]);
  expect(made.active).toBe(1);
});

test("a connection whose address is not known yet occupies a place", () => {
  const { made, levels } = admission({ maxConnections: 2, maxConnectionsPerAddress: 1 });
  const one = { host: "a", port: 1 };
  for (let count = 0; count < 2; count++) {
    made.addArriving();
    expect(made.admit(undefined)).toBeUndefined();
  }
  expect(made.admitAddress(one)).toBeUndefined();
  expect(made.admitAddress(one)).toBe("max-connections-per-address");
  made.remove(undefined);
  expect(made.admitAddress(one)).toBe("max-connections-per-address");
  made.remove(one);
  expect([made.active, levels]).toEqual([0, [1, 2, 1, 0]]);
  made.addArriving();
  expect(made.admit(one)).toBeUndefined();
});

test("removeArriving frees the place of a connection that the listener refuses", () => {
  const { made } = admission({ maxConnections: 1 });
  made.addArriving();
  expect(made.capacity).toBe(0);
  const opened: string[] = [];
  made.whenOpen(() => opened.push("open"));
  made.removeArriving();
  expect([made.capacity, made.active, opened]).toEqual([1, 0, ["open"]]);
});

test("use applies new limits at once and counts the current connections", () => {
  const { made, enter } = admission({ maxConnections: 3 });
  expect([enter("a"), enter("a"), enter("b")]).toEqual([true, true, true]);
  const limits = { ...open, maxConnections: 10, maxConnectionsPerAddress: 2 };
  made.use(limits, ["a", "a", "b"].map(peer));
  expect([enter("a"), enter("b"), enter("b")]).toEqual([false, true, false]);
  made.remove(peer("a"));
  expect(enter("a")).toBe(true);
  made.use({ ...limits, maxConnections: 1 }, []);
  expect(made.capacity).toBeLessThan(0);
  expect(enter("c")).toBe(false);
});

test("use keeps the state of an unchanged rate and resets a changed one", () => {
  const rate = { perSecond: 1, burst: 1 };
  const { made, enter } = admission({ acceptRatePerAddress: rate });
  expect([enter("a"), enter("a")]).toEqual([true, false]);
  made.use({ ...open, acceptRatePerAddress: { ...rate } }, []);
  expect(enter("a")).toBe(false);
  made.use({ ...open, acceptRatePerAddress: { perSecond: 2, burst: 1 } }, []);
  expect(enter("a")).toBe(true);
});

test("admit checks a batch one by one: a refused connection takes no place and does not raise the level", () => {
  const { made, refused, levels, admit } = admission({ maxConnections: 3, maxConnectionsPerAddress: 1 });
  for (let count = 0; count < 10; count++) made.addArriving();
  const peers = ["a", "a", "a", "a", "b", "b", "b", "c", "c", "d"].map((host) => ({ host, port: 1 }));
  expect(peers.filter((each) => admit(each)).map(({ host }) => host)).toEqual(["a", "b", "c"]);
  expect(levels).toEqual([1, 2, 3]);
  expect(refused.filter((reason) => reason === "max-connections")).toHaveLength(2);
});

test("arriving connections take room until they are admitted, and return it when they are refused", () => {
  const { made, admit } = admission({ maxConnections: 2, maxConnectionsPerAddress: 1 });
  made.addArriving();
  made.addArriving();
  expect(made.capacity).toBe(0);
  const opened: string[] = [];
  made.whenOpen(() => opened.push("open"));
  admit({ host: "a", port: 1 });
  expect(opened).toEqual([]);
  admit({ host: "a", port: 2 });
  expect([opened, made.capacity]).toEqual([["open"], 1]);
});

test("maxConnectionsPerAddress limits each address, and a removed connection frees its place", () => {
  const { made, refused, enter } = admission({ maxConnectionsPerAddress: 2 });
  expect([enter("a"), enter("a"), enter("a"), enter("b")]).toEqual([true, true, false, true]);
  expect(refused).toEqual(["max-connections-per-address"]);
  made.remove({ host: "a", port: 1 });
  expect([enter("a"), enter("a")]).toEqual([true, false]);
});

test("acceptRatePerAddress limits each address, and a refused connection takes no place", () => {
  const { made, refused, enter, clock } = admission({ acceptRatePerAddress: { perSecond: 1, burst: 2 } });
  expect([enter("a"), enter("a"), enter("a"), enter("b")]).toEqual([true, true, false, true]);
  expect(refused).toEqual(["accept-rate-per-address"]);
  expect(made.active).toBe(3);
  clock.advance(1_000);
  expect(enter("a")).toBe(true);
});

test("Unix socket connections count only against the total", () => {
  const { made, admit } = admission({ maxConnectionsPerAddress: 1, acceptRatePerAddress: { perSecond: 1 } });
  for (let count = 0; count < 5; count++) {
    made.addArriving();
    expect(admit({ path: "" })).toBe(true);
  }
  for (let count = 0; count < 5; count++) made.remove({ path: "" });
  expect(made.active).toBe(0);
});

test("after any sequence of admissions and removals all places are free, and no address exceeds its limit", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("a", "b", "::1", "::2"), fc.boolean()), { maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }), (sequence, total, each) => {
      const { made, enter } = admission({ maxConnections: total, maxConnectionsPerAddress: each });
      const inside: string[] = [];
      for (const [host, comes] of sequence) {
        if (comes && enter(host)) inside.push(host);
        const at = inside.indexOf(host);
        if (!comes && at >= 0) made.remove(peer(...inside.splice(at, 1)));
        expect(made.active).toBe(inside.length);
        expect(inside.length).toBeLessThanOrEqual(total);
        expect(inside.filter((other) => other.startsWith("::")).length).toBeLessThanOrEqual(each);
        expect(inside.filter((other) => other === "a").length).toBeLessThanOrEqual(each);
      }
      for (const host of inside) made.remove(peer(host));
      expect(Array.from({ length: Math.min(total, each) }, () => enter("a")).every(Boolean)).toBe(true);
    }),
  );
});

function peer(host = ""): Peer {
  return { host, port: 1 };
}
