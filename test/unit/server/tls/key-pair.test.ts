import { expect, test } from "vitest";
import { readCertificates, readKeyPair } from "../../../../src/server/tls/key-pair.ts";
import { certificates } from "../../../support/certificates.ts";

const files = certificates();
const key = files.path("p256.key");

test.for(["localhost", "rsa", "chain", "self-signed"])("the pair of %s", (name) => {
  const { cert, key } = files.pair(name);
  const pair = readKeyPair(cert, key);
  expect(pair).toMatchObject({ name: `cert "${cert}"`, cert: String(files.bytes(`${name}.pem`)) });
  expect(pair.certificate.subject).toBe("CN=localhost");
});

test("the key may be in the certificate's file, before it or behind it", () => {
  const [cert, own] = [files.bytes("localhost.pem"), files.bytes("p256.key")];
  for (const both of [Buffer.concat([cert, own]), Buffer.concat([own, cert])]) {
    expect(readKeyPair(both, both).certificate.subject).toBe("CN=localhost");
  }
});

test("a chain whose order is wrong behind its first certificate", () => {
  const pem = Buffer.concat(["leaf", "ca", "intermediate"].map((name) => files.bytes(`${name}.pem`)));
  expect(() => readKeyPair(pem, key)).toThrow("cert: certificate 2 of it did not sign certificate 1");
  const twice = Buffer.concat(["leaf", "intermediate", "leaf"].map((name) => files.bytes(`${name}.pem`)));
  expect(() => readKeyPair(twice, key)).toThrow("cert: certificate 3 of it did not sign certificate 2");
});

test("authorities: each certificate must be whole, also behind others", () => {
  const [ca, other] = [files.bytes("ca.pem"), files.bytes("other-ca.pem")];
  expect(readCertificates("ca", Buffer.concat([ca, other]))).toBe(`${ca}${other}`);
  expect(() => readCertificates("ca", Buffer.concat([ca, other.subarray(0, 200)]))).toThrow(
    "ca: it has a certificate that is cut",
  );
  const broken = Buffer.from("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  expect(() => readCertificates("ca", Buffer.concat([broken, ca]))).toThrow("ca: it has a broken certificate");
});
