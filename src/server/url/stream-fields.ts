/** The options of connections in the parsed URL of a stream: TCP and Unix sockets, with or without TLS. */
export interface StreamUrlFields {
  /**
   * Listeners: the proxies, each an address, a network such as `10.0.0.0/8`, or `unix` for all clients of a Unix socket. Each
   * connection must come from one of them and begin with a header of the PROXY protocol. `proxy-from=10.0.0.0/8,::1`.
   */
  readonly proxyFrom?: readonly string[];
  /** Clients: the version of the PROXY header with which the connection begins. `proxy-send=v2`. */
  readonly proxySend?: "v1" | "v2";
  /** How long the handshake of a connection may take, in ms. `handshake-timeout=10s`. */
  readonly handshakeTimeoutMs?: number;
}

/** The options of TLS in the parsed URL of a scheme with TLS. */
export interface TlsUrlFields {
  /** The files of the own certificates, in PEM, each with its chain. A listener's first one answers unknown server names. `cert=FILE`, repeated. */
  readonly cert?: readonly string[];
  /** The files of the private keys, in the order of {@link cert}. `key=FILE`, repeated. */
  readonly key?: readonly string[];
  /** The file of the authorities that the peer's certificate must come from. `ca=FILE`. */
  readonly ca?: string;
  /** The file of the revoked certificates. `crl=FILE`. */
  readonly crl?: string;
  /** Listeners: whether a client is asked for a certificate, or must have one. `client=require`. */
  readonly client?: "ask" | "require";
  /** The SHA-256 of the certificates that the peer may have, each as `sha256:` and 64 lower-case hexadecimal digits. `pin=sha256:HEX`, repeated. */
  readonly pin?: readonly string[];
  /** Clients: the name that the server's certificate must have, and that the client sends. `servername=NAME`. */
  readonly servername?: string;
  /** The protocols above TLS, the preferred one first; RFC 7301. `alpn=h2,http/1.1`. */
  readonly alpn?: readonly string[];
  /** The oldest version of TLS. `min=1.3`. */
  readonly min?: "1.2" | "1.3";
}
