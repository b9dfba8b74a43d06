// Accept-Encoding: RFC 9110, section 12.5.3.
import Negotiator from "negotiator";
import { describe, expect, test } from "vitest";
import { type ContentCoding, selectCoding } from "../../../src/http/content-codings.ts";

const ALL = ["br", "zstd", "gzip"] as const;

test.for<[field: string | undefined, coding: ContentCoding]>([
  [undefined, "identity"],
  ["", "identity"],
  [" ,, ", "identity"],
  ["gzip", "gzip"],
  ["gzip, deflate, br, zstd", "br"],
  ["gzip, deflate, zstd", "zstd"],
  ["deflate", "identity"],
  ["compress, exi", "identity"],
  ["GZIP", "gzip"],
  ["Br;Q=1", "br"],
  ["x-gzip", "gzip"],
  ["X-GZip;q=0.1", "gzip"],
  // The examples of the RFC.
  ["compress, gzip", "gzip"],
  ["*", "br"],
  ["compress;q=0.5, gzip;q=1.0", "gzip"],
  ["gzip;q=1.0, identity; q=0.5, *;q=0", "gzip"],
  // The weight takes precedence over the order.
  ["br;q=0.5, gzip", "gzip"],
  ["br;q=0.001, gzip;q=0.002", "gzip"],
  ["br;q=0.5, gzip;q=0.5", "br"],
  ["gzip;q=0.5, identity", "identity"],
  ["gzip;q=0.5, identity;q=0.5", "gzip"],
  ["identity;q=0.5, gzip;q=0.2", "identity"],
  // `*` stands for all that is not listed, including identity.
  ["*;q=0.5, gzip;q=0.2", "br"],
  ["*;q=0.1, gzip;q=0.2", "gzip"],
  ["br;q=0, *", "zstd"],
  ["br;q=0, zstd;q=0, gzip;q=0, *;q=1", "identity"],
  // A weight of 0 excludes a coding.
  ["gzip;q=0", "identity"],
  ["gzip;q=0.000, br;q=0", "identity"],
  ["identity;q=0, gzip;q=0.001", "gzip"],
  ["*;q=0, gzip;q=0.001", "gzip"],
  // When everything is excluded, identity is sent all the same.
  ["identity;q=0", "identity"],
  ["*;q=0", "identity"],
  ["identity;q=0, br;q=0, zstd;q=0, gzip;q=0", "identity"],
  // White space.
  ["br;q=0.1 ,\tgzip ; q=0.2 ", "gzip"],
  ["br ;\tq=0.1,gzip;q=0.2", "gzip"],
  // The first of two members for one coding counts.
  ["gzip;q=0, gzip", "identity"],
  ["gzip;q=0, x-gzip", "identity"],
])("%j: %s", ([field, coding]) => {
  expect(selectCoding(field, ALL)).toBe(coding);
});

test.for([
  ...["br;q=", "br;q=2", "br;q=1.1", "br;q=1.001", "br;q=-1", "br;q=.5", "br;q=0.1234", "br;q=0,5", "br;q=1e0"],
  ...["br;q=a", "br;q", "br;", "br;r=1", "br;q=1;q=1", "br q=1", "br gzip", 'br;q="1"', "br; q =1", "br;q= 1"],
  ...["br;q=1.0000", "br/1", "br\x0b", "\xe9br", ";q=1", "=", "__proto__", "constructor;q=1"],
])("a malformed member is ignored: %j", (member) => {
  expect(selectCoding(member, ALL)).toBe("identity");
  expect(selectCoding(`${member}, gzip;q=0.5`, ALL)).toBe("gzip");
});

describe("the available codings", () => {
  test("limit the choice", () => {
    expect(selectCoding("br, gzip", ["gzip"])).toBe("gzip");
    expect(selectCoding("br, zstd", ["gzip"])).toBe("identity");
    expect(selectCoding("br, gzip", [])).toBe("identity");
  });

  test("decide by their order when the weights are equal", () => {
    expect(selectCoding("br, gzip, zstd", ["zstd", "gzip", "br"])).toBe("zstd");
    expect(selectCoding("*", ["identity", "gzip"])).toBe("identity");
    expect(selectCoding("gzip", ["identity", "gzip"])).toBe("gzip");
  });
});

test("negotiator selects the same coding, except for its own rules", () => {
  // It accepts any text as a weight, uses the highest one of several, and does not know that x-gzip is gzip.
  const names = ["br", "zstd", "gzip", "identity", "*", "deflate", "BR"];
  const weights = ["", ";q=0", ";q=0.5", "; q=0.001", " ;q=1.0"];
  const members = names.flatMap((name) => weights.map((weight) => name + weight));
  let count = 0;
  for (const one of members) {
    for (const two of members) {
      for (const three of members) {
        const listed = [one, two, three].map((member) => member.replace(/[ ;].*/, "").toLowerCase());
        if (new Set(listed).size < 3) continue;
        const field = [one, two, three].join(", ");
        const request = { headers: { "accept-encoding": field } };
        const available = [...ALL, "identity"];
        const [best = "identity"] = new Negotiator(request).encodings(available, { preferred: available });
        expect(`${field}: ${selectCoding(field, ALL)}`).toBe(`${field}: ${best}`);
        count++;
      }
    }
  }
  expect(count).toBeGreaterThan(10_000);
});

test("a field of 32 KiB is parsed in one pass", () => {
  const field = `${"a, ".repeat(8_000)}${";".repeat(8_000)}, gzip`;
  expect(selectCoding(field, ALL)).toBe("gzip");
});
