import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { fingerprintOf } from "../../../src/certificate/fingerprint.ts";
import { loopbackCertificate } from "../../../src/certificate/loopback-certificate.ts";

test("the form of the option pin: sha256 and the digits of Node's fingerprint, without colons, in lower case", () => {
  const certificate = new X509Certificate(loopbackCertificate().cert);
  const fingerprint = fingerprintOf(certificate);
  expect(fingerprint).toMatch(/^sha256:[\da-f]{64}$/);
  expect(fingerprint.slice(7).toUpperCase()).toBe(certificate.fingerprint256.split(":").join(""));
});
