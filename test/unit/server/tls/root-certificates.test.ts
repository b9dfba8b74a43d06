import { existsSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { expect, test, vi } from "vitest";
import { rootBundle } from "../../../../src/server/tls/root-certificates.ts";

test("the file that SSL_CERT_FILE names, also one that is missing: the error names it", () => {
  vi.stubEnv("SSL_CERT_FILE", "/missing.pem");
  expect(rootBundle()).toBe("/missing.pem");
});

test("without the variable, or with an empty one: the system's bundle, else Node's", () => {
  for (const value of [undefined, ""]) {
    vi.stubEnv("SSL_CERT_FILE", value);
    const bundle = rootBundle();
    if (typeof bundle === "string") expect(existsSync(bundle)).toBe(true);
    else expect(bundle).toBe(rootCertificates);
  }
});
