// What node:crypto reads of certificates; test/interop/certificate.test.ts has what other programs say.
import { createPrivateKey, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newAuthority } from "../../../src/certificate/authority.ts";
import { fingerprintOf } from "../../../src/certificate/fingerprint.ts";
import { issueLeaf, type Leaf, selfSignedLeaf } from "../../../src/certificate/leaf.ts";
import { parseSubjectAltNames, type SubjectAltName } from "../../../src/certificate/subject-alt-name.ts";

const NOW = Date.parse("2026-12-03T12:00:00Z");
const DAY_MS = 86_400_000;
const authority = newAuthority("rose@desk", NOW);
const NAMES = parseSubjectAltNames(["localhost", "*.example.org", "bücher.example", "127.0.0.1", "2001:db8::1"]);

describe.for<[kind: string, make: (names: readonly SubjectAltName[]) => Leaf]>([
  ["issued", (names) => issueLeaf(authority, names, NOW)],
  ["self-signed", (names) => selfSignedLeaf(names, NOW)],
])("%s", ([kind, make]) => {
  const leaf = make(NAMES);
  const certificate = new X509Certificate(leaf.cert);

  test("it is no CA, and is for servers and clients", () => {
    expect(certificate.ca).toBe(false);
    // What node:crypto calls the usage is the extended one.
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  });

  test("it has each name, and no other", () => {
    expect(certificate.subjectAltName).toBe(
      "DNS:localhost, DNS:*.example.org, DNS:xn--bcher-kva.example, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1",
    );
    for (const host of ["localhost", "www.example.org", "xn--bcher-kva.example"])
      expect(certificate.checkHost(host)).toBeDefined();
    for (const host of ["example.org", "a.b.example.org", "localhost.org"])
      expect(certificate.checkHost(host)).toBeUndefined();
    for (const address of ["127.0.0.1", "2001:db8::1"]) expect(certificate.checkIP(address)).toBe(address);
    for (const address of ["127.0.0.2", "::1"]) expect(certificate.checkIP(address)).toBeUndefined();
  });

  test("it is valid for 825 days, of which one is over", () => {
    expect(Date.parse(certificate.validFrom)).toBe(NOW - DAY_MS);
    expect(Date.parse(certificate.validTo)).toBe(NOW + 824 * DAY_MS - 1_000);
    expect(leaf.notAfter).toBe(Date.parse(certificate.validTo));
  });

  test("its key and its fingerprint are its own", () => {
    expect(certificate.checkPrivateKey(createPrivateKey(leaf.key))).toBe(true);
    expect(leaf.fingerprint).toBe(fingerprintOf(certificate));
    expect(make(NAMES).key).not.toBe(leaf.key);
  });

  test("the chain is in order: the certificate, and behind it its CA", () => {
    const chain = leaf.cert.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n/gs) ?? [];
    expect(chain.join("")).toBe(leaf.cert);
    const issuer = kind === "issued" ? authority.certificate : certificate;
    expect(chain).toEqual(kind === "issued" ? [certificate.toString(), issuer.toString()] : [certificate.toString()]);
    // OpenSSL's check wants a key that may sign certificates, which only that of a CA may.
    expect(certificate.checkIssued(issuer)).toBe(kind === "issued");
    expect(certificate.issuer).toBe(issuer.subject);
    expect(certificate.verify(issuer.publicKey)).toBe(true);
  });

  test("any names that are valid are in it", () => {
    const name = fc
      .oneof(fc.domain(), fc.ipV4(), fc.ipV6())
      .filter((each) => !/\.\d+$|%/.test(each) || /^[\d.]+$/.test(each));
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 10 }), (all) => {
        const names = parseSubjectAltNames(all);
        const read = new X509Certificate(make(names).cert);
        for (const { kind: sort, text } of names)
          expect(sort === "dns" ? read.checkHost(text) : read.checkIP(text), text).toBeDefined();
      }),
      { numRuns: 50 },
    );
  });
});

test("a first name that is too long for the subject is a name all the same", () => {
  const host = `${"a".repeat(63)}.example.org`;
  const certificate = new X509Certificate(issueLeaf(authority, parseSubjectAltNames([host]), NOW).cert);
  expect(certificate.subject).toBe("O=Sockwright");
  expect(certificate.checkHost(host)).toBe(host);
});

test("it lasts no longer than its CA", () => {
  const late = Date.parse(authority.certificate.validTo) - 10 * DAY_MS;
  expect(issueLeaf(authority, NAMES, late).notAfter).toBe(Date.parse(authority.certificate.validTo));
});
