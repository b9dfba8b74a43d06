import type { Fields } from "./fields.ts";
import { parseDictionary } from "./structured-field.ts";

/** The algorithms of RFC 9530 that are safe, and the bytes of their digests. */
const DIGEST_SIZES = { "sha-256": 32, "sha-512": 64 } as const;

/** An algorithm, by its name in the registry of RFC 9530. */
type DigestAlgorithm = keyof typeof DIGEST_SIZES;

/** The digests of a field by algorithm; others than those of {@link DigestAlgorithm} are passed over. */
export type Digests = ReadonlyMap<DigestAlgorithm, Buffer>;

/**
 * Reads `Repr-Digest` or `Content-Digest`: RFC 9530, sections 2 and 3. Returns no digests without the field, and undefined for a field
 * that is malformed, or whose digest has another length than its algorithm.
 */
export function parseDigests(headers: Fields, name: "Repr-Digest" | "Content-Digest"): Digests | undefined {
  const text = headers.get(name);
  const digests = new Map<DigestAlgorithm, Buffer>();
  if (text === undefined) return digests;
  const members = parseDictionary(text);
  if (members === undefined) return undefined;
  for (const [algorithm, digest] of members) {
    if (!isKnown(algorithm)) continue;
    if (!Buffer.isBuffer(digest) || digest.length !== DIGEST_SIZES[algorithm]) return undefined;
    digests.set(algorithm, digest);
  }
  return digests;
}

/** The value of `Repr-Digest` or `Content-Digest` with one SHA-256 digest, which is given in hexadecimal. */
export function formatSha256(sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`;
}

/** Whether the client wants SHA-256 of the whole representation: `Want-Repr-Digest`, RFC 9530, section 4, with a preference above 0. */
export function wantsReprDigest(headers: Fields): boolean {
  const text = headers.get("Want-Repr-Digest");
  const preference = text === undefined ? undefined : parseDictionary(text)?.get("sha-256");
  return typeof preference === "number" && preference > 0;
}

function isKnown(algorithm: string): algorithm is DigestAlgorithm {
  return Object.hasOwn(DIGEST_SIZES, algorithm);
}
