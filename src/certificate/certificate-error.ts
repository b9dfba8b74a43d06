/** The error for a name that no certificate can have, and for a CA that cannot issue; its message is one line. */
export class CertificateError extends Error {
  readonly code = "ERR_SOCKWRIGHT_CERTIFICATE";

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "CertificateError";
  }
}
