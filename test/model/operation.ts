// The operations on one end of a pair, chosen at random.
import fc from "fast-check";

const sends = ["send", "send", "sendall", "sendall", "sendmsg", "trySend", "sendNow", "sendallNow"] as const;
const abortedSends = ["abortedSendall"] as const;
const receives = ["recv", "recv", "recv", "recvInto", "recvfrom", "recvmsg", "peek", "tryRecv", "recvNow"] as const;
const abortedReceives = ["abortedRecv"] as const;
const streamReceives = ["recvAll", "abortedRecvAll"] as const;
const others = ["readable", "writable", "turns", "turns", "turns"] as const;
const ends = ["shutdown", "close"] as const;

export type SendKind = (typeof sends)[number] | (typeof abortedSends)[number];
export type ReceiveKind =
  | (typeof receives)[number]
  | (typeof abortedReceives)[number]
  | (typeof streamReceives)[number];
type Kind = SendKind | ReceiveKind | (typeof others)[number] | (typeof ends)[number];

export interface Operation {
  readonly kind: Kind;
  readonly side: 0 | 1;
  /** The bytes of a message or a buffer, 1 to 120; for `turns` a number in the same proportion. */
  readonly size: number;
}

/** Ends of a direction are rare, so that much happens before them. */
const kinds: fc.Arbitrary<Kind> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<Kind>(...sends) },
  { weight: 8, arbitrary: fc.constantFrom<Kind>(...receives) },
  { weight: 4, arbitrary: fc.constantFrom<Kind>(...others) },
  { weight: 2, arbitrary: fc.constantFrom<Kind>(...abortedSends, ...abortedReceives, ...streamReceives) },
  { weight: 1, arbitrary: fc.constantFrom<Kind>(...ends) },
);

export const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.record({ kind: kinds, side: fc.constantFrom<0 | 1>(0, 1), size: fc.integer({ min: 1, max: 120 }) }),
  { minLength: 1, maxLength: 30, size: "max" },
);
