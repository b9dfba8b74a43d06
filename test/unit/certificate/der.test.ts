// DER, with `openssl asn1parse` as the reference.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bitString,
  contextual,
  derTrue,
  element,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  unsignedInteger,
  utf8String,
} from "../../../src/certificate/der.ts";
import { requireTool } from "../../support/tools.ts";

/** One line of `openssl asn1parse`. */
interface Parsed {
  readonly offset: number;
  readonly header: number;
  readonly length: number;
  readonly text: string;
}

function parsed(openssl: string, der: Uint8Array): readonly Parsed[] {
  const lines = execFileSync(openssl, ["asn1parse", "-inform", "DER"], { input: der, encoding: "utf8" });
  return [...lines.matchAll(/^ *(\d+):d=\d+ +hl= *(\d+) l= *(\d+) (?:cons|prim): (.*)$/gm)].map(
    ([, offset, header, length, text = ""]) => ({
      offset: Number(offset),
      header: Number(header),
      length: Number(length),
      text: text.replace(/ +/g, " ").trim(),
    }),
  );
}

/** How many bytes the shortest header has: X.690, section 10.1. */
function shortest(length: number): number {
  if (length < 128) return 2;
  return length < 256 ? 3 : length < 65_536 ? 4 : 5;
}

test("openssl reads each length, and each is in its shortest form", (context) => {
  const openssl = requireTool(context, "openssl");
  const lengths = fc.array(
    fc.oneof(fc.constantFrom(0, 1, 127, 128, 129, 255, 256, 257, 65_535, 65_536), fc.nat({ max: 70_000 })),
    { minLength: 1, maxLength: 10 },
  );
  fc.assert(
    fc.property(lengths, (all) => {
      const der = sequence(...all.map((length) => octetString(Buffer.alloc(length, 1))));
      const [outer, ...inner] = parsed(openssl, der);
      expect(inner.map(({ length }) => length)).toEqual(all);
      expect(inner.map(({ header }) => header)).toEqual(all.map(shortest));
      const size = all.reduce((sum, length) => sum + shortest(length) + length, 0);
      expect(outer).toMatchObject({ header: shortest(size), length: size });
      expect(der).toHaveLength(shortest(size) + size);
    }),
    { numRuns: 20 },
  );
});

test("openssl reads each integer, and none has a byte too many", (context) => {
  const openssl = requireTool(context, "openssl");
  const value = fc.oneof(
    fc.constantFrom(0n, 1n, 127n, 128n, 255n, 256n, 32_767n, 32_768n, 2n ** 127n, 2n ** 128n - 1n),
    fc.bigInt({ min: 0n, max: 2n ** 160n }),
  );
  // Zeros in front, as a random serial number may have them.
  const written = fc.record({ value, zeros: fc.nat({ max: 3 }) });
  fc.assert(
    fc.property(fc.array(written, { minLength: 1, maxLength: 20 }), (all) => {
      const encoded = all.map(({ value: number, zeros }) => {
        const digits = number.toString(16);
        return unsignedInteger(
          Buffer.from("00".repeat(zeros) + digits.padStart(digits.length + (digits.length % 2), "0"), "hex"),
        );
      });
      const [, ...inner] = parsed(openssl, sequence(...encoded));
      expect(inner.map(({ text }) => BigInt(`0x${text.replace("INTEGER :", "")}`))).toEqual(
        all.map((each) => each.value),
      );
      // One bit is the sign, which is 0.
      const sizes = all.map((each) => Math.floor(each.value.toString(2).length / 8) + 1);
      expect(inner.map(({ length }) => length)).toEqual(
        all.map((each, index) => (each.value === 0n ? 1 : sizes[index])),
      );
    }),
    { numRuns: 20 },
  );
});

test("openssl reads each object identifier", (context) => {
  const openssl = requireTool(context, "openssl");
  const arc = fc.oneof(fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 31), fc.nat());
  // openssl shows those that it knows by a name: it knows none below 1.3.6.1.4.1.99999.
  const identifiers = fc.array(fc.array(arc, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(identifiers, (all) => {
      const dotted = all.map((arcs) => ["1.3.6.1.4.1.99999", ...arcs].join("."));
      const [, ...inner] = parsed(openssl, sequence(...dotted.map(objectIdentifier)));
      expect(inner.map(({ text }) => text)).toEqual(dotted.map((each) => `OBJECT :${each}`));
    }),
    { numRuns: 20 },
  );
});

describe("times", () => {
  test.for([
    ["1949-12-31T23:59:59.999Z", "GENERALIZEDTIME :19491231235959Z"],
    ["1950-01-01T00:00:00Z", "UTCTIME :500101000000Z"],
    ["1999-12-31T23:59:59Z", "UTCTIME :991231235959Z"],
    ["2000-02-29T00:00:00Z", "UTCTIME :000229000000Z"],
    ["2049-12-31T23:59:59.999Z", "UTCTIME :491231235959Z"],
    ["2050-01-01T00:00:00Z", "GENERALIZEDTIME :20500101000000Z"],
    ["9999-12-31T23:59:59Z", "GENERALIZEDTIME :99991231235959Z"],
  ])("%s is %s", ([date = "", text = ""], context) => {
    const [line] = parsed(requireTool(context, "openssl"), time(Date.parse(date)));
    expect(line?.text).toBe(text);
  });
});

test.for<[der: Buffer, hex: string]>([
  [derTrue(), "0101ff"],
  [bitString(Buffer.from([1, 2])), "0303000102"],
  // keyCertSign and cRLSign, digitalSignature: RFC 5280, section 4.2.1.3.
  [namedBits(5, 6), "03020106"],
  [namedBits(0), "03020780"],
  [utf8String("é"), "0c02c3a9"],
  [setOf(derTrue()), "31030101ff"],
  [contextual(0, "constructed", derTrue()), "a0030101ff"],
  [contextual(2, "primitive", Buffer.from("a")), "820161"],
  [element(0x05), "0500"],
  [sequence(), "3000"],
])("%j is %s", ([der, hex]) => {
  expect(der.toString("hex")).toBe(hex);
});
