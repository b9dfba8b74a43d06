// @ts-check
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { binaryPath } from "./compile.mjs";
import { writePattern } from "./pattern.mjs";

const PAGE_BYTES = 1400;
const KIB = 1024;

const LINKS = [
  { href: "/", text: "Home" },
  { href: "/guide/", text: "Guide" },
  { href: "/reference/", text: "Reference" },
  { href: "/about.html", text: "About" },
];

/**
 * @param {string} href
 * @param {string} text
 */
function linkOf(href, text) {
  return `    <li><a href="${href}">${text}</a></li>\n`;
}

/**
 * @param {string} name
 * @param {string} title
 * @param {string} links
 */
function pageOf(name, title, links) {
  const head = `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${title}</title></head>\n`;
  return `${head}<body>\n  <h1>Hello, ${name}!</h1>\n  <ul>\n${links}  </ul>\n  <p>FILLING</p>\n</body>\n</html>\n`;
}

/** The file, and the template of which the same comes for the name `World`: with the same text to fill it up. */
const EMPTY_PAGE = pageOf("World", "A page", LINKS.map(({ href, text }) => linkOf(href, text)).join(""));
const FILLING = "The quick brown fox jumps over the lazy dog. "
  .repeat(PAGE_BYTES)
  .slice(0, PAGE_BYTES - EMPTY_PAGE.length + "FILLING".length);
const TEMPLATE = pageOf("{{query.name}}", "{{title}}", `{{#each links}}${linkOf("{{href}}", "{{text}}")}{{/each}}`);

/** The template's page, and what it takes besides the name. */
export const PAGE_PATH = "/greeting";
export const PAGE_OPTIONS = { routes: { [PAGE_PATH]: "greeting.html" }, vars: { title: "A page", links: LINKS } };

/** The files that the servers of the web have below their root. */
export async function writeSite() {
  const root = binaryPath("site");
  await mkdir(root, { recursive: true });
  await writeFile(join(root, "page.html"), EMPTY_PAGE.replace("FILLING", FILLING));
  await writeFile(join(root, PAGE_OPTIONS.routes[PAGE_PATH]), TEMPLATE.replace("FILLING", FILLING));
  await writePattern(join(root, "64k.bin"), 64 * KIB);
  await writePattern(join(root, "256k.bin"), 256 * KIB);
  await writePattern(join(root, "100m.bin"), 100 * KIB * KIB);
  return root;
}
