import { expect, test } from "vitest";
import { newTicketKeys } from "../../../../src/server/tls/ticket-keys.ts";

test("48 bytes, as node:tls takes them, and others each time", () => {
  const [one, other] = [newTicketKeys(), newTicketKeys()];
  expect([one.length, other.length, one.equals(other)]).toEqual([48, 48, false]);
});
