/**
 * Why a transfer, or a file of it, does not succeed. The codes are on the wire, so a peer can act on them:
 *
 * | code | meaning |
 * |---|---|
 * | `BAD_TICKET` | the text is not a ticket |
 * | `WRONG_SECRET` | the secret is not the receiver's |
 * | `OTHER_SENDER` | the ticket belongs to another sender |
 * | `PROTOCOL` | the peer does not follow the protocol |
 * | `BAD_NAME` | the path is not one that a receiver may have |
 * | `EXISTS` | the receiver has another file of this path |
 * | `OUTSIDE` | a link leads out of the folder |
 * | `SPECIAL` | neither a file, a folder nor a link |
 * | `CHANGED` | the file changed while it was sent |
 * | `DIGEST` | the bytes that arrived are not those that were sent |
 * | `NO_SPACE` | the receiver's disk is full, or its quota is used up |
 * | `UNREADABLE` | the sender cannot read the file |
 * | `UNWRITABLE` | the receiver cannot write the file |
 */
export class TransferError extends Error {
  readonly code: TransferCode;
  override readonly name = "TransferError";

  constructor(code: TransferCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const CODES = [
  "BAD_TICKET",
  "WRONG_SECRET",
  "OTHER_SENDER",
  "PROTOCOL",
  "BAD_NAME",
  "EXISTS",
  "OUTSIDE",
  "SPECIAL",
  "CHANGED",
  "DIGEST",
  "NO_SPACE",
  "UNREADABLE",
  "UNWRITABLE",
] as const;

/** A code of {@link TransferError}. */
export type TransferCode = (typeof CODES)[number];

/** Whether a text of the wire is a code. */
export function isTransferCode(text: unknown): text is TransferCode {
  return CODES.some((code) => code === text);
}
