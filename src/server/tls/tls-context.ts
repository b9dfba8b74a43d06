import { constants, createHash } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { messageOf } from "../../socket/values.ts";
import { type KeyPair, readCertificates, readKeyPair } from "./key-pair.ts";
import type { PemInput } from "./pem-file.ts";
import { readRevocationLists } from "./revocation-lists.ts";
import { rootBundle } from "./root-certificates.ts";
import { checkPairs, checkServerOptions } from "./server-options.ts";
import { TlsOptionError } from "./tls-error.ts";
import type { TlsSettings } from "./tls-settings.ts";

/** Which certificate a peer must show. */
export interface PeerCheck {
  /** Whether a peer without a certificate is refused. A client always requires that of its server. */
  readonly isRequired: boolean;
  /** Whether the peer's certificate needs an authority that this side trusts, and for a server the right name. */
  readonly checksChain: boolean;
  /** `sha256:HEX` of the only certificates to accept; undefined for all. */
  readonly pins: readonly string[] | undefined;
}

/** What one side of TLS is made of: certificates, and what it requires of the peer. All connections of a listener share one. */
export interface TlsContext {
  readonly secure: SecureContext;
  /** Returns the context for the name that a client asks for, or undefined for `secure`. Undefined where there is only that. */
  readonly forName: ((name: string) => SecureContext | undefined) | undefined;
  /** The context for a client that asks for no name, where `secure` has no certificate. */
  readonly forNoName: SecureContext | undefined;
  readonly alpn: readonly string[] | undefined;
  /** Undefined where this side asks for no certificate. */
  readonly check: PeerCheck | undefined;
  readonly servername: string | undefined;
}

