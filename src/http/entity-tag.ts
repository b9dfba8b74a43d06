// Entity-tags: lists of them, and their comparison.
const COMMA = 44;
const QUOTE = 34;

/**
 * The tags that a list of If-Match or If-None-Match names, as they were written: RFC 9110, section 8.8.3. A comma may stand in
 * a tag. Undefined for anything that is no such list, `*` included: a list that is wrong in one place names no tag at all.
 */
export function entityTags(list: string): string[] | undefined {
  const tags: string[] = [];
  for (let at = 0; ; at++) {
    at = behindSpace(list, at);
    const end = endOfEntityTag(list, at);
    // RFC 9110, section 5.6.1.2: a member that is empty is to be taken.
    if (end >= 0) {
      tags.push(list.slice(at, end));
      at = behindSpace(list, end);
    }
    if (at === list.length) return tags;
    if (list.charCodeAt(at) !== COMMA) return undefined;
  }
}

/** Whether the text is one entity-tag. */
export function isEntityTag(text: string): boolean {
  return endOfEntityTag(text, 0) === text.length;
}

/** RFC 9110, section 8.8.3.2: the same tag, and neither is weak. */
export function isSameStrongly(one: string, other: string): boolean {
  return one === other && !isWeak(one);
}

/** RFC 9110, section 8.8.3.2: the same tag, weak or not. */
export function isSameWeakly(one: string, other: string): boolean {
  return opaqueTag(one) === opaqueTag(other);
}

function opaqueTag(tag: string): string {
  return isWeak(tag) ? tag.slice(2) : tag;
}

/** The mark of a weak tag is case-sensitive. */
function isWeak(tag: string): boolean {
  return tag.startsWith("W/");
}

/** The place behind the tag that begins here; -1 where none does. */
function endOfEntityTag(text: string, from: number): number {
  let at = text.startsWith("W/", from) ? from + 2 : from;
  if (text.charCodeAt(at++) !== QUOTE) return -1;
  while (isTagLetter(text.charCodeAt(at))) at++;
  return text.charCodeAt(at) === QUOTE ? at + 1 : -1;
}

/** A letter of an opaque tag: VCHAR without the quote, and obs-text. At the end of the text it is NaN, which is none. */
function isTagLetter(code: number): boolean {
  return code === 0x21 || (code >= 0x23 && code <= 0x7e) || (code >= 0x80 && code <= 0xff);
}

function behindSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\t") at++;
  return at;
}
