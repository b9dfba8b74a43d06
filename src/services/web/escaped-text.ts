import { Buffer } from "node:buffer";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const REPLACEMENT = "\ufffd";

/**
 * Escapes text for an element or a quoted attribute. Control characters and lone surrogates become U+FFFD: they are parse errors, HTML
 * standard, section 13.2.3.5.
 */
export function escapedHtml(text: string): string {
  return wellFormed(text)
    .replace(/\p{Cc}/gu, REPLACEMENT)
    .replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
}

/** Encodes a name as one segment of a path: RFC 3986, section 3.3. */
export function percentEncoded(name: string): string {
  return encodeURIComponent(wellFormed(name)).replace(/'/g, "%27");
}

/** `encodeURIComponent` throws for a lone surrogate, which a name may contain. */
function wellFormed(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
