import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { fingerprintOf, pinOf } from "../../../src/certificate/fingerprint.ts";
import { loopbackCertificate } from "../../../src/certificate/loopback-certificate.ts";

test("the form of the option pin: sha256 and the digits of Node's fingerprint, without colons, in lower case", () => {
  const certificate = new X509Certificate(loopbackCertificate().cert);
  const fingerprint = fingerprintOf(certificate);
  expect(fingerprint).toMatch(/^sha256:[\da-f]{64}$/);
  expect(fingerprint.slice(7).toUpperCase()).toBe(certificate.fingerprint256.split(":").join(""));
});

test.each(["", "sha256:", "SHA256:", "sha256 Fingerprint=", "SHA256 Fingerprint="])(
  "pinOf: the digits of Node and openssl behind %j are a pin",
  (name) => {
    const certificate = new X509Certificate(loopbackCertificate().cert);
    expect(pinOf(name + certificate.fingerprint256)).toBe(fingerprintOf(certificate));
    expect(pinOf(`${name}${fingerprintOf(certificate).slice(7)}\n`)).toBe(fingerprintOf(certificate));
  },
);

test.each(["", "AB", `${"AB:".repeat(32)}AB`, `${"AB:".repeat(31)}AG`, `SHA1 Fingerprint=${"AB:".repeat(31)}AB`])(
  "pinOf: %j is none",
  (text) => {
    expect(pinOf(text)).toBeUndefined();
  },
);
