import type { HandshakeFailure } from "./limits/handshakes.ts";

/**
 * The error with which a handshake of a listener rejects for what its peer does. The server counts and publishes it under its
 * reason, and resets the connection. It does not report it to `onError`: any peer could fill the log of the program.
 */
export class HandshakeRefusal extends Error {
  /** Always `"ERR_SOCKWRIGHT_HANDSHAKE"`. */
  readonly code = "ERR_SOCKWRIGHT_HANDSHAKE";
  /** The name under which `handshakesFailed` of the statistics counts it. */
  readonly reason: HandshakeFailure;

  constructor(reason: HandshakeFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HandshakeRefusal";
    this.reason = reason;
  }
}
