import { parseFragment } from "parse5";
import { MAX_END_TAGS } from "./template-limits.ts";

/**
 * Elements with a grammar of their own, or with two: HTML, sections 13.2.6.5 and 13.2.6.4.22, and noscript, which is
 * parsed as HTML when scripts are off and as text when they are on.
 */
const STATIC_ELEMENTS: ReadonlySet<string> = new Set(["math", "noscript", "svg", "template"]);

export function isStaticElement(tagName: string): boolean {
  return STATIC_ELEMENTS.has(tagName);
}

/**
 * The offset at which the element ends, both for a parser that runs scripts and for one that does not. Undefined when it has no
 * end tag that is certain to end it.
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

/** Whether the text is exactly one element, from its start tag to its end tag. */
function isWhole(element: string, scriptingEnabled: boolean): boolean {
  const { childNodes } = parseFragment(element, { scriptingEnabled, sourceCodeLocationInfo: true });
  const [node] = childNodes;
  const location = node !== undefined && "tagName" in node ? node.sourceCodeLocation : undefined;
  return childNodes.length === 1 && location?.endTag?.endOffset === element.length;
}
