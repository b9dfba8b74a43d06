import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { DocumentReflection, MinimalSourceFile } from "typedoc";

const LANGUAGES = new Map([
  [".ts", "typescript"],
  [".mjs", "javascript"],
  [".py", "python"],
  [".json", "json"],
  [".toml", "toml"],
  [".html", "html"],
]);

/** TypeDoc copies this file unchanged. */
const PICTURE = /\.(?:png|svg)$/;

/**
 * Adds a page for each file and folder that pages link to and that has no page yet: a browser would download a source file,
 * and cannot open a folder without a server.
 *
 * @param {import("typedoc").Converter} converter
 * @param {import("typedoc").ProjectReflection} project
 */
export function addFilePages(converter, project) {
  // The added pages may link to files, too.
  for (let paths = missing(); paths.length > 0; paths = missing()) for (const path of paths) addPage(path);

  function missing() {
    return [...project.files.getMediaPaths()].filter((path) => !PICTURE.test(path));
  }

  /** @param {import("typedoc").NormalizedPath} path */
  function addPage(path) {
    const { content } = converter.parseRawComment(new MinimalSourceFile(...markdownOf(path)), project.files);
    const page = new DocumentReflection(relative(".", path), project, content, { group: "Sources" });
    project.addChild(page);
    project.registerReflection(page, undefined, path);
  }
}

/**
 * @param {import("typedoc").NormalizedPath} path
 * @returns {[text: string, file: import("typedoc").NormalizedPath]} the file is the one that relative links start from
 */
function markdownOf(path) {
  const title = `# ${relative(".", path)}`;
  if (statSync(path).isDirectory()) {
    const names = readdirSync(path).filter((name) => statSync(join(path, name)).isFile());
    const list = names.map((name) => `- [${name}](${name})`).join("\n");
    return [`${title}\n\n${list}\n`, /** @type {import("typedoc").NormalizedPath} */ (`${path}/.`)];
  }
  const text = readFileSync(path, "utf8");
  if (extname(path) === ".md") return [text, path];
  // The fence must be longer than any in the text.
  const fence = "`".repeat(6);
  return [`${title}\n\n${fence}${LANGUAGES.get(extname(path)) ?? "text"}\n${text}\n${fence}\n`, path];
}
