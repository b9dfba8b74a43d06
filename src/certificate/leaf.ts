import type { X509Certificate } from "node:crypto";
import type { Authority } from "./authority.ts";
import { distinguishedName, MAX_NAME_ATTRIBUTE_LENGTH } from "./distinguished-name.ts";
import { keyIdentifierOf, leafExtensions } from "./extension.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { type KeyPair, keyPem, newKeyPair } from "./key-pair.ts";
import { signedCertificate, validityOf } from "./signed-certificate.ts";
import type { SubjectAltName } from "./subject-alt-name.ts";

/** Safari and macOS accept no longer validity. */
const LEAF_DAYS = 825;

/** A certificate for a server or a client, and its key. */
export interface Leaf {
  /** PEM: the certificate, and behind it the CA that issued it. */
  readonly cert: string;
  /** PEM: the private key, PKCS #8, without a passphrase. */
  readonly key: string;
  /** `sha256:` and 64 hexadecimal digits, as `pin=` takes it. */
  readonly fingerprint: string;
  /** The last second in which it is valid, in milliseconds since 1970. */
  readonly notAfter: number;
}

/**
 * Issues a certificate with a new key, valid for 825 days, or until its CA expires.
 *
 * @param names - at least one, from `parseSubjectAltNames`.
 */
export function issueLeaf(authority: Authority, names: readonly SubjectAltName[], now: number): Leaf {
  const pair = newKeyPair();
  const { publicKey } = pair;
  const extensions = leafExtensions(names, keyIdentifierOf(publicKey), authority.keyIdentifier);
  const { notBefore, notAfter: latest } = validityOf(LEAF_DAYS, now);
  const notAfter = Math.min(latest, Date.parse(authority.certificate.validTo));
  const contents = { publicKey, subject: subjectOf(names), issuer: authority.subject, extensions, notBefore, notAfter };
  const certificate = signedCertificate(contents, authority.privateKey);
  return leafOf(certificate, pair, authority.certificate.toString());
}

/** Makes a self-signed certificate with a new key, valid for 825 days; clients trust it by its fingerprint. */
export function selfSignedLeaf(names: readonly SubjectAltName[], now: number): Leaf {
  const pair = newKeyPair();
  const { publicKey } = pair;
  const subject = subjectOf(names);
  const extensions = leafExtensions(names, keyIdentifierOf(publicKey));
  const contents = { publicKey, subject, issuer: subject, extensions, ...validityOf(LEAF_DAYS, now) };
  return leafOf(signedCertificate(contents, pair.privateKey), pair, "");
}

/** Clients look at the names of the extension; the subject is for people. */
function subjectOf([first]: readonly SubjectAltName[]): Buffer {
  const isShort = first !== undefined && first.text.length <= MAX_NAME_ATTRIBUTE_LENGTH;
  return distinguishedName({ organization: "Sockwright", commonName: isShort ? first.text : undefined });
}

function leafOf(certificate: X509Certificate, pair: KeyPair, issuer: string): Leaf {
  return {
    cert: certificate.toString() + issuer,
    key: keyPem(pair),
    fingerprint: fingerprintOf(certificate),
    notAfter: Date.parse(certificate.validTo),
  };
}
