import { createHash, type Hash } from "node:crypto";
import { parseDigests } from "../../http/digest-fields.ts";
import type { Fields } from "../../http/fields.ts";
import { RequestError } from "../../http/service/request-error.ts";
import { parseChecksum } from "./tus-fields.ts";

/** tus, Checksum: the body does not have the checksum. */
const CHECKSUM_MISMATCH = 460;

/** Computes the digests of the body of a request, to compare them with those that the client gave. */
export class BodyCheck {
  readonly #digests: readonly { readonly hash: Hash; readonly expected: Buffer }[];
  readonly #status: number;

  private constructor(digests: readonly { readonly hash: Hash; readonly expected: Buffer }[], status: number) {
    this.#digests = digests;
    this.#status = status;
  }

  /** By Content-Digest, RFC 9530. Undefined: the client gave no digest. @throws RequestError 400. */
  static ofContent(headers: Fields): BodyCheck | undefined {
    const digests = parseDigests(headers, "Content-Digest");
    if (digests === undefined) throw new RequestError(400, "Content-Digest is malformed");
    if (digests.size === 0) return undefined;
    const all = [...digests].map(([name, expected]) => ({ hash: createHash(name.replace("-", "")), expected }));
    return new BodyCheck(all, 400);
  }

  /** By Upload-Checksum of tus. Undefined: the client gave none. @throws RequestError 400. */
  static ofTus(headers: Fields): BodyCheck | undefined {
    const text = headers.get("Upload-Checksum");
    if (text === undefined) return undefined;
    const checksum = parseChecksum(text);
    if (checksum === "unsupported")
      throw new RequestError(400, "The algorithms of Upload-Checksum are sha1 and sha256");
    if (checksum === undefined) throw new RequestError(400, "Upload-Checksum is malformed");
    return new BodyCheck([{ hash: createHash(checksum.algorithm), expected: checksum.digest }], CHECKSUM_MISMATCH);
  }

  readonly update = (bytes: Uint8Array): void => {
    for (const { hash } of this.#digests) hash.update(bytes);
  };

  /** @throws RequestError 400, or 460 of tus. */
  verify(): void {
    const isRight = this.#digests.every(({ hash, expected }) => hash.digest().equals(expected));
    if (!isRight) throw new RequestError(this.#status, "The body does not have the digest that was given");
  }
}

/** The SHA-256 that the whole file must have, in hexadecimal: Repr-Digest, RFC 9530. @throws RequestError 400. */
export function expectedSha256(headers: Fields): string | undefined {
  const digests = parseDigests(headers, "Repr-Digest");
  if (digests === undefined) throw new RequestError(400, "Repr-Digest is malformed");
  return digests.get("sha-256")?.toString("hex");
}
