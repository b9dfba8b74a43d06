// Preconditions of a request: whether it goes on, by what the client knows of the resource; RFC 9110, section 13.
import { entityTags, isEntityTag, isSameStrongly, isSameWeakly } from "./entity-tag.ts";
import type { Fields } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

/**
 * The least age of a Last-Modified that If-Range accepts. A date is a strong validator when the second that it names is
 * over: RFC 9110, section 8.8.2.2.
 */
export const STRONG_DATE_MS = 1_000;

/** The validators of a resource, which tell its states apart: RFC 9110, section 8.8. */
export interface Validators {
  /** The value of ETag, with its quotes, and with `W/` when it is weak. */
  readonly etag?: string | undefined;
  /** The time of Last-Modified, in ms since 1970. Fractions of a second are ignored, since the field has none. */
  readonly lastModifiedMs?: number | undefined;
}

/** The result of the preconditions: answer `not-modified` with 304, and `failed` with 412. */
export type PreconditionResult = "proceed" | "not-modified" | "failed";

/**
 * Evaluates the preconditions of a request in the order of RFC 9110, section 13.2.2. Call it for a resource that exists, when the
 * answer without preconditions would be 2xx.
 *
 * A malformed list of entity-tags names no tag: If-Match fails, so that nothing is overwritten, and with If-None-Match the whole
 * is sent. A malformed date, or one of several, is ignored, as the RFC requires.
 *
 * @param nowMs - the current time, for the two-digit year of an obsolete date.
 */
export function evaluatePreconditions(
  method: string,
  headers: Fields,
  validators: Validators,
  nowMs: number,
): PreconditionResult {
  // RFC 9110, section 13.2.1: these methods neither select nor change a representation.
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
 * Whether If-Range allows the ranges of a request, RFC 9110, section 13.1.5; true without the field. If false, send the whole
 * representation. A date must equal Last-Modified and be strong: a file can change twice in one second.
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

/** Whether the resource changed after the date; undefined when a date is missing or malformed: then the condition is ignored. */
function isModifiedSince(date: string | undefined, { lastModifiedMs }: Validators, nowMs: number): boolean | undefined {
  const since = date === undefined ? undefined : parseHttpDate(date, nowMs);
  if (since === undefined || lastModifiedMs === undefined) return undefined;
  return wholeSecond(lastModifiedMs) > since;
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
