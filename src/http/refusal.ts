// First the bytes that a line must not have, then the parts of a message in their order.
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

/** The reason why a request is refused. The names are stable: programs may match, count and log them. */
export type RefusalReason = keyof typeof STATUSES;

/** The refusal of a request: the status to answer with, and the reason. It is not known any more where the request's body begins or ends. */
export class Refusal {
  readonly status: (typeof STATUSES)[RefusalReason];
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason) {
    this.status = STATUSES[reason];
    this.reason = reason;
  }
}

/** All refusal reasons. */
export const REFUSAL_REASONS = Object.keys(STATUSES) as readonly RefusalReason[];

const refusals = new Map(REFUSAL_REASONS.map((reason) => [reason, new Refusal(reason)]));

/** The refusal for a reason: always the same object. */
export function refusalOf(reason: RefusalReason): Refusal {
  return refusals.get(reason) ?? new Refusal(reason);
}

/** The refusal for a byte in the wrong place: for a bare LF or a control character its own reason, for any other byte `reason`. */
export function refusalOfByte(byte: number, reason: RefusalReason): Refusal {
  if (byte === 0x0a) return refusalOf("bare-lf");
  const isControl = byte < 0x20 || byte === 0x7f;
  return refusalOf(isControl && byte !== 0x09 && byte !== 0x0d ? "control-character" : reason);
}
