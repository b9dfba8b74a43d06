import type { X509Certificate } from "node:crypto";

/** `sha256:HEX` of a certificate: the form of the option `pin`. */
export function fingerprintOf(certificate: X509Certificate): string {
  return `sha256:${certificate.fingerprint256.replaceAll(":", "").toLowerCase()}`;
}
