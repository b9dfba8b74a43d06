// Preconditions of a request: whether it goes on, by what the client knows of the resource; RFC 9110, section 13.
import { entityTags, isEntityTag, isSameStrongly, isSameWeakly } from "./entity-tag.ts";
import type { Fields } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

/**
 * The least age of a Last-Modified that If-Range accepts. A date is a strong validator when the second that it names is
 * over: RFC 9110, section 8.8.2.2.
 */
export const STRONG_DATE_MS = 1_000;

/** By what one state of a resource is told from another: RFC 9110, section 8.8. */
export interface Validators {
  /** As ETag has it, with its quotes and with `W/` where it is weak. */
  readonly etag?: string | undefined;
  /** Of Last-Modified, in ms since 1970: what is below a second counts for nothing, since the field does not tell it. */
  readonly lastModifiedMs?: number | undefined;
}

/** `not-modified` is answered with 304, `failed` with 412. */
export type PreconditionResult = "proceed" | "not-modified" | "failed";

/**
 * Whether a request goes on, by its preconditions in the order of RFC 9110, section 13.2.2. It is asked for what exists, and
 * would be answered with 2xx without them.
 *
 * A list of entity-tags that is malformed names no tag: If-Match fails, so that nothing is overwritten, and with
 * If-None-Match the whole is sent. A date that is malformed, or one of several, is ignored, as the RFC has it.
 *
 * @param nowMs - by which the two digits of an obsolete date are a year.
 */
export function evaluatePreconditions(
  method: string,
  headers: Fields,
  validators: Validators,
  nowMs: number,
): PreconditionResult {
  // RFC 9110, section 13.2.1: they neither select nor change a representation.
  if (method === "CONNECT" || method === "OPTIONS" || method === "TRACE") return "proceed";
  const ifMatch = headers.get("If-Match");
  if (ifMatch !== undefined) {
    if (!isListed(ifMatch, validators.etag, isSameStrongly)) return "failed";
  } else if (isModifiedSince(headers.get("If-Unmodified-Since"), validators, nowMs) === true) {
    return "failed";
  }
  const isRead = method === "GET" || method === "HEAD";
  const ifNoneMatch = headers.get("If-None-Match");
  if (ifNoneMatch !== undefined) {
    if (!isListed(ifNoneMatch, validators.etag, isSameWeakly)) return "proceed";
    return isRead ? "not-modified" : "failed";
  }
  const isUnchanged = isRead && isModifiedSince(headers.get("If-Modified-Since"), validators, nowMs) === false;
  return isUnchanged ? "not-modified" : "proceed";
}

/**
 * Whether Range counts by If-Range, RFC 9110, section 13.1.5: true where there is none. Where it does not, the whole is sent.
 * A date has to be the very one of Last-Modified, and strong: a file can change twice in one second.
 */
export function evaluateIfRange(headers: Fields, validators: Validators, nowMs: number): boolean {
  const ifRange = headers.get("If-Range");
  if (ifRange === undefined) return true;
  const { etag, lastModifiedMs } = validators;
  if (isEntityTag(ifRange)) return etag !== undefined && isSameStrongly(ifRange, etag);
  if (lastModifiedMs === undefined) return false;
  const second = wholeSecond(lastModifiedMs);
  return parseHttpDate(ifRange, nowMs) === second && nowMs - second >= STRONG_DATE_MS;
}

function isListed(list: string, etag: string | undefined, isSame: (one: string, other: string) => boolean): boolean {
  if (list === "*") return true;
  return etag !== undefined && (entityTags(list)?.some((tag) => isSame(tag, etag)) ?? false);
}

/** Undefined where there is no date to go by: such a condition is ignored. */
function isModifiedSince(date: string | undefined, { lastModifiedMs }: Validators, nowMs: number): boolean | undefined {
  const since = date === undefined ? undefined : parseHttpDate(date, nowMs);
  if (since === undefined || lastModifiedMs === undefined) return undefined;
  return wholeSecond(lastModifiedMs) > since;
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
