// Entity-tags: lists of them, and their comparison.
const COMMA = 44;
const QUOTE = 34;

/**
 * Parses the list of entity-tags of If-Match or If-None-Match: RFC 9110, section 8.8.3. The tags are as they were written; a tag
 * may contain a comma. Undefined for any other text, also for `*`, and for a list with one malformed member.
 */
export function entityTags(list: string): string[] | undefined {
  const tags: string[] = [];
  for (let at = 0; ; at++) {
    at = skipSpace(list, at);
    const end = endOfEntityTag(list, at);
    // RFC 9110, section 5.6.1.2: a recipient accepts empty members.
    if (end >= 0) {
      tags.push(list.slice(at, end));
      at = skipSpace(list, end);
    }
    if (at === list.length) return tags;
    if (list.charCodeAt(at) !== COMMA) return undefined;
  }
}

/** Whether the text is one entity-tag. */
export function isEntityTag(text: string): boolean {
  return endOfEntityTag(text, 0) === text.length;
}

/** The strong comparison of RFC 9110, section 8.8.3.2: the same tag, and neither is weak. */
export function isSameStrongly(one: string, other: string): boolean {
  return one === other && !isWeak(one);
}

/** The weak comparison of RFC 9110, section 8.8.3.2: the same tag, weak or not. */
export function isSameWeakly(one: string, other: string): boolean {
  return opaqueTag(one) === opaqueTag(other);
}

function opaqueTag(tag: string): string {
  return isWeak(tag) ? tag.slice(2) : tag;
}

/** Whether the tag is weak; the `W/` is case-sensitive. */
function isWeak(tag: string): boolean {
  return tag.startsWith("W/");
}

/** The position after the tag that begins at `from`; -1 when none begins there. */
function endOfEntityTag(text: string, from: number): number {
  let at = text.startsWith("W/", from) ? from + 2 : from;
  if (text.charCodeAt(at++) !== QUOTE) return -1;
  while (isTagLetter(text.charCodeAt(at))) at++;
  return text.charCodeAt(at) === QUOTE ? at + 1 : -1;
}

/** Whether the code is of an opaque tag: VCHAR without the quote, or obs-text. At the end of the text it is NaN, which is none. */
function isTagLetter(code: number): boolean {
  return code === 0x21 || (code >= 0x23 && code <= 0x7e) || (code >= 0x80 && code <= 0xff);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\t") at++;
  return at;
}
