// The structure of a page as a browser parses it: elements and attributes, and what they would run or fetch.
import { type DefaultTreeAdapterTypes, parse } from "parse5";

type Node = DefaultTreeAdapterTypes.Node;

export interface Structure {
  /** Elements with the names of their attributes, code and comments, as an outline without other text. */
  readonly outline: string;
  /** The other text. */
  readonly text: string;
  /** `name=value` of attributes. */
  readonly attributes: readonly string[];
  /** Attributes that hold a script or a style. */
  readonly dangers: readonly string[];
}

/** The content of these elements is no text that a reader sees. */
const CODE = new Set(["iframe", "noembed", "noframes", "noscript", "script", "style", "xmp"]);
const URLS = /^(?:href|src|action|formaction|poster|cite|background|data|ping|srcset|imagesrcset)$/;

/** @param isScripting - whether the browser runs scripts: the content of noscript is text in that case. */
export function structureOf(page: string, isScripting = true): Structure {
  const lines: string[] = [];
  const texts: string[] = [];
  const attributes: string[] = [];
  const dangers: string[] = [];
  const visit = (node: Node, indent: string): void => {
    if (node.nodeName === "#text" && "value" in node) {
      if (CODE.has(node.parentNode?.nodeName ?? "")) lines.push(indent + node.value);
      else texts.push(node.value);
    } else lines.push(indent + node.nodeName);
    if (node.nodeName === "#comment" && "data" in node) lines.push(`${indent}${node.data}`);
    for (const { name, value } of "attrs" in node ? node.attrs : []) {
      lines.push(`${indent} ${name}`);
      attributes.push(`${name}=${value}`);
      if (isDanger(name, value)) dangers.push(`${name}=${value}`);
    }
    if ("content" in node) visit(node.content, `${indent} `);
    for (const child of "childNodes" in node ? node.childNodes : []) visit(child, `${indent} `);
  };
  visit(parse(page, { scriptingEnabled: isScripting }), "");
  return { outline: lines.join("\n"), text: texts.join(""), attributes, dangers };
}

function isDanger(name: string, value: string): boolean {
  if (name.startsWith("on") || name === "style" || name === "srcdoc") return true;
  return (
    URLS.test(name) && (name.endsWith("srcset") || name === "ping" ? value.split(/[\s,]+/) : [value]).some(isScriptUrl)
  );
}

/** Resolves URLs as browsers do: with the WHATWG parser of Node. */
function isScriptUrl(url: string): boolean {
  const base = "http://page.example/";
  return URL.canParse(url, base) && !/^(?:https?|mailto|tel):$/.test(new URL(url, base).protocol);
}
