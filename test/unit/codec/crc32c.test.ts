// CRC-32C against the values that RFC 3720 publishes.
import { expect, test } from "vitest";
import { crc32c } from "../../../src/codec/crc32c.ts";

// RFC 3720, appendix B.4 gives the bytes in the order of transmission.
test.for([
  ["nothing", Buffer.alloc(0), 0],
  ["32 zeros", Buffer.alloc(32), 0x8a9136aa],
  ["32 bytes 0xff", Buffer.alloc(32, 0xff), 0x62a8ab43],
  ["32 bytes that rise", Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
  ["32 bytes that fall", Buffer.from(Array.from({ length: 32 }, (_, index) => 31 - index)), 0x113fdb5c],
  ["the check value", Buffer.from("123456789"), 0xe3069283],
] as const)("of %s", ([, bytes, expected]) => {
  expect(crc32c(bytes)).toBe(expected);
});
