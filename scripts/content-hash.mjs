import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Returns the files below a folder, in a fixed order.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * Returns one digest of the names and contents of files. It decides whether an output is out of date; modification times mean
 * nothing in a fresh clone.
 *
 * @param {string[]} files
 * @param {string[]} [facts] - what else the result depends on
 */
export function contentHash(files, facts = []) {
  const hash = createHash("sha256");
  for (const fact of facts) hash.update(`${fact}\n`);
  for (const file of files) hash.update(`${file}\n`).update(createHash("sha256").update(readFileSync(file)).digest());
  return hash.digest("hex");
}

/**
 * Returns whether the record beside an output says that it was made from this content.
 *
 * @param {string} record
 * @param {string} hash
 */
export function isCurrent(record, hash) {
  try {
    return readFileSync(record, "utf8") === hash;
  } catch {
    return false;
  }
}
