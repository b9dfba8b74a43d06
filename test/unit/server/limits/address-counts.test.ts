import { expect, test } from "vitest";
import { AddressCounts } from "../../../../src/server/limits/address-counts.ts";

test("each address has its own count, and any text can be an address", () => {
  const counts = new AddressCounts();
  for (const key of ["10.0.0.1", "10.0.0.1", "__proto__", "toString", "7"]) counts.add(key);
  expect(["10.0.0.1", "__proto__", "toString", "7", "10.0.0.2"].map((key) => counts.of(key))).toEqual([2, 1, 1, 1, 0]);
  expect(counts.total).toBe(5);
});

test("remove decrements the count; removing an unknown address changes nothing", () => {
  const counts = new AddressCounts();
  counts.add("a");
  counts.add("a");
  counts.remove("b");
  counts.remove("a");
  expect([counts.of("a"), counts.of("b"), counts.total]).toEqual([1, 0, 1]);
  counts.remove("a");
  counts.remove("a");
  expect([counts.of("a"), counts.total]).toEqual([0, 0]);
});
