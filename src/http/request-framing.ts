import { isAll, TOKEN } from "./byte-class.ts";
import { listMembers, withoutSpace } from "./fields.ts";
import { type Refusal, refused } from "./refusal.ts";

/** How the end of a request's body is found: RFC 9112, section 6.3. */
export type RequestFraming =
  | { readonly body: "none" }
  | { readonly body: "length"; readonly length: number }
  | { readonly body: "chunked" };

const NO_BODY: RequestFraming = { body: "none" };
const CHUNKED: RequestFraming = { body: "chunked" };

/**
 * Whatever two servers could take differently is refused: RFC 9112, section 11.2.
 *
 * @param length, coding - the values of Content-Length and Transfer-Encoding, of several lines each as one list.
 */
export function requestFraming(
  length: string | undefined,
  coding: string | undefined,
  minorVersion: number,
): RequestFraming | Refusal {
  if (coding === undefined) return length === undefined ? NO_BODY : ofLength(length);
  // RFC 9112, section 6.3: such a request ought to be handled as an error.
  if (length !== undefined) return refused("length-and-coding");
  // RFC 9112, section 6.1: the framing of such a message is faulty.
  if (minorVersion === 0) return refused("coding-of-http-1.0");
  return coding.toLowerCase() === "chunked" ? CHUNKED : refusedCoding(coding);
}

/**
 * RFC 9110, section 8.6, lets a recipient refuse equal lengths that are repeated, in lines or in a list, or take them as
 * one. They are refused: no client sends them, and a proxy that has merged them has lost what was meant.
 */
function ofLength(text: string): RequestFraming | Refusal {
  if (text.includes(",")) return refused("length-repeated");
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return refused("length-malformed");
    length = 10 * length + digit;
  }
  if (text === "") return refused("length-malformed");
  return length > Number.MAX_SAFE_INTEGER ? refused("length-too-large") : { body: "length", length };
}

/**
 * RFC 9112, section 6.3: where chunked is not last, nobody knows where the body ends. Section 6.1: of others before it, which
 * are not implemented here, 501. A list with an empty member is refused, too, for what is not seen by all alike.
 */
function refusedCoding(text: string): Refusal {
  const codings = listMembers(text.toLowerCase());
  const names = codings.map(nameOf);
  const last = codings.pop();
  if (!names.every((name) => isAll(name, TOKEN))) return refused("coding-malformed");
  if (last !== "chunked") return refused("coding-not-last");
  return names.indexOf("chunked") < codings.length ? refused("coding-not-last") : refused("coding-unknown");
}

/** What is in front of its parameters. A regular expression would look at each run of white space from each of its letters on. */
function nameOf(coding: string): string {
  const end = coding.indexOf(";");
  return withoutSpace(coding, 0, end < 0 ? coding.length : end);
}
