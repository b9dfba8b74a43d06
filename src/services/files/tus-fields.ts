/** Limits the pairs of Upload-Metadata; more are refused with 400. */
export const MAX_METADATA_PAIRS = 64;
/** Limits the partial uploads of a concatenation; more are refused with 400. */
export const MAX_CONCATENATED = 100;

/** The checksum of the body of a request. */
export interface TusChecksum {
  readonly algorithm: "sha1" | "sha256";
  readonly digest: Buffer;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DIGEST_SIZES = { sha1: 20, sha256: 32 } as const;

/** Reads Upload-Length or Upload-Offset: a number without sign. Undefined: it is malformed. */
export function parseSize(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Reads Upload-Metadata: pairs of a key and a value in Base64. Undefined: it is malformed, or has a key twice. */
export function parseMetadata(text: string): ReadonlyMap<string, Buffer> | undefined {
  const pairs = text.split(",");
  if (pairs.length > MAX_METADATA_PAIRS) return undefined;
  const metadata = new Map<string, Buffer>();
  for (const pair of pairs) {
    const [key = "", value = "", ...rest] = pair.trim().split(" ");
    if (!/^[!-+\--~]+$/.test(key) || rest.length > 0 || !BASE64.test(value) || metadata.has(key)) return undefined;
    metadata.set(key, Buffer.from(value, "base64"));
  }
  return metadata;
}

/** Reads Upload-Checksum. `unsupported`: it has another algorithm. Undefined: it is malformed. */
export function parseChecksum(text: string): TusChecksum | "unsupported" | undefined {
  const [, algorithm = "", encoded = ""] = /^([a-z0-9_-]+) +(\S+)$/.exec(text.trim()) ?? [];
  if (algorithm === "") return undefined;
  if (algorithm !== "sha1" && algorithm !== "sha256") return "unsupported";
  if (!BASE64.test(encoded)) return undefined;
  const digest = Buffer.from(encoded, "base64");
  return digest.length === DIGEST_SIZES[algorithm] ? { algorithm, digest } : undefined;
}

/** Reads Upload-Concat: a partial upload, or the URLs of those that make the final one. Undefined: it is malformed. */
export function parseConcat(text: string): "partial" | readonly string[] | undefined {
  if (text === "partial") return "partial";
  const [, list = ""] = /^final; *(.+)$/.exec(text) ?? [];
  const urls = list.split(" ").filter((url) => url !== "");
  return urls.length === 0 || urls.length > MAX_CONCATENATED ? undefined : urls;
}