/** RFC 9325, section 4.2: forward secrecy and authenticated encryption only. TLS 1.3 has no other suites. */
const CIPHERS = [
  ...["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
  ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ...["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ...["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
].join(":");

/**
 * Elliptic curves only, in TLS 1.3, too: OpenSSL's own list has the large finite fields of RFC 7919, in which each handshake of a client
 * costs the server a hundred times as much. The first is the hybrid with ML-KEM, which OpenSSL knows from 3.5 on.
 */
const GROUPS = "X25519:P-256:P-384:P-521";
const HYBRID = "X25519MLKEM768";
const knowsHybrid = process.versions.openssl.localeCompare("3.5", "en", { numeric: true }) >= 0;

/** SSL_CTX_set_session_id_context(3): at most 32 bytes. */
const SESSION_CONTEXT_SIZE = 32;

/**
 * Makes the context of a server. Throws TlsOptionError.
 *
 * @param ticketKeys - 48 bytes of a listener's own, which outlive a reload so that clients can resume their sessions.
 */
export function serverContext(settings: TlsSettings, ticketKeys: Buffer): TlsContext {
  const { cert, key, ca, client, pin, alpn } = settings;
  const pairs = keyPairs(cert, key);
  const { first, others } = byContext(pairs);
  if (first.length === 0)
    throw new TlsOptionError("cert", "a TLS server needs cert and key, the paths of two PEM files");
  checkServerOptions(settings);
  const trust = trustOf(settings);
  const shared = { ...trust, ticketKeys, sessionIdContext: sessionContextOf(settings, trust) };
  const initial = secureContext(settings, first, shared);
  const named = others.map((pair) => ({ pair, secure: secureContext(settings, [pair], shared) }));
  const forNoName = others.length > 0 && kindsOf(pairs).size > 1 ? initial : undefined;
  const forName = (name: string): SecureContext | undefined =>
    first.some((pair) => isFor(name, pair))
      ? forNoName
      : (named.find(({ pair }) => isFor(name, pair))?.secure ?? forNoName);
  return {
    // Node would add the certificate of the name to the first one, and OpenSSL has a place for each kind of key.
    secure: forNoName === undefined ? initial : secureContext(settings, [], shared),
    forName: others.length === 0 ? undefined : forName,
    forNoName,
    alpn,
    check: client && { isRequired: client === "require", checksChain: ca !== undefined, pins: pin },
    servername: undefined,
  };
}

/** The context of clients without files of their own, by the lowest version: the system's authorities are parsed once. */
const defaults = new Map<string, SecureContext>();

/** Makes the context of a client. Throws TlsOptionError. */
export function clientContext(settings: TlsSettings): TlsContext {
  const { cert, key, ca, crl, client, pin, alpn, servername, min = "1.2" } = settings;
  if (client !== undefined)
    throw new TlsOptionError("client", "client is for servers: a client always checks its server");
  const [pair, second] = keyPairs(cert, key);
  if (second !== undefined) throw new TlsOptionError("cert", "a client has one certificate: give cert and key once");
  const isDefault =
    pair === undefined && ca === undefined && crl === undefined && process.env["SSL_CERT_FILE"] === undefined;
  const made = isDefault ? defaults.get(min) : undefined;
  const secure =
    made ?? secureContext(settings, pair === undefined ? [] : [pair], trustOf(settings, pin === undefined));
  if (isDefault && pin === undefined) defaults.set(min, secure);
  const checksChain = pin === undefined || ca !== undefined;
  return {
    secure,
    forName: undefined,
    forNoName: undefined,
    alpn,
    check: { isRequired: true, checksChain, pins: pin },
    servername,
  };
}

function keyPairs(certs: readonly PemInput[] = [], keys: readonly PemInput[] = []): KeyPair[] {
  checkPairs({ cert: certs, key: keys });
  return certs.flatMap((cert, index) => {
    const key = keys[index];
    return key === undefined ? [] : [readKeyPair(cert, key)];
  });
}

/**
 * Splits the pairs into those of the first context and the others. Where all have the same names, and keys of different kinds, they are
 * one context, and OpenSSL chooses by the client's algorithms. Of a context for a name Node uses one certificate only, beside those of
 * the first context (TLSWrap, UseSNIContext): so there the first has one, too.
 */
function byContext(pairs: readonly KeyPair[]): {
  readonly first: readonly KeyPair[];
  readonly others: readonly KeyPair[];
} {
  const names = new Set(pairs.map(({ certificate }) => certificate.subjectAltName));
  const isOne = names.size === 1 && kindsOf(pairs).size === pairs.length;
  return isOne ? { first: pairs, others: [] } : { first: pairs.slice(0, 1), others: pairs.slice(1) };
}

function kindsOf(pairs: readonly KeyPair[]): Set<string | undefined> {
  return new Set(pairs.map(({ certificate }) => certificate.publicKey.asymmetricKeyType));
}

/** The authorities to trust, and their lists of revoked certificates. */
interface Trust {
  readonly ca: string | string[];
  readonly crl: string[] | undefined;
}

function trustOf({ ca, crl }: TlsSettings, usesRoots = false): Trust {
  const authorities = ca === undefined ? (usesRoots ? roots() : []) : readCertificates("ca", ca);
  return { ca: authorities, crl: crl === undefined ? undefined : readRevocationLists(crl) };
}

function roots(): string | string[] {
  const bundle = rootBundle();
  return typeof bundle === "string" ? readCertificates("ca", bundle) : [...bundle];
}

function secureContext(settings: TlsSettings, pairs: readonly KeyPair[], shared: SecureContextOptions): SecureContext {
  try {
    return createSecureContext({
      ...shared,
      cert: pairs.map(({ cert }) => cert),
      key: pairs.map(({ key }) => key),
      ciphers: CIPHERS,
      ecdhCurve: knowsHybrid ? `${HYBRID}:${GROUPS}` : GROUPS,
      honorCipherOrder: true,
      minVersion: settings.min === "1.3" ? "TLSv1.3" : "TLSv1.2",
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    });
  } catch (error) {
    const names = pairs.map(({ name }) => name).join(", ");
    const [option, which] = pairs.length === 0 ? (["ca", "ca"] as const) : (["cert", names] as const);
    throw new TlsOptionError(option, `${which}: it cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

function isFor(name: string, { certificate }: KeyPair): boolean {
  // RFC 6125, section 6.4.4: only the alternative names count.
  // RFC 6066, section 3, has no dot at the end, and some clients send one.
  return certificate.checkHost(name.replace(/\.$/, ""), { subject: "never", partialWildcards: false }) !== undefined;
}

/**
 * A session is resumed only where the same is required of clients: otherwise a client could take a session from before a reload,
 * or from another listener, past a stricter check.
 */
function sessionContextOf({ client, pin }: TlsSettings, { ca, crl }: Trust): string {
  const content = JSON.stringify({ client, ca, crl, pin });
  return createHash("sha256").update(content).digest("hex").slice(0, SESSION_CONTEXT_SIZE);
}
