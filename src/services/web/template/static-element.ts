import { parseFragment } from "parse5";
import { MAX_END_TAGS } from "./template-limits.ts";

/**
 * Elements in which another grammar holds, or one of two: HTML, sections 13.2.6.5 and 13.2.6.4.22, and noscript, which is
 * parsed where scripts are off, and text where they are on.
 */
const STATIC_ELEMENTS: ReadonlySet<string> = new Set(["math", "noscript", "svg", "template"]);

export function isStaticElement(tagName: string): boolean {
  return STATIC_ELEMENTS.has(tagName);
}

/**
 * Where the element ends that begins there, for a parser that runs scripts and for one that does not. Undefined when it has no
 * end tag that surely ends it.
 */
export function endOfStaticElement(html: string, start: number, tagName: string): number | undefined {
  const endTags = new RegExp(`</${tagName}(?:[\\t\\n\\f /][^<>]*)?>`, "gi");
  endTags.lastIndex = start;
  for (let count = 0; count < MAX_END_TAGS; count++) {
    if (endTags.exec(html) === null) return undefined;
    const element = html.slice(start, endTags.lastIndex);
    if ([true, false].every((scriptingEnabled) => isWhole(element, scriptingEnabled))) return endTags.lastIndex;
  }
  return undefined;
}

/** Whether the text is one element, from its start tag to its end tag. */
function isWhole(element: string, scriptingEnabled: boolean): boolean {
  const { childNodes } = parseFragment(element, { scriptingEnabled, sourceCodeLocationInfo: true });
  const [node] = childNodes;
  const location = node !== undefined && "tagName" in node ? node.sourceCodeLocation : undefined;
  return childNodes.length === 1 && location?.endTag?.endOffset === element.length;
}
