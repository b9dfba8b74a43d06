import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { loopbackCertificate } from "../../../src/certificate/loopback-certificate.ts";
import { tlsReport } from "../../../src/cli/tls-report.ts";

const DAY_MS = 86_400_000;
const made = Date.UTC(2030, 0, 2);
const { cert, fingerprint } = loopbackCertificate(made);
const chain = [new X509Certificate(cert)];
const to = Date.parse(chain[0]?.validTo ?? "");
const info = { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", serverName: undefined, alpn: undefined };

test("what was negotiated, and each certificate", () => {
  const text = tlsReport({ url: "tls://localhost:1", info, chain }, made);
  expect(text).toMatch(/^tls:\/\/localhost:1: TLSv1\.3, TLS_AES_128_GCM_SHA256, no ALPN\n\ncertificate /);
  expect(text).toMatch(/^names +localhost, 127\.0\.0\.1, 0:0:0:0:0:0:0:1$/m);
  expect(text.endsWith(`fingerprint  ${fingerprint}\n`)).toBe(true);
  const two = tlsReport({ url: "u", info: { ...info, alpn: "x" }, chain: [...chain, ...chain] }, made);
  expect(two).toContain("ALPN x");
  expect(two.match(/^(?:certificate|authority) /gm)).toEqual(["certificate ", "authority "]);
});

test.each([
  [to - 2 * DAY_MS - 1, "2 days left"],
  [to - DAY_MS - 1, "1 day left"],
  [to - 1, "0 days left"],
  [to + 1, "expired"],
  [Date.parse(chain[0]?.validFrom ?? "") - 1, "not valid yet"],
])("at %i: %s", (now, words) => {
  expect(tlsReport({ url: "u", info: undefined, chain }, now)).toContain(`, ${words}\n`);
});

test("a name that could move the cursor is escaped", () => {
  const [first] = chain;
  const hostile: object = {
    subject: "CN=\u001b[2J",
    issuer: "CN=a\nO=b",
    subjectAltName: "",
    validFrom: first?.validFrom,
    validTo: first?.validTo,
    fingerprint256: "",
  };
  const shown = tlsReport({ url: "u", info: undefined, chain: [hostile as X509Certificate] }, made);
  expect(shown).toContain("CN=\\x1b[2J");
  expect(shown).toContain("CN=a, O=b");
  expect(shown).toMatch(/^u: refused\n/);
});
