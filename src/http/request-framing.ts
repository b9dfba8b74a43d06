import { isAll, TOKEN } from "./byte-class.ts";
import { listMembers, trimSpace } from "./fields.ts";
import { type Refusal, refusalOf } from "./refusal.ts";

/** How a request's body is framed, that is, where it ends: RFC 9112, section 6.3. */
export type RequestFraming =
  | { readonly body: "none" }
  | { readonly body: "length"; readonly length: number }
  | { readonly body: "chunked" };

const NO_BODY: RequestFraming = { body: "none" };
const CHUNKED: RequestFraming = { body: "chunked" };

/**
 * The framing of a request. It refuses a request that two servers could frame differently: RFC 9112, section 11.2.
 *
 * @param length, coding - the values of Content-Length and Transfer-Encoding; several lines are joined to one list.
 */
export function requestFraming(
  length: string | undefined,
  coding: string | undefined,
  minorVersion: number,
): RequestFraming | Refusal {
  if (coding === undefined) return length === undefined ? NO_BODY : parseContentLength(length);
  // RFC 9112, section 6.3: a server ought to handle such a request as an error.
  if (length !== undefined) return refusalOf("length-and-coding");
  // RFC 9112, section 6.1: the framing of such a message is faulty.
  if (minorVersion === 0) return refusalOf("coding-of-http-1.0");
  return coding.toLowerCase() === "chunked" ? CHUNKED : refusalOfCoding(coding);
}

/**
 * Parses a Content-Length. RFC 9110, section 8.6, lets a recipient refuse or accept equal lengths that are repeated, in lines or
 * in a list. This server refuses them: no client sends them, and a proxy that merged them has lost the original meaning.
 */
function parseContentLength(text: string): RequestFraming | Refusal {
  if (text.includes(",")) return refusalOf("length-repeated");
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return refusalOf("length-malformed");
    length = 10 * length + digit;
  }
  if (text === "") return refusalOf("length-malformed");
  return length > Number.MAX_SAFE_INTEGER ? refusalOf("length-too-large") : { body: "length", length };
}

/**
 * The refusal of a Transfer-Encoding other than `chunked`. RFC 9112, section 6.3: when chunked is not last, the end of the body
 * is unknown. Section 6.1: other codings before it are not implemented, 501. A list with an empty member is refused too, since
 * not all programs read it the same way.
 */
function refusalOfCoding(text: string): Refusal {
  const codings = listMembers(text.toLowerCase());
  const names = codings.map(nameOf);
  const last = codings.pop();
  if (!names.every((name) => isAll(name, TOKEN))) return refusalOf("coding-malformed");
  if (last !== "chunked") return refusalOf("coding-not-last");
  return names.indexOf("chunked") < codings.length ? refusalOf("coding-not-last") : refusalOf("coding-unknown");
}

/** The name of a coding, before its parameters. A regular expression would take quadratic time for a run of white space. */
function nameOf(coding: string): string {
  const end = coding.indexOf(";");
  return trimSpace(coding, 0, end < 0 ? coding.length : end);
}
