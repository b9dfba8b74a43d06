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
 * Text for an element or a quoted attribute. What HTML has no letter for, controls and halves of a pair, is U+FFFD: the HTML
 * standard calls them parse errors, section 13.2.3.5.
 */
export function escapedHtml(text: string): string {
  return wellFormed(text)
    .replace(/\p{Cc}/gu, REPLACEMENT)
    .replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
}

/** A name as one segment of a path: RFC 3986, section 3.3. */
export function percentEncoded(name: string): string {
  return encodeURIComponent(wellFormed(name)).replace(/'/g, "%27");
}

/** `encodeURIComponent` throws for half of a pair, which a name that is no UTF-16 may have. */
function wellFormed(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
