import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { filesBelow } from "../content-hash.mjs";

/**
 * Returns the links of a site to files that it does not have, to ids that no element has, with a scheme that no page of
 * documentation needs, and references in text that no definition has resolved. Links to other sites are not checked.
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
  return [...pages].flatMap(([page, { links, unresolved }]) => [
    ...unresolved.map((href) => ({ page, href })),
    ...links
      .filter((href) => {
        if (!URL.canParse(href, `site:///${page}`)) return true;
        const url = new URL(href, `site:///${page}`);
        if (url.protocol !== "site:") return !protocols.includes(url.protocol);
        const target = decodeURIComponent(url.pathname).slice(1);
        if (!known.has(target)) return true;
        const id = decodeURIComponent(url.hash).slice(1);
        return id !== "" && pages.get(target)?.ids.has(id) === false;
      })
      .map((href) => ({ page, href })),
  ]);
}

const protocols = ["http:", "https:", "mailto:", "data:"];

/** @param {string} file */
function pageOf(file) {
  const html = readFileSync(file, "utf8");
  // `[text][name]` stays text when the page defines no `[name]: address`.
  const prose = html.replaceAll(/<(script|pre|code)\b.*?<\/\1>/gs, "");
  return {
    links: [...new Set(values(html, "href|src|poster"))],
    ids: new Set(values(html, "id")),
    unresolved: [...new Set(prose.match(/\[[^[\]<>]+\]\[[^[\]<>]*\]/g) ?? [])],
  };
}

/**
 * Returns the values of an attribute in tags, quoted as TypeDoc writes them.
 *
 * @param {string} html
 * @param {string} name
 */
function values(html, name) {
  const tags = html.replaceAll(/<script>.*?<\/script>/gs, "").match(/<(?!use)[a-z][^>]*>/gi) ?? [];
  const attribute = new RegExp(`\\s(?:${name})="([^"]*)"`, "gi");
  return tags.flatMap((tag) => [...tag.matchAll(attribute)].map(([, value = ""]) => unescaped(value)));
}

/** @param {string} text */
function unescaped(text) {
  return text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
