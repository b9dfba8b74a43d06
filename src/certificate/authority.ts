import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { CertificateError } from "./certificate-error.ts";
import { objectIdentifier } from "./der.ts";
import { type DerElement, derElements } from "./der-elements.ts";
import { distinguishedName } from "./distinguished-name.ts";
import { authorityExtensions, keyIdentifierOf, SUBJECT_KEY_IDENTIFIER } from "./extension.ts";
import { keyPem, newKeyPair } from "./key-pair.ts";
import { signedCertificate, validityOf } from "./signed-certificate.ts";

const AUTHORITY_DAYS = 3_650;

/** A CA that can issue. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
  /** Its name in DER, exactly as its certificate has it. */
  readonly subject: Buffer;
  readonly keyIdentifier: Buffer;
}

/**
 * Makes a CA with a new key, valid for ten years.
 *
 * @param owner - who made it, such as `rose@desk`; it is part of the name that clients show.
 * @param now - milliseconds since 1970.
 */
export function newAuthority(owner: string, now: number): Authority {
  const { publicKey, privateKey } = newKeyPair();
  const subject = distinguishedName({ organization: "Sockwright", commonName: `Sockwright local CA ${owner}` });
  const keyIdentifier = keyIdentifierOf(publicKey);
  const extensions = authorityExtensions(keyIdentifier);
  const contents = { publicKey, subject, issuer: subject, extensions, ...validityOf(AUTHORITY_DAYS, now) };
  return { certificate: signedCertificate(contents, privateKey), privateKey, subject, keyIdentifier };
}

/** Returns the certificate and the key of a CA as PEM. */
export function authorityPem({ certificate, privateKey }: Authority): { readonly cert: string; readonly key: string } {
  return { cert: certificate.toString(), key: keyPem({ privateKey }) };
}

/**
 * Reads a CA from the texts of its certificate and its key.
 *
 * @throws CertificateError unless the certificate is a self-signed CA that is valid now, and the key is its own, on P-256 and
 * without a passphrase.
 */
export function readAuthority(cert: string, key: string, now: number): Authority {
  const certificate = certificateFrom(cert);
  if (!certificate.ca || !isSelfSigned(certificate)) throw new CertificateError("the certificate is no self-signed CA");
  const { validFrom, validTo } = certificate;
  if (Date.parse(validTo) < now) throw new CertificateError(`the CA has expired on ${dayOf(validTo)}`);
  if (Date.parse(validFrom) > now)
    throw new CertificateError(`the CA is valid from ${dayOf(validFrom)} on: is the clock right?`);
  const privateKey = privateKeyFrom(key);
  if (privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw new CertificateError("the key of the CA is not on P-256");
  if (!certificate.checkPrivateKey(privateKey))
    throw new CertificateError("the key is not that of the CA's certificate");
  return { certificate, privateKey, ...identityOf(certificate, createPublicKey(privateKey)) };
}

function certificateFrom(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new CertificateError("the certificate is no PEM of X.509", error);
  }
}

function privateKeyFrom(text: string): KeyObject {
  if (/-----BEGIN ENCRYPTED |^Proc-Type: *4, *ENCRYPTED/m.test(text))
    throw new CertificateError("the key has a passphrase, and one without is needed");
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new CertificateError("the key is no PEM of a private key", error);
  }
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

function dayOf(date: string): string {
  return new Date(date).toISOString().slice(0, 10);
}

/** Returns the subject and the key identifier as they are in the certificate, since what it issues repeats them. */
function identityOf(certificate: X509Certificate, key: KeyObject): { subject: Buffer; keyIdentifier: Buffer } {
  const [whole] = derElements(certificate.raw);
  const [toBeSigned] = derElements(whole?.content ?? Buffer.alloc(0));
  // Version, serial number, signature, issuer, validity, subject: a self-signed one has its own name as issuer.
  const fields = derElements(toBeSigned?.content ?? Buffer.alloc(0));
  const subject = fields[5]?.whole;
  if (subject === undefined) throw new CertificateError("the certificate of the CA has no subject");
  return { subject, keyIdentifier: keyIdentifierIn(fields) ?? keyIdentifierOf(key) };
}

function keyIdentifierIn(fields: readonly DerElement[]): Buffer | undefined {
  const extensions = fields.find(({ tag }) => tag === 0xa3)?.content ?? Buffer.alloc(0);
  const identifier = objectIdentifier(SUBJECT_KEY_IDENTIFIER);
  for (const { content } of derElements(extensions).flatMap((list) => derElements(list.content))) {
    const [type, ...rest] = derElements(content);
    if (type?.whole.equals(identifier)) return derElements(rest.at(-1)?.content ?? Buffer.alloc(0))[0]?.content;
  }
  return undefined;
}
