// `npm run docs`: the guides, and the reference of every entry of the package, as HTML in dist/docs.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { keepCodeInHeadings } from "./scripts/site/headings.mjs";
import { entryPoints } from "./scripts/site/modules.mjs";
import { load } from "./scripts/site/site.mjs";

/** @type {{ readonly homepage: string }} */
const { homepage } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

/** @type {Partial<import("typedoc").TypeDocOptions>} */
const options = {
  name: "Sockwright",
  entryPoints,
  entryPointStrategy: "resolve",
  tsconfig: "tsconfig.build.json",
  // Inherited members of Node's own classes have their reference in Node's documentation.
  excludeExternals: true,
  readme: "README.md",
  projectDocuments: [
    "README.zh-CN.md",
    "docs/**/*.md",
    "src/services/*/README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
  ],
  // A clone may have no remote, or a path as its remote: links to the source are made of the address in package.json.
  disableGit: true,
  sourceLinkTemplate: `${homepage.replace(/#.*$/, "")}/blob/{gitRevision}/{path}#L{line}`,
  gitRevision: "main",
  displayBasePath: fileURLToPath(new URL(".", import.meta.url)),
  plugin: [load],
  router: "site",
  out: "dist/docs",
  favicon: fileURLToPath(new URL("src/pages/icon.svg", import.meta.url)),
  customCss: fileURLToPath(new URL("scripts/site/site.css", import.meta.url)),
  headings: { readme: false, document: false },
  markdownItLoader: (parser) => {
    // Only a complete URL becomes a link: `addon.cc` and `CHANGELOG.md` would be domains.
    parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
    keepCodeInHeadings(parser);
  },
  highlightLanguages: ["html", "ini", "javascript", "json", "python", "shellscript", "text", "toml", "typescript"],
  groupOrder: ["Guides", "Services", "Modules", "Internals", "Project", "Sources", "*"],
  navigation: { includeGroups: true, includeFolders: false },
  // The pages of source files are there for links to them: in the search they would hide the guides.
  searchGroupBoosts: { Guides: 4, Services: 2, Sources: 0 },
  searchInComments: true,
  searchInDocuments: true,
  // The members of types are described by their names as well: a `port` needs no sentence.
  requiredToBeDocumented: [
    "Class",
    "Interface",
    "TypeAlias",
    "Function",
    "Method",
    "Accessor",
    "Variable",
    "Enum",
    "Namespace",
  ],
  // The names that test/repository/published-types.test.ts allows: no program needs to write them.
  intentionallyNotExported: [
    ...["BytesType", "FAULTY_CALLS", "HandshakeLimit", "MESSAGES", "POLICIES", "REASONS", "Refusal"],
    ...["ServerDeadlineName", "ServerExpiry"],
  ],
  // Not invalidPath: site.mjs names the page, too.
  validation: { notExported: true, notDocumented: true, invalidLink: true, invalidPath: false, rewrittenLink: true },
  treatWarningsAsErrors: true,
};

export default options;
