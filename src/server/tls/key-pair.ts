import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { messageOf } from "../../socket/values.ts";
import { inputName, type PemInput, readPem } from "./pem-file.ts";
import { TlsOptionError } from "./tls-error.ts";

/** A certificate with its chain, and its key. */
export interface KeyPair {
  /** The certificate's name in errors. */
  readonly name: string;
  /** The chain as PEM. */
  readonly cert: string;
  readonly key: string;
  /** The certificate of this side, which is the first of the chain. */
  readonly certificate: X509Certificate;
}

const CERTIFICATE = /^(?:X509 |TRUSTED )?CERTIFICATE$/;
const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const BEGIN = /^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/gm;
const PRIVATE_KEY = /PRIVATE KEY$/;

/** Reads certificates as PEM. Throws TlsOptionError where one of them is broken: OpenSSL would ignore it, and those behind it. */
export function readCertificates(option: "cert" | "ca", input: PemInput): string {
  const pem = readPem(option, input, CERTIFICATE, "certificate");
  parse(option, pem, inputName(option, input));
  return pem;
}

/**
 * Reads a certificate and its key, and checks that they belong together: the first certificate is that of the key, and each further
 * one signed the one before it (RFC 5246, section 7.4.2). Throws TlsOptionError.
 */
export function readKeyPair(cert: PemInput, key: PemInput): KeyPair {
  const certName = inputName("cert", cert);
  const pem = readPem("cert", cert, CERTIFICATE, "certificate");
  const chain = parse("cert", pem, certName);
  const [certificate] = chain;
  const keyText = readKey(key);
  checkMatch(chain, keyText, certName, inputName("key", key));
  for (const [index, each] of chain.entries()) {
    const next = chain[index + 1];
    if (next === undefined || each.checkIssued(next)) continue;
    const wrong = `certificate ${index + 2} of it did not sign certificate ${index + 1}`;
    throw new TlsOptionError(
      "cert",
      `${certName}: ${wrong}: write first the server's own, then the one that signed it, and so on`,
    );
  }
  return { name: certName, cert: pem, key: keyText, certificate };
}

/** At least one certificate. */
function parse(option: "cert" | "ca", pem: string, name: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = [...pem.matchAll(BLOCK)];
  const [first, ...others] = blocks;
  if (first === undefined || blocks.length < [...pem.matchAll(BEGIN)].length) {
    throw new TlsOptionError(option, `${name}: it has a certificate that is cut`);
  }
  try {
    return [new X509Certificate(first[0]), ...others.map(([block]) => new X509Certificate(block))];
  } catch (error) {
    throw new TlsOptionError(option, `${name}: it has a broken certificate`, { cause: error });
  }
}

function readKey(input: PemInput): string {
  const name = inputName("key", input);
  const pem = readPem("key", input, PRIVATE_KEY, "private key");
  if (!/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem)) return pem;
  const advice = "write it without one: openssl pkey -in KEY -out PLAIN";
  throw new TlsOptionError(
    "key",
    `${name}: it is encrypted with a passphrase, which nobody could type here; ${advice}`,
  );
}

function checkMatch(chain: readonly X509Certificate[], pem: string, certName: string, keyName: string): void {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new TlsOptionError("key", `${keyName}: it has no usable private key: ${messageOf(error)}`, { cause: error });
  }
  const place = chain.findIndex((each) => each.checkPrivateKey(key));
  if (place === 0) return;
  if (place > 0) {
    const wrong = `its certificates are in the wrong order: the one of the key is number ${place + 1}`;
    throw new TlsOptionError("cert", `${certName}: ${wrong}, and has to be the first`);
  }
  throw new TlsOptionError("key", `${keyName}: it is not the key of ${certName}`);
}
