// DER is split as it was put together, and all else is refused.
import fc from "fast-check";
import { expect, test } from "vitest";
import { CertificateError } from "../../../src/certificate/certificate-error.ts";
import { element } from "../../../src/certificate/der.ts";
import { derElements } from "../../../src/certificate/der-elements.ts";

const tag = fc.nat({ max: 255 }).filter((each) => (each & 0x1f) !== 0x1f);
const content = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(1_000)));

test("what element() has made comes back", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(tag, content), { maxLength: 8 }), (all) => {
      const encoded = all.map(([each, bytes]) => element(each, bytes));
      const elements = derElements(Buffer.concat(encoded));
      expect(elements.map((each) => each.tag)).toEqual(all.map(([each]) => each));
      expect(elements.map((each) => each.whole.toString("hex"))).toEqual(encoded.map((each) => each.toString("hex")));
      const contents = all.map(([, bytes]) => Buffer.from(bytes).toString("hex"));
      expect(elements.map((each) => each.content.toString("hex"))).toEqual(contents);
    }),
  );
});

test("an element that is cut off at any byte is refused", () => {
  for (const whole of [element(0x30, Buffer.alloc(3)), element(0x04, Buffer.alloc(300))]) {
    for (let length = 1; length < whole.length; length++)
      expect(() => derElements(whole.subarray(0, length))).toThrow(CertificateError);
  }
});

test.for([
  ["a tag of two bytes", "1f0100"],
  ["a length without an end", "3080000000"],
  ["a length of five bytes", "04850000000001ff"],
  ["a long form for a short length", "048101ff"],
  ["a zero in front of a length", `04820080${"00".repeat(128)}`],
  ["an element in the rest", "0101ff30"],
])("%s is refused", ([, hex = ""]) => {
  expect(() => derElements(Buffer.from(hex, "hex"))).toThrow(CertificateError);
});

test("any bytes are split without a rest, or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        const joined = Buffer.concat(derElements(Buffer.from(bytes)).map(({ whole }) => whole));
        expect(joined.equals(bytes)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(CertificateError);
      }
    }),
    { numRuns: 2_000 },
  );
});
