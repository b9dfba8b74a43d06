// @ts-check
// Replaces two names in turn with another link, by rename(2), until it is killed. Usage: swap.mjs ROOT
import { linkSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const root = process.argv[2] ?? "";
const spare = join(root, "spare");
console.log("ready");
for (;;) {
  symlinkSync("../outside", spare);
  renameSync(spare, join(root, "swapped-folder"));
  symlinkSync("../outside/file", spare);
  renameSync(spare, join(root, "swapped"));
  symlinkSync("sub", spare);
  renameSync(spare, join(root, "swapped-folder"));
  linkSync(join(root, "file"), spare);
  renameSync(spare, join(root, "swapped"));
}
