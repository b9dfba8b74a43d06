import { createHmac, timingSafeEqual } from "node:crypto";

/** Limits how long a link is valid: a year. */
export const MAX_LINK_MS = 365 * 24 * 60 * 60 * 1_000;

/**
 * Signs the right to read one file until a time. Returns the query of the link.
 *
 * @param key - 32 random bytes; whoever has them can make links.
 * @param path - from the root.
 * @param expiresMs - wall clock, ms since 1970; rounded down to seconds.
 */
export function signedQuery(key: Buffer, path: string, expiresMs: number): string {
  const seconds = Math.floor(expiresMs / 1_000);
  return `expires=${seconds}&signature=${signatureOf(key, path, seconds).toString("base64url")}`;
}

/** Whether a query gives the right to read a file now. */
export function isSigned(key: Buffer, path: string, query: string | undefined, nowMs: number): boolean {
  const fields = new URLSearchParams(query);
  const [expires, signature] = [fields.get("expires") ?? "", fields.get("signature") ?? ""];
  if (!/^\d{1,12}$/.test(expires) || !/^[\w-]{43}$/.test(signature)) return false;
  const seconds = Number(expires);
  if (seconds * 1_000 <= nowMs || seconds * 1_000 > nowMs + MAX_LINK_MS) return false;
  return timingSafeEqual(signatureOf(key, path, seconds), Buffer.from(signature, "base64url"));
}

function signatureOf(key: Buffer, path: string, seconds: number): Buffer {
  return createHmac("sha256", key).update(`sockwright files read 1\n${seconds}\n${path}`).digest();
}
