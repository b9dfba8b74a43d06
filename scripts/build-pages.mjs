import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { rolldown } from "rolldown";

const source = "src/pages";
const target = "dist/pages";
const resolvePackage = createRequire(import.meta.url).resolve;

/**
 * Builds each page, `src/pages/NAME/`, for delivery: its HTML, its style and its script, each of the latter two in one file with
 * all its imports, also from packages.
 *
 * @returns {Promise<string[]>} the files that were written
 */
export async function buildPages() {
  const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const written = await Promise.all(folders.map(({ name }) => buildPage(name)));
  return [...written.flat(), write(join(target, "icon.svg"), readFileSync(join(source, "icon.svg"), "utf8"))];
}

/** @param {string} name */
async function buildPage(name) {
  const [from, to] = [join(source, name), join(target, name)];
  mkdirSync(to, { recursive: true });
  const files = readdirSync(from);
  const written = files
    .filter((file) => file.endsWith(".html"))
    .map((file) => write(join(to, file), readFileSync(join(from, file), "utf8")));
  written.push(write(join(to, "style.css"), styleOf(join(from, "style.css"))));
  if (files.includes("page.ts")) written.push(write(join(to, "page.js"), await scriptOf(join(from, "page.ts"))));
  return written;
}

/**
 * Returns a style with the styles of packages that its first lines import.
 *
 * @param {string} file
 */
function styleOf(file) {
  return readFileSync(file, "utf8").replace(/^@import "([^"]+)";\n/gm, (_, name) => {
    return `/*! ${name} */\n${readFileSync(resolvePackage(name), "utf8")}`;
  });
}

/** @param {string} input */
async function scriptOf(input) {
  const bundle = await rolldown({ input, platform: "browser" });
  const { output } = await bundle.generate({ format: "esm", minify: true, comments: { legal: true } });
  await bundle.close();
  const [script, ...others] = output;
  if (others.length > 0) throw new Error(`${input} must be bundled into one file`);
  return script.code + licencesOf(script.moduleIds);
}

/**
 * Copied code keeps its licence.
 *
 * @param {string[]} modules
 */
function licencesOf(modules) {
  const packages = modules.flatMap((id) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? []);
  const texts = [...new Set(packages)].map(
    (name) => `/*! ${name}\n\n${readFileSync(join("node_modules", name, "LICENSE"), "utf8")}*/\n`,
  );
  return texts.join("");
}

/**
 * @param {string} file
 * @param {string} content
 */
function write(file, content) {
  writeFileSync(file, content);
  return file;
}
