// The extensions of a certificate: RFC 5280, section 4.2.
import { createHash, type KeyObject } from "node:crypto";
import { contextual, derTrue, namedBits, objectIdentifier, octetString, sequence, unsignedInteger } from "./der.ts";
import { type SubjectAltName, subjectAltNameValue } from "./subject-alt-name.ts";

export const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";

/** The length of an uncompressed point on P-256, which is the end of a public key in DER: RFC 5480, section 2.2. */
const POINT_SIZE = 65;
const KEY_IDENTIFIER_SIZE = 20;

const DIGITAL_SIGNATURE = 0;
const KEY_CERT_SIGN = 5;
const CRL_SIGN = 6;

function extension(identifier: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(objectIdentifier(identifier), ...(isCritical ? [derTrue()] : []), octetString(value));
}

/** Returns the extensions of a CA that issues leaf certificates, and no further CA. */
export function authorityExtensions(keyIdentifier: Buffer): readonly Buffer[] {
  const pathLength = unsignedInteger(Buffer.from([0]));
  return [
    extension("2.5.29.19", true, sequence(derTrue(), pathLength)),
    extension("2.5.29.15", true, namedBits(KEY_CERT_SIGN, CRL_SIGN)),
    extension(SUBJECT_KEY_IDENTIFIER, false, octetString(keyIdentifier)),
  ];
}

/**
 * Returns the extensions of a certificate for a server or a client.
 *
 * @param issuerIdentifier - undefined for a self-signed certificate, which needs none.
 */
export function leafExtensions(
  names: readonly SubjectAltName[],
  keyIdentifier: Buffer,
  issuerIdentifier?: Buffer,
): readonly Buffer[] {
  const issuer = issuerIdentifier && sequence(contextual(0, "primitive", issuerIdentifier));
  const serverAuth = objectIdentifier("1.3.6.1.5.5.7.3.1");
  const clientAuth = objectIdentifier("1.3.6.1.5.5.7.3.2");
  return [
    // Not a CA, which is the default in it.
    extension("2.5.29.19", true, sequence()),
    extension("2.5.29.15", true, namedBits(DIGITAL_SIGNATURE)),
    extension("2.5.29.37", false, sequence(serverAuth, clientAuth)),
    extension(SUBJECT_KEY_IDENTIFIER, false, octetString(keyIdentifier)),
    ...(issuer === undefined ? [] : [extension("2.5.29.35", false, issuer)]),
    extension("2.5.29.17", false, subjectAltNameValue(names)),
  ];
}

/** Returns the identifier of a P-256 key: the first 160 bits of a SHA-256, RFC 7093, section 2, method 1. */
export function keyIdentifierOf(publicKey: KeyObject): Buffer {
  const point = publicKey.export({ type: "spki", format: "der" }).subarray(-POINT_SIZE);
  return createHash("sha256").update(point).digest().subarray(0, KEY_IDENTIFIER_SIZE);
}
