import type { X509Certificate } from "node:crypto";

/** The name that openssl(1) puts before a fingerprint, the prefix of the option `pin`, or neither; then the digits, as openssl has them or not. */
const OTHER_FORM = /^\s*(?:sha256:|sha256 fingerprint=)?\s*([\da-f]{2}(?::?[\da-f]{2}){31})\s*$/i;

/** Returns a SHA-256 fingerprint in the form of the option `pin`, such as that of `openssl x509 -fingerprint -sha256`; undefined for other text. */
export function pinOf(text: string): string | undefined {
  const [, digits] = OTHER_FORM.exec(text) ?? [];
  return digits && `sha256:${digits.replaceAll(":", "").toLowerCase()}`;
}

/** `sha256:HEX` of a certificate: the form of the option `pin`. */
export function fingerprintOf(certificate: X509Certificate): string {
  return `sha256:${certificate.fingerprint256.replaceAll(":", "").toLowerCase()}`;
}
