import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { formatSha256, parseDigests, wantsReprDigest } from "../../../src/http/digest-fields.ts";
import { Fields } from "../../../src/http/fields.ts";

const SHA256 = createHash("sha256").update("hello").digest();
const SHA512 = createHash("sha512").update("hello").digest();

function digests(text: string): unknown {
  const found = parseDigests(Fields.of([["Repr-Digest", text]]), "Repr-Digest");
  return found === undefined ? undefined : [...found];
}

test("digests of known algorithms", () => {
  const text = `sha-256=:${SHA256.toString("base64")}:, md5=:AAAA:, sha-512=:${SHA512.toString("base64")}:`;
  expect(digests(text)).toEqual([
    ["sha-256", SHA256],
    ["sha-512", SHA512],
  ]);
  expect(digests("unixsum=:AAAA:")).toEqual([]);
  expect(parseDigests(Fields.none, "Content-Digest")?.size).toBe(0);
});

test.each(["sha-256=:AAAA:", "sha-256=abc", "sha-256", "sha-256=1", "sha-256=:AAAA", "=:AAAA:"])(
  "%j is malformed",
  (text) => {
    expect(digests(text)).toBeUndefined();
  },
);

test("formatting is the inverse of parsing", () => {
  expect(digests(formatSha256(SHA256.toString("hex")))).toEqual([["sha-256", SHA256]]);
});

test.each([
  ["sha-256=1", true],
  ["sha-512=3, sha-256=10", true],
  ["sha-256=0", false],
  ["sha-512=3", false],
  ["sha-256", false],
  ["(", false],
])("Want-Repr-Digest: %j", (text, expected) => {
  expect(wantsReprDigest(Fields.of([["Want-Repr-Digest", text]]))).toBe(expected);
});
