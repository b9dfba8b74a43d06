/** The address of the other end of a connection, or of the sender of a datagram: as in {@link SocketUrl}, without the scheme. */
export type Peer =
  | { readonly host: string; readonly port: number }
  | { readonly path: string }
  | { readonly abstract: string }
  /** A virtual machine or its host. */
  | { readonly cid: number; readonly port: number }
  /** A Unix socket without a name. */
  | { readonly path: "" };
