// A CA: made, written, and read again.
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { authorityPem, newAuthority, readAuthority } from "../../../src/certificate/authority.ts";
import { CertificateError } from "../../../src/certificate/certificate-error.ts";
import { distinguishedName, MAX_NAME_ATTRIBUTE_LENGTH } from "../../../src/certificate/distinguished-name.ts";
import { authorityExtensions, keyIdentifierOf } from "../../../src/certificate/extension.ts";
import { newKeyPair } from "../../../src/certificate/key-pair.ts";
import { issueLeaf } from "../../../src/certificate/leaf.ts";
import { signedCertificate, validityOf } from "../../../src/certificate/signed-certificate.ts";
import { parseSubjectAltNames } from "../../../src/certificate/subject-alt-name.ts";

const NOW = Date.parse("2026-12-03T12:00:00.500Z");
const DAY_MS = 86_400_000;

const authority = newAuthority("rose@desk", NOW);
const pem = authorityPem(authority);
const other = authorityPem(newAuthority("rose@desk", NOW));

test("it is a CA for ten years, whose name says who made it", () => {
  const { certificate } = authority;
  expect(certificate.ca).toBe(true);
  expect(certificate.subject).toBe("O=Sockwright\nCN=Sockwright local CA rose@desk");
  expect(certificate.issuer).toBe(certificate.subject);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(new Date(certificate.validFrom).toISOString()).toBe("2026-12-02T12:00:00.000Z");
  expect(new Date(certificate.validTo).toISOString()).toBe("2036-11-29T11:59:59.000Z");
});

test("a long name is cut, between characters", () => {
  const { certificate } = newAuthority(`${"😀".repeat(100)}@desk`, NOW);
  const commonName = certificate.subject.split("CN=")[1] ?? "";
  expect(Array.from(commonName)).toHaveLength(MAX_NAME_ATTRIBUTE_LENGTH);
  expect(commonName).toMatch(/^Sockwright local CA 😀+$/u);
});

test("it is read again as it was", () => {
  const again = readAuthority(pem.cert, pem.key, NOW);
  expect(again.certificate.raw.equals(authority.certificate.raw)).toBe(true);
  expect(again.subject.equals(authority.subject)).toBe(true);
  expect(again.keyIdentifier.equals(authority.keyIdentifier)).toBe(true);
  expect(again.privateKey.equals(authority.privateKey)).toBe(true);
});

test("it is valid from its first to its last second", () => {
  const first = Date.parse(authority.certificate.validFrom);
  const last = Date.parse(authority.certificate.validTo);
  expect(() => readAuthority(pem.cert, pem.key, first)).not.toThrow();
  expect(() => readAuthority(pem.cert, pem.key, last)).not.toThrow();
  expect(() => readAuthority(pem.cert, pem.key, first - 1)).toThrow("valid from 2026-12-02 on: is the clock right?");
  expect(() => readAuthority(pem.cert, pem.key, last + 1)).toThrow("the CA has expired on 2036-11-29");
});

describe("what is refused", () => {
  const encrypted = (type: "pkcs8" | "sec1"): string =>
    authority.privateKey.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "secret" }).toString();
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ type: "pkcs8", format: "pem" });
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({ type: "pkcs8", format: "pem" });
  const leaf = issueLeaf(authority, parseSubjectAltNames(["localhost"]), NOW);
  const broken = Buffer.from(authority.certificate.raw);
  broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1);

  const unlimited = distinguishedName({ organization: "Unlimited" });
  const [, , identifier = Buffer.alloc(0)] = authorityExtensions(authority.keyIdentifier);
  const contents = { publicKey: authority.certificate.publicKey, subject: unlimited, issuer: unlimited };
  const withoutConstraints = signedCertificate(
    { ...contents, extensions: [identifier], ...validityOf(10, NOW) },
    authority.privateKey,
  );

  test.for<[what: string, cert: string, key: string, said: string]>([
    ["the key of another CA with the same name", pem.cert, other.key, "the key is not that of the CA's certificate"],
    ["a key with a passphrase", pem.cert, encrypted("pkcs8"), "the key has a passphrase"],
    ["an old form of a key with a passphrase", pem.cert, encrypted("sec1"), "the key has a passphrase"],
    ["an RSA key", pem.cert, String(rsa), "not on P-256"],
    ["a key on P-384", pem.cert, String(p384), "not on P-256"],
    ["an empty key", pem.cert, "", "the key is no PEM"],
    ["a key that is a certificate", pem.cert, pem.cert, "the key is no PEM"],
    ["an empty certificate", "", pem.key, "the certificate is no PEM of X.509"],
    ["a certificate that is a key", pem.key, pem.key, "the certificate is no PEM of X.509"],
    ["a certificate that is cut off", pem.cert.slice(0, 300), pem.key, "the certificate is no PEM of X.509"],
    ["a certificate that is no CA", leaf.cert, leaf.key, "no self-signed CA"],
    ["a certificate that does not say what it is", withoutConstraints.toString(), pem.key, "no self-signed CA"],
    ["a certificate with a changed signature", new X509Certificate(broken).toString(), pem.key, "no self-signed CA"],
  ])("%s", ([, cert, key, said]) => {
    expect(() => readAuthority(cert, key, NOW)).toThrow(CertificateError);
    expect(() => readAuthority(cert, key, NOW)).toThrow(said);
  });
});

test("an old form of a key is read, too", () => {
  const sec1 = authority.privateKey.export({ type: "sec1", format: "pem" }).toString();
  expect(readAuthority(pem.cert, sec1, NOW).privateKey.equals(createPrivateKey(pem.key))).toBe(true);
});

test("what a CA of another program issues names its key as its certificate does", () => {
  // Such as with the SHA-1 of RFC 5280, or without an identifier.
  for (const keyIdentifier of [Buffer.from("an identifier"), undefined]) {
    const { publicKey, privateKey } = newKeyPair();
    const subject = distinguishedName({ organization: "Other" });
    const [constraints = Buffer.alloc(0), usage = Buffer.alloc(0), identifier = Buffer.alloc(0)] = authorityExtensions(
      keyIdentifier ?? Buffer.alloc(0),
    );
    const extensions = [constraints, usage, ...(keyIdentifier === undefined ? [] : [identifier])];
    const contents = { publicKey, subject, issuer: subject, extensions, ...validityOf(10, NOW) };
    const cert = signedCertificate(contents, privateKey).toString();
    const read = readAuthority(cert, privateKey.export({ type: "pkcs8", format: "pem" }).toString(), NOW);
    expect(read.keyIdentifier.toString("hex")).toBe((keyIdentifier ?? keyIdentifierOf(publicKey)).toString("hex"));
    expect(read.subject.equals(subject)).toBe(true);
    const leaf = new X509Certificate(issueLeaf(read, parseSubjectAltNames(["localhost"]), NOW).cert);
    expect(leaf.checkIssued(read.certificate)).toBe(true);
    // It lasts no longer than its CA.
    expect(leaf.validTo).toBe(read.certificate.validTo);
    expect(Date.parse(leaf.validTo)).toBe(Date.parse("2026-12-02T12:00:00Z") + 10 * DAY_MS - 1_000);
  }
});
