import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parse, defaultTreeAdapter as tree } from "parse5";
import { filesBelow } from "../content-hash.mjs";

/**
 * @typedef {import("parse5").DefaultTreeAdapterTypes.Node} Node
 * @typedef {{ links: Set<string>, ids: Set<string>, prose: string[] }} Page
 */

/**
 * Returns the links of a site to files that it does not have, to ids that no element has, with a scheme that no page of
 * documentation needs, and Markdown links that have stayed text. Links to other sites are not checked.
 *
 * @param {string} folder - of the site.
 * @returns {{ page: string, href: string }[]} the broken links, each with the path of its page in the folder.
 */
export function brokenLinks(folder) {
  const files = filesBelow(folder).map((file) => posix.relative(folder, file));
  const pages = new Map(
    files.filter((file) => file.endsWith(".html")).map((file) => [file, pageOf(join(folder, file))]),
  );
  const known = new Set(files);
  return [...pages].flatMap(([page, { links, prose }]) => {
    const broken = [...links].filter((href) => {
      // The site works from a file and below any path of a server: `/` is not its folder.
      if (/^$|^[/\\]/.test(href) || !URL.canParse(href, `site:///${page}`)) return true;
      const url = new URL(href, `site:///${page}`);
      if (url.protocol !== "site:") return !protocols.includes(url.protocol);
      const target = decoded(url.pathname).slice(1);
      if (!known.has(target)) return true;
      const id = decoded(url.hash).slice(1);
      return id !== "" && pages.get(target)?.ids.has(id) === false;
    });
    return [...new Set([...unresolved(prose.join("")), ...broken])].map((href) => ({ page, href }));
  });
}

const protocols = ["http:", "https:", "mailto:", "data:"];

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Returns what stays text: `[text][name]` when the page defines no `[name]: address`, and `[text](address)` when markdown-it
 * does not allow the address.
 *
 * @param {string} prose
 */
function unresolved(prose) {
  return prose.match(/\[(?:[^[\]\0]|\[[^[\]\0]*\])+\](?:\[[^[\]\0]*\]|\([^()\s]*)/g) ?? [];
}

const LINKS = ["href", "src", "poster", "data"];
const INLINE = ["a", "b", "code", "del", "em", "i", "img", "s", "span", "strong", "sub", "sup", "br"];

/** @param {string} file */
function pageOf(file) {
  /** @type {Page} */
  const page = { links: new Set(), ids: new Set(), prose: [] };
  visit(parse(readFileSync(file, "utf8")), page, false);
  return page;
}

/**
 * @param {Node} node
 * @param {Page} page
 * @param {boolean} isMarkdown - whether a page or a docstring contains the node.
 */
function visit(node, page, isMarkdown) {
  if (tree.isTextNode(node) && isMarkdown) page.prose.push(node.value);
  if (!("childNodes" in node)) return;
  if (!tree.isElementNode(node)) {
    for (const child of node.childNodes) visit(child, page, isMarkdown);
    return;
  }
  const { tagName, attrs } = node;
  const attributes = new Map(attrs.map(({ name, value }) => [name, value]));
  const id = attributes.get("id") ?? (tagName === "a" ? attributes.get("name") : undefined);
  if (id !== undefined) page.ids.add(id);
  // The icons come from a script.
  const links = tagName === "use" ? [] : LINKS.flatMap((name) => attributes.get(name) ?? []);
  // TypeDoc links a class to itself with an empty address.
  for (const link of links) if (link !== "" || (isMarkdown && !attributes.has("class"))) page.links.add(link.trim());
  if (tagName === "script" || tagName === "style") return;
  const classes = attributes.get("class")?.split(" ") ?? [];
  const isProse = (isMarkdown || classes.includes("tsd-typography")) && tagName !== "pre";
  const isInline = INLINE.includes(tagName);
  if (!isInline) page.prose.push("\0");
  const { length } = page.prose;
  for (const child of node.childNodes) visit(child, page, isProse);
  // Brackets in code are not those of links.
  if (tagName === "code") page.prose.push(page.prose.splice(length).join("").replaceAll(/[[\]]/g, ""));
  if (!isInline) page.prose.push("\0");
}
