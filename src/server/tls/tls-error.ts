import type { X509Certificate } from "node:crypto";
import { fingerprintOf } from "../../certificate/fingerprint.ts";

/** The options of TLS that can be wrong. */
export type TlsOptionName = "cert" | "key" | "ca" | "crl" | "client" | "pin" | "alpn" | "servername";

/**
 * The error of an option of TLS that cannot be used: a file that cannot be read, a key that does not belong to its certificate, a key
 * with a passphrase. Nothing was opened or changed.
 *
 * @example
 * ```ts
 * import { serve, TlsOptionError } from "sockwright/server";
 *
 * await serve({ url: "tls://127.0.0.1:0", cert: "missing.pem", key: "missing.key" }, () => undefined).catch((error: unknown) => {
 *   console.log(error instanceof TlsOptionError && error.message); // => cert "missing.pem": there is no such file
 * });
 * ```
 */
export class TlsOptionError extends Error {
  /** Always `"ERR_SOCKWRIGHT_TLS_OPTION"`. */
  readonly code = "ERR_SOCKWRIGHT_TLS_OPTION";
  /** The option that is wrong. */
  readonly option: TlsOptionName;

  /** @internal */
  constructor(option: TlsOptionName, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "TlsOptionError";
    this.option = option;
  }
}

/** Words for errors of the handshake and of the check of a certificate, by Node's code. The rest has its code alone. */
const WORDS: Readonly<Record<string, string>> = {
  ERR_SOCKWRIGHT_TLS_PIN: "the peer has another certificate than the pinned one",
  ERR_SOCKWRIGHT_TLS_END: "the peer ended the connection during the handshake",
  ERR_TLS_CERT_ALTNAME_INVALID: "the peer's certificate is for another name",
  CERT_HAS_EXPIRED: "the peer's certificate has expired",
  CERT_NOT_YET_VALID: "the peer's certificate is not valid yet",
  CERT_REVOKED: "the peer's certificate was revoked",
  CERT_UNTRUSTED: "the peer's certificate is not trusted",
  CERT_REJECTED: "the peer's certificate is not accepted for this purpose",
  CRL_HAS_EXPIRED: "the list of revoked certificates (crl) has expired",
  CRL_NOT_YET_VALID: "the list of revoked certificates (crl) is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the peer's certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "the peer's certificate comes from an authority that is not trusted",
  UNABLE_TO_GET_CRL: "crl has no list of the authority that signed the peer's certificate",
  UNABLE_TO_GET_ISSUER_CERT: "the authority that signed the peer's certificate is not known",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the authority that signed the peer's certificate is not known",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the authority that signed the peer's certificate is not known",
  INVALID_PURPOSE: "the peer's certificate is not for this use",
  ERR_SSL_WRONG_VERSION_NUMBER: "the peer does not speak TLS",
  ERR_SSL_HTTP_REQUEST: "the peer speaks HTTP without TLS",
  ERR_SSL_HTTPS_PROXY_REQUEST: "the peer speaks HTTP without TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the peer does not speak TLS",
  ERR_SSL_UNEXPECTED_MESSAGE: "the peer broke the TLS protocol",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "the peer speaks no TLS version that is allowed",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "the peer accepts none of the allowed TLS versions",
  ERR_SSL_NO_SHARED_CIPHER: "the peer knows none of the allowed cipher suites",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "the peer knows none of the protocols of alpn",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "the peer knows none of the protocols of alpn",
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "the peer has shown no certificate",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "the peer requires a certificate: give cert and key",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the peer does not know the authority of this side's certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "the peer found this side's certificate expired",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "the peer did not accept this side's certificate",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the peer did not accept this side's certificate",
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: "the peer refused the handshake",
  ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC: "a record was changed on its way",
  ERR_SSL_CIPHER_OPERATION_FAILED: "a record was changed on its way",
  ERR_SSL_NO_RENEGOTIATION: "the peer does not renegotiate",
  ERR_TLS_SESSION_ATTACK: "the peer asked too often to renegotiate",
};

/** The details of a {@link TlsError}. */
export interface TlsErrorDetails {
  readonly cause?: unknown;
  /** The certificate that was refused. */
  readonly peerCertificate?: X509Certificate | undefined;
  readonly detail?: string | undefined;
}

/**
 * The error of a TLS handshake, of the check of the peer's certificate, and of a broken record. `code` is Node's: `CERT_HAS_EXPIRED`,
 * `ERR_TLS_CERT_ALTNAME_INVALID`, `DEPTH_ZERO_SELF_SIGNED_CERT`, `ERR_SSL_WRONG_VERSION_NUMBER` … (node:tls), or one of
 * `ERR_SOCKWRIGHT_TLS_PIN`, another certificate than the pinned one, and `ERR_SOCKWRIGHT_TLS_END`, an end during the handshake.
 *
 * @example
 * ```ts
 * import { connect, serve, TlsError } from "sockwright/server";
 *
 * const server = await serve("tcp://127.0.0.1:0", (connection) => void connection.write("no TLS here\n"));
 * const { port } = new URL(server.urls[0] ?? "");
 * await connect(`tls://127.0.0.1:${port}`).catch((error: unknown) => {
 *   console.log(error instanceof TlsError && error.message); // => the peer does not speak TLS (ERR_SSL_WRONG_VERSION_NUMBER)
 * });
 * await server.close();
 * ```
 */
export class TlsError extends Error {
  /** What is wrong, as a constant for programs. */
  readonly code: string;
  /** `sha256:HEX` of the certificate that was refused: the value for the option `pin` that accepts it. */
  readonly fingerprint: string | undefined;
  /** The certificate that was refused. */
  readonly peerCertificate: X509Certificate | undefined;

  /** @internal */
  constructor(code: string, { cause, peerCertificate, detail }: TlsErrorDetails = {}) {
    const words = `${WORDS[code] ?? "TLS failed"}${detail === undefined ? "" : `, ${detail}`}`;
    super(`${words} (${code})`, cause === undefined ? undefined : { cause });
    this.name = "TlsError";
    this.code = code;
    this.peerCertificate = peerCertificate;
    this.fingerprint = peerCertificate && fingerprintOf(peerCertificate);
  }
}

/** OpenSSL's words in the message of an error that node:tls gives to a write in progress: ERR_error_string(3). */
const REASON = /:SSL routines:[^:]*:([^:]+):/;

/** Returns an error of node:tls as a TlsError; an error of a system call as it is. */
export function tlsErrorOf(error: Error): Error {
  if (error instanceof TlsError) return error;
  const code = "code" in error ? String(error.code) : "";
  if ("syscall" in error) {
    const [, reason] = (code === "EPROTO" ? REASON.exec(error.message) : null) ?? [];
    return reason === undefined
      ? error
      : ofOpenSsl(`ERR_SSL_${reason.toUpperCase().replaceAll(" ", "_")}`, reason, error);
  }
  // Node's own for an end before the handshake was complete.
  if (code === "ECONNRESET") return new TlsError("ERR_SOCKWRIGHT_TLS_END", { cause: error });
  if (Object.hasOwn(WORDS, code)) return new TlsError(code, { cause: error });
  if (!code.startsWith("ERR_SSL_")) return error;
  return ofOpenSsl(code, "reason" in error ? String(error.reason) : undefined, error);
}

/** With OpenSSL's own words where there are no better ones: "length mismatch". */
function ofOpenSsl(code: string, reason: string | undefined, cause: Error): TlsError {
  return new TlsError(code, { cause, detail: Object.hasOwn(WORDS, code) ? undefined : reason });
}
