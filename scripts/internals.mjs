// Writes the pages of docs/internals/ that are generated from the code: files.md and limits.md.
import { writeFileSync } from "node:fs";
import { filesPage, makeFilesPage } from "./internals/files.mjs";
import { limitsPage, makeLimitsPage } from "./internals/limits.mjs";

const files = makeFilesPage();
const limits = makeLimitsPage();
const wrong = [
  ...files.missing.map((file) => `${file}: no export has a docstring, and no comment begins the file`),
  ...limits.wrong,
];
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exitCode = 1;
} else {
  writeFileSync(filesPage, files.page);
  writeFileSync(limitsPage, limits.page);
}
