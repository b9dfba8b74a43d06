// Headers of the PROXY protocol: what is encoded is decoded to the same, and no cut of any input changes the outcome.
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalIp } from "../../src/codec/ip-address.ts";
import { type ProxyHeader, proxyHeader } from "../../src/codec.ts";

const port = fc.integer({ min: 0, max: 65_535 });
const inet = fc.record({ host: fc.ipV4(), port });
const inet6 = fc.record({ host: fc.ipV6().map((text) => canonicalIp("inet6", text) ?? "::"), port });
const name = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\0"));
const isShort = (text: string): boolean => Buffer.byteLength(text) <= 107;
const unix = fc.oneof(
  fc.record({ path: name.filter(isShort) }),
  fc.record({ abstract: name.filter((text) => isShort(text) && text !== "") }),
);
const type = fc.constantFrom("stream" as const, "datagram" as const);
const tlv = fc.record({
  // Neither a checksum, padding nor TLS, which have forms of their own.
  type: fc.constantFrom(1, 2, 5, 0x30, 0xe0, 0xff),
  value: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
});
const tlvs = fc.array(tlv, { maxLength: 4 });
const two = { version: fc.constant(2 as const), command: fc.constant("proxy" as const), tlvs };
const one = { version: fc.constant(1 as const), command: fc.constant("proxy" as const) };

const header: fc.Arbitrary<ProxyHeader> = fc.oneof(
  fc.constant<ProxyHeader>({ version: 2, command: "local" }),
  fc.record({ ...two, family: fc.constant("unspec" as const) }),
  fc.record({ ...two, family: fc.constant("inet" as const), type, source: inet, destination: inet }),
  fc.record({ ...two, family: fc.constant("inet6" as const), type, source: inet6, destination: inet6 }),
  fc.record({ ...two, family: fc.constant("unix" as const), type, source: unix, destination: unix }),
  fc.record({ ...one, family: fc.constant("unspec" as const) }),
  fc.record({
    ...one,
    family: fc.constant("inet" as const),
    type: fc.constant("stream" as const),
    source: inet,
    destination: inet,
  }),
  fc.record({
    ...one,
    family: fc.constant("inet6" as const),
    type: fc.constant("stream" as const),
    source: inet6,
    destination: inet6,
  }),
);

/** The header or the error of a stream in these pieces, and the bytes after it. */
function outcome(pieces: readonly Uint8Array[]): unknown {
  const decoder = proxyHeader().decoder();
  try {
    for (const [index, piece] of pieces.entries()) {
      decoder.push(piece);
      const found = decoder.next();
      if (found === undefined) continue;
      return { found, rest: Buffer.concat([decoder.rest(), ...pieces.slice(index + 1)]).toString("hex") };
    }
    decoder.end();
    return decoder.next();
  } catch (error) {
    return error;
  }
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

test("a header is decoded to what was encoded, with the bytes after it left", () => {
  fc.assert(
    fc.property(
      header,
      fc.boolean(),
      fc.uint8Array({ maxLength: 30 }),
      fc.array(fc.nat(), { maxLength: 5 }),
      (given, checksum, after, places) => {
        const bytes = proxyHeader({ checksum }).encode(given);
        const stream = Buffer.concat([bytes, after]);
        const result = outcome(cut(stream, places)) as { found: ProxyHeader; rest: string };
        const { found } = result;
        expect(result.rest).toBe(Buffer.from(after).toString("hex"));
        const isWith = found.command === "proxy" && found.version === 2 && found.tlvs !== undefined;
        expect(isWith ? { ...found, tlvs: found.tlvs.filter((vector) => vector.type !== 3) } : found).toEqual(given);
      },
    ),
    { numRuns: 3_000 },
  );
});

test("no cut of a changed header changes the outcome", () => {
  const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
  const stream = fc
    .tuple(header, fc.boolean(), fc.array(change, { maxLength: 3 }), fc.uint8Array({ maxLength: 10 }))
    .map(([given, checksum, changes, after]) => {
      const bytes = Buffer.concat([proxyHeader({ checksum }).encode(given), after]);
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(
      fc.oneof(stream, fc.uint8Array({ maxLength: 300 })),
      fc.array(fc.nat(), { maxLength: 8 }),
      (bytes, places) => {
        const pieces = cut(bytes, places);
        const expected = outcome([bytes]);
        const found = outcome(pieces);
        if (!(expected instanceof Error)) expect(found).toEqual(expected);
        else expect(found).toMatchObject({ code: Reflect.get(expected, "code") });
      },
    ),
    { numRuns: 5_000 },
  );
});
