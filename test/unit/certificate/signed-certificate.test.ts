import { execFileSync } from "node:child_process";
import type { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { distinguishedName } from "../../../src/certificate/distinguished-name.ts";
import { authorityExtensions, keyIdentifierOf } from "../../../src/certificate/extension.ts";
import { fingerprintOf } from "../../../src/certificate/fingerprint.ts";
import { newKeyPair } from "../../../src/certificate/key-pair.ts";
import { signedCertificate, type Validity, validityOf } from "../../../src/certificate/signed-certificate.ts";
import { requireTool } from "../../support/tools.ts";

const pair = newKeyPair();
const NOW = Date.parse("2026-12-03T12:00:00.999Z");

function certificateWith(validity: Validity = validityOf(1, NOW)): X509Certificate {
  const { publicKey, privateKey } = pair;
  const subject = distinguishedName({ organization: "Test", commonName: "test" });
  const extensions = authorityExtensions(keyIdentifierOf(publicKey));
  return signedCertificate({ publicKey, subject, issuer: subject, extensions, ...validity }, privateKey);
}

test("the days are counted from the day before now, and the last second belongs to them", () => {
  const { notBefore, notAfter } = validityOf(825, NOW);
  expect(new Date(notBefore).toISOString()).toBe("2026-12-02T12:00:00.000Z");
  expect(notAfter + 1_000 - notBefore).toBe(825 * 86_400_000);
});

test("any two times come back, through both forms of a time", () => {
  // From 1950 to 9999, where Node and OpenSSL write years with four digits.
  const time = fc.oneof(
    fc.integer({ min: -631_152_000, max: 253_402_300_799 }),
    fc.integer({ min: 2_524_607_998, max: 2_524_608_002 }),
  );
  fc.assert(
    fc.property(time, time, (first, second) => {
      const { validFrom, validTo } = certificateWith({ notBefore: first * 1_000, notAfter: second * 1_000 + 999 });
      expect([Date.parse(validFrom), Date.parse(validTo)]).toEqual([first * 1_000, second * 1_000]);
    }),
    { numRuns: 200 },
  );
});

test("a serial number has 16 bytes, is positive, and no two are the same", () => {
  const serials = Array.from({ length: 300 }, () => certificateWith().serialNumber);
  expect(serials.filter((serial) => !/^[4-7][\dA-F]{31}$/.test(serial))).toEqual([]);
  expect(new Set(serials).size).toBe(serials.length);
});

test("the signature is that of the key", () => {
  const certificate = certificateWith();
  expect(certificate.verify(pair.publicKey)).toBe(true);
  expect(certificate.verify(newKeyPair().publicKey)).toBe(false);
  expect(certificate.checkPrivateKey(pair.privateKey)).toBe(true);
});

test("the fingerprint is the SHA-256 that openssl prints", (context) => {
  const openssl = requireTool(context, "openssl");
  const certificate = certificateWith();
  const printed = execFileSync(openssl, ["x509", "-noout", "-fingerprint", "-sha256"], {
    input: certificate.toString(),
    encoding: "utf8",
  });
  const digits = printed.trim().split("=")[1]?.replaceAll(":", "").toLowerCase();
  expect(fingerprintOf(certificate)).toBe(`sha256:${digits}`);
  expect(fingerprintOf(certificate)).toMatch(/^sha256:[\da-f]{64}$/);
});
