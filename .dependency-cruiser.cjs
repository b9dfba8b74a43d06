// Arrows point down only. The folders of src/, lowest first; those that stand on one level do not know each other.
const levels = [
  ["native"],
  ["socket"],
  ["codec"],
  ["certificate"],
  ["server"],
  ["socketserver", "http"],
  ["services"],
  ["supervisor"],
  ["cli"],
];

// And those of src/server/, as they stand below the files that join them.
const serverFolders = ["options", "url", "time", "opening", "transport", "tls", "limits", "connection", "telemetry"];

/** @param {string[]} folders */
function inside(folders) {
  return `^src/(?:${folders.join("|")})/`;
}

const upward = levels.flatMap((level, index) =>
  level.map((folder) => ({
    name: `${folder}-imports-downward`,
    comment: `What is above src/${folder}/, or beside it, may use it, and not the other way round.`,
    severity: "error",
    from: { path: inside([folder]) },
    to: { path: inside([...level.filter((other) => other !== folder), ...levels.slice(index + 1).flat(), "testing"]) },
  })),
);

const upwardInServer = serverFolders.map((folder, index) => ({
  name: `server-${folder}-imports-downward`,
  comment: `What is above src/server/${folder}/ may use it, and not the other way round.`,
  severity: "error",
  from: { path: `^src/server/${folder}/` },
  to: {
    path: ["^src/server/[^/]+$", ...serverFolders.slice(index + 1).map((above) => `^src/server/${above}/`)],
  },
}));

module.exports = {
  forbidden: [
    ...upwardInServer,
    ...upward.filter((rule) => rule.to.path !== inside([])),
    {
      name: "testing-imports-downward",
      comment: "The testing kit serves the tests of every layer above the server, and is made of what lies below them.",
      severity: "error",
      from: { path: inside(["testing"]) },
      to: { path: inside(["socketserver", "http", "services", "supervisor", "cli"]) },
    },
    {
      name: "pages-stand-alone",
      comment: "They run in browsers, and share nothing with what runs in Node but the types of what both send.",
      severity: "error",
      from: { path: inside(["pages"]) },
      to: { path: "^src/", pathNot: inside(["pages"]), dependencyTypesNot: ["type-only"] },
    },
    {
      name: "nobody-imports-pages",
      comment: "They are built to dist/pages/, and read from there.",
      severity: "error",
      from: { path: "^(?:src|examples)/", pathNot: inside(["pages"]) },
      to: { path: inside(["pages"]) },
    },
    {
      name: "socket-has-two-entry-files",
      comment:
        "What is above src/socket/ imports values.ts, which needs no addon, or internal.ts, which does. src/index.ts is the entry for users.",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/(?:native|socket)/", "^src/index\\.ts$"] },
      to: { path: "^src/socket/", pathNot: "^src/socket/(?:values|internal)\\.ts$" },
    },
    {
      name: "every-folder-has-a-level",
      comment: "A new folder of src/ is put on a level here first.",
      severity: "error",
      from: { path: "^src/[^/]+/", pathNot: inside([...levels.flat(), "testing", "pages"]) },
      to: {},
    },
    {
      name: "entries-are-not-imported-inside",
      comment: "src/index.ts is the entry for users; inside, a file imports what it needs from where it is.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^src/[^/]+\\.ts$" },
    },
    {
      name: "source-stands-alone",
      comment: "What is shipped imports nothing that is not.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(?:test|bench|examples|scripts)/" },
    },
    {
      name: "lower-layers-need-only-node",
      comment: "The socket, codec, certificate and server layers have no dependencies but Node itself.",
      severity: "error",
      from: { path: inside(["native", "socket", "codec", "certificate", "server", "socketserver", "http", "testing"]) },
      to: { dependencyTypes: ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "source-needs-no-development-package",
      comment:
        "But the command may use commander, which the build puts into the command's own file, and pages have theirs in one.",
      severity: "error",
      from: { path: "^src/", pathNot: inside(["pages"]) },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "^node_modules/commander/" },
    },
    {
      name: "examples-import-the-package",
      comment: 'An example is written as a user would write it: `import … from "sockwright"`.',
      severity: "error",
      from: { path: "^examples/" },
      to: { path: "^src/", dependencyTypesNot: ["aliased"] },
    },
    {
      name: "examples-use-nothing-else",
      severity: "error",
      from: { path: "^examples/" },
      to: { path: "^(?:test|bench|scripts|dist|native|node_modules)/" },
    },
    {
      name: "no-cycles",
      comment:
        "Modules that need each other while they load. A part may name the type of the class that it is a part of.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "everything-resolves", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(?:dist|native/build)/" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
