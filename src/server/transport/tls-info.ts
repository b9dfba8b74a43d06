import type { X509Certificate } from "node:crypto";

/**
 * What a TLS handshake has negotiated: `connection.tls`.
 *
 * @example
 * ```ts
 * import type { TlsInfo } from "sockwright/server";
 *
 * const about = ({ version, cipher }: TlsInfo): string => `${version}, ${cipher}`; // TLSv1.3, TLS_AES_128_GCM_SHA256
 * console.log(about.length); // => 1
 * ```
 */
export interface TlsInfo {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly version: string;
  /** The cipher suite, by its standard name: `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string;
  /**
   * The name that the client asked for — SNI, RFC 6066; undefined where it sent none, and where a client resumes a session of TLS 1.2,
   * for which Node does not tell it (nodejs/node#57175).
   */
  readonly serverName: string | undefined;
  /** The negotiated protocol — ALPN, RFC 7301; undefined without a negotiation. */
  readonly alpn: string | undefined;
  /** The peer's certificate, checked as the options say; undefined where it has shown none. */
  readonly peerCertificate: X509Certificate | undefined;
  /** `sha256:HEX` of that certificate: the form of the option `pin`. */
  readonly fingerprint: string | undefined;
}
