import { type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { bitString, contextual, objectIdentifier, sequence, time, unsignedInteger } from "./der.ts";

const SERIAL_SIZE = 16;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A certificate begins so much before it is made, for clocks that are behind. */
const CLOCK_SKEW_MS = DAY_MS;

/** From when to when a certificate is valid, in milliseconds since 1970; both seconds belong to it. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What a certificate says. */
export interface CertificateContents extends Validity {
  readonly publicKey: KeyObject;
  /** The subject and the issuer, in DER. */
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly extensions: readonly Buffer[];
}

/** Returns the validity of a certificate that is made now: a number of days, the day before now among them. */
export function validityOf(days: number, now: number): Validity {
  const notBefore = Math.floor((now - CLOCK_SKEW_MS) / 1_000) * 1_000;
  return { notBefore, notAfter: notBefore + days * DAY_MS - 1_000 };
}

/** Makes a certificate of X.509 version 3, signed with a P-256 key: RFC 5280, section 4.1. */
export function signedCertificate(contents: CertificateContents, signer: KeyObject): X509Certificate {
  const { publicKey, subject, issuer, extensions, notBefore, notAfter } = contents;
  const ecdsaWithSha256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
  const toBeSigned = sequence(
    contextual(0, "constructed", unsignedInteger(Buffer.from([2]))),
    unsignedInteger(serialNumber()),
    ecdsaWithSha256,
    issuer,
    sequence(time(notBefore), time(notAfter)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    contextual(3, "constructed", sequence(...extensions)),
  );
  return new X509Certificate(sequence(toBeSigned, ecdsaWithSha256, bitString(sign("sha256", toBeSigned, signer))));
}

/** Always 16 bytes, and positive: 126 of the bits are random. */
function serialNumber(): Buffer {
  const serial = randomBytes(SERIAL_SIZE);
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  return serial;
}
