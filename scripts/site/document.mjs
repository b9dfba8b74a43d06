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
