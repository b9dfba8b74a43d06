// Which content coding a request prefers.
import { listMembers } from "./fields.ts";

/** The content coding of a stored representation: RFC 9110, section 8.4.1, RFC 7932, RFC 8878. */
export type ContentCoding = "br" | "zstd" | "gzip" | "identity";

// RFC 9110, sections 12.4.2 and 12.5.3: a token, and a weight of three digits at most.
const MEMBER = /^([!#$%&'*+.^_`|~\w-]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/** A weight below all that a client can send, which have at most three digits. */
const LEAST_WEIGHT = 0.0001;

/**
 * Selects the content coding for a request, RFC 9110, section 12.5.3: the available one with the highest weight, and of several
 * with the same weight the first. Without the field, or with an empty one, it is `identity`.
 *
 * A coding that is not listed has the weight of `*`, or without `*` none; then `identity` comes after all codings with a weight.
 * Malformed members are ignored, and of two members for one coding the first counts. `x-gzip` is gzip, section 8.4.1.3.
 *
 * When the field excludes every coding, as `identity;q=0` alone does, the result is `identity` all the same: section 12.1 lets a
 * server disregard the field, and a 406 would not help a client that can read the bytes.
 *
 * @param acceptEncoding - the value of all lines of Accept-Encoding.
 * @param available - the available codings besides `identity`, which always is: the best first, such as the smallest.
 */
export function selectCoding(acceptEncoding: string | undefined, available: readonly ContentCoding[]): ContentCoding {
  const weights = weightsOf(acceptEncoding ?? "");
  const unlisted = weights.get("*");
  let best: ContentCoding = "identity";
  let bestWeight = 0;
  for (const coding of available.includes("identity") ? available : [...available, "identity" as const]) {
    const weight = weights.get(coding) ?? unlisted ?? (coding === "identity" ? LEAST_WEIGHT : 0);
    if (weight > bestWeight) [best, bestWeight] = [coding, weight];
  }
  return best;
}

function weightsOf(value: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of listMembers(value.toLowerCase())) {
    const [, name, weight = "1"] = MEMBER.exec(member) ?? [];
    if (name === undefined) continue;
    const coding = name === "x-gzip" ? "gzip" : name;
    if (!weights.has(coding)) weights.set(coding, Number(weight));
  }
  return weights;
}
