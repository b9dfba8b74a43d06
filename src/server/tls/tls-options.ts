import { Buffer } from "node:buffer";
import { pinOf } from "../../certificate/fingerprint.ts";
import { wrongType, wrongValue } from "../../socket/values.ts";
import { choice, custom } from "../options/option-kind.ts";
import type { OptionKindsOf } from "../options/option-table.ts";
import { MAX_PROTOCOL_BYTES, MAX_PROTOCOLS_BYTES } from "../url/parse-url-option.ts";
import type { PemInput } from "./pem-file.ts";

/** How a server treats certificates of clients: a client may show one, or must. One that it shows must be valid in both cases. */
export type ClientCertificates = "ask" | "require";

/** The lowest version of TLS: RFC 5246, RFC 8446. */
export type TlsVersion = "1.2" | "1.3";

/** Most pairs of `cert` and `key`: the handshake of a client with a name looks for it in each. A further one is an error. */
export const MAX_CERTIFICATES = 256;
/** Most fingerprints of `pin`. A further one is an error. */
export const MAX_PINS = 64;

/**
 * The options of TLS. A file is given by its path, and read again when a server reloads, or as the bytes of its content. All files
 * are PEM.
 */
export interface TlsOptions {
  /**
   * The certificate of this side, followed by those of the authorities between it and the root. Of several, each belongs to the key
   * at the same place: a server chooses the one for the name that the client asks for (SNI, RFC 6066), and the first for other names. Where
   * all have the same names, and keys of different kinds such as RSA and P-256, the client's algorithms decide.
   */
  readonly cert?: PemInput | readonly PemInput[] | undefined;
  /** The private key of each certificate, without a passphrase. */
  readonly key?: PemInput | readonly PemInput[] | undefined;
  /**
   * The authorities that this side trusts. For a client the default is those of the system: the file that the environment variable
   * `SSL_CERT_FILE` names, or the system's bundle. A server needs them to check certificates of clients.
   */
  readonly ca?: PemInput | undefined;
  /** Lists of revoked certificates, one of each authority of the chain. Without it, no certificate is checked for revocation. */
  readonly crl?: PemInput | undefined;
  /** For servers: whether clients may or must show a certificate. Default is that they are not asked. */
  readonly client?: ClientCertificates | undefined;
  /**
   * The protocols to negotiate, such as `http/1.1`; a server prefers the first — RFC 7301. When both sides have a list and nothing in
   * common, the handshake fails. Default is no negotiation.
   */
  readonly alpn?: readonly string[] | undefined;
  /** The lowest version of TLS. Default `"1.2"`. */
  readonly min?: TlsVersion | undefined;
  /** For clients: the name that the peer's certificate must have, and that is sent as SNI. Default is the host of the URL. */
  readonly servername?: string | undefined;
  /**
   * `sha256:HEX`, the fingerprint of the only certificate to accept, or several. It replaces the check of authority, name and expiry;
   * together with `ca` both must hold.
   */
  readonly pin?: string | readonly string[] | undefined;
}

/** The option kinds of {@link TlsOptions}. */
export const TLS_OPTIONS = {
  cert: custom("a path, or the bytes, of a PEM file, or several", files),
  key: custom("a path, or the bytes, of a PEM file, or several", files),
  ca: custom("a path, or the bytes, of a PEM file", file),
  crl: custom("a path, or the bytes, of a PEM file", file),
  client: choice(["ask", "require"]),
  alpn: custom("names of protocols", checkProtocols),
  min: choice(["1.2", "1.3"]),
  servername: custom("a host name or an address", serverName),
  pin: custom("sha256: and 64 hexadecimal digits, or several", pins),
} satisfies OptionKindsOf<TlsOptions>;

function serverName(path: string, given: unknown): string {
  if (typeof given !== "string") throw wrongType(path, "of type string", given);
  // Node would check the certificate for "localhost" instead.
  if (given === "") throw wrongValue(path, "must not be empty", given);
  return given;
}

function file(path: string, given: unknown): PemInput {
  if (typeof given === "string" && given !== "") return given;
  // A copy: the caller may change its bytes before the next reload.
  if (given instanceof Uint8Array) return Buffer.from(given);
  throw wrongType(path, "the path of a PEM file, or its bytes", given);
}

function files(path: string, given: unknown): readonly PemInput[] {
  if (!Array.isArray(given)) return [file(path, given)];
  if (given.length === 0) throw wrongValue(path, "must have at least one file", given);
  if (given.length > MAX_CERTIFICATES) throw wrongValue(path, `must have at most ${MAX_CERTIFICATES} files`, given);
  return given.map((each: unknown, index) => file(`${path}[${index}]`, each));
}

/** Checks a list of protocols; returns it. */
export function checkProtocols(path: string, given: unknown): readonly string[] {
  if (!Array.isArray(given)) throw wrongType(path, 'an array of names, such as ["http/1.1"]', given);
  if (given.length === 0) throw wrongValue(path, "must have at least one name", given);
  let bytes = 0;
  for (const [index, name] of given.entries()) {
    if (typeof name !== "string") throw wrongType(`${path}[${index}]`, "of type string", name);
    const length = Buffer.byteLength(name);
    if (length === 0 || length > MAX_PROTOCOL_BYTES)
      throw wrongValue(`${path}[${index}]`, `must have 1 to ${MAX_PROTOCOL_BYTES} bytes`, name);
    bytes += length + 1;
  }
  if (bytes > MAX_PROTOCOLS_BYTES) throw wrongValue(path, `must have at most ${MAX_PROTOCOLS_BYTES} bytes`, given);
  return given as readonly string[];
}

function pins(path: string, given: unknown): readonly string[] {
  if (!Array.isArray(given)) return [fingerprint(path, given)];
  if (given.length === 0) throw wrongValue(path, "must have at least one fingerprint", given);
  if (given.length > MAX_PINS) throw wrongValue(path, `must have at most ${MAX_PINS} fingerprints`, given);
  return given.map((each: unknown, index) => fingerprint(`${path}[${index}]`, each));
}

function fingerprint(path: string, given: unknown): string {
  if (typeof given !== "string") throw wrongType(path, 'a fingerprint such as "sha256:9f86d081…"', given);
  const [, digits] = /^sha256:([\da-f]{64})$/i.exec(given) ?? [];
  if (digits === undefined) {
    const pin = pinOf(given);
    throw wrongValue(
      path,
      pin === undefined ? "must be sha256: and 64 hexadecimal digits" : `must be written ${pin}`,
      given,
    );
  }
  return `sha256:${digits.toLowerCase()}`;
}
