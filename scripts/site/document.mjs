import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";

/** The groups of documents in the sidebar, by the path of the file; the first match counts. */
/** @type {readonly [RegExp, string][]} */
const GROUPS = [
  [/^docs\/internals\/|^ARCHITECTURE/, "Internals"],
  [/^docs\//, "Guides"],
  [/^src\/services\//, "Services"],
  [/^[^/]*\.md$/, "Project"],
];

/**
 * Names a document after its first heading and adds it to its group.
 *
 * @param {import("typedoc").DocumentReflection} document
 */
export function describe(document) {
  const path = document.project.files.getReflectionPath(document);
  if (path === undefined) return;
  const file = relative(".", path);
  const text = document.content.map((part) => part.text).join("");
  const [, heading = file] = /^# (.+)$/m.exec(text) ?? [];
  document.name = heading.replaceAll("`", "");
  document.frontmatter["group"] = GROUPS.find(([pattern]) => pattern.test(file))?.[1] ?? "Project";
}

/**
 * Sorts the documents as docs/README.md lists them; the others follow.
 *
 * @param {import("typedoc").ProjectReflection} project
 */
export function sortAsIndex(project) {
  const index = existsSync("docs/README.md") ? readFileSync("docs/README.md", "utf8") : "";
  const files = [...index.matchAll(/\]\(([^)#]+)/g)].map(([, file]) => `docs/${file}`);
  const place = (/** @type {import("typedoc").Reflection} */ reflection) => {
    const path = reflection.isDocument() ? project.files.getReflectionPath(reflection) : undefined;
    const found = path === undefined ? -1 : files.indexOf(relative(".", path));
    return found < 0 ? files.length : found;
  };
  project.documents?.sort((a, b) => place(a) - place(b));
  project.childrenIncludingDocuments?.sort((a, b) => place(a) - place(b));
}
