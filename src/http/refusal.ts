// Bytes that a line must not have come first; then the parts of a message in their order.
const STATUSES = {
  "bare-cr": 400,
  "bare-lf": 400,
  "control-character": 400,
  "empty-lines": 400,
  "method-malformed": 400,
  "method-too-long": 501,
  "target-malformed": 400,
  "target-too-long": 414,
  "version-malformed": 400,
  "version-unsupported": 505,
  "field-folded": 400,
  "field-name-empty": 400,
  "field-name-malformed": 400,
  "field-name-space": 400,
  "fields-too-large": 431,
  "fields-too-many": 431,
  "host-missing": 400,
  "host-repeated": 400,
  "host-malformed": 400,
  "length-and-coding": 400,
  "length-malformed": 400,
  "length-repeated": 400,
  "length-too-large": 413,
  "coding-malformed": 400,
  "coding-not-last": 400,
  "coding-of-http-1.0": 400,
  "coding-unknown": 501,
  "expectation-unknown": 417,
  "chunk-size-malformed": 400,
  "chunk-size-too-large": 413,
  "chunk-extension-malformed": 400,
  "chunk-line-too-long": 400,
  "chunk-extensions-too-large": 400,
  "chunk-end-missing": 400,
} as const;

/** Why a request is refused: stable, to be matched, counted and logged. */
export type RefusalReason = keyof typeof STATUSES;

/** A request that is not served: what it is answered with, and why. Where its body begins or ends is not known any more. */
export class Refusal {
  readonly status: (typeof STATUSES)[RefusalReason];
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason) {
    this.status = STATUSES[reason];
    this.reason = reason;
  }
}

/** All reasons there are. */
export const REFUSAL_REASONS = Object.keys(STATUSES) as readonly RefusalReason[];

const refusals = new Map(REFUSAL_REASONS.map((reason) => [reason, new Refusal(reason)]));

/** The one refusal that there is for each reason. */
export function refused(reason: RefusalReason): Refusal {
  return refusals.get(reason) ?? new Refusal(reason);
}

/** For a byte that stands where it must not: by what it is, or else by where it stands, as a CR that ends a line too early. */
export function misplaced(byte: number, reason: RefusalReason): Refusal {
  if (byte === 0x0a) return refused("bare-lf");
  const isControl = byte < 0x20 || byte === 0x7f;
  return refused(isControl && byte !== 0x09 && byte !== 0x0d ? "control-character" : reason);
}
