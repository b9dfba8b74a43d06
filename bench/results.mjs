// @ts-check
import { readFile, writeFile } from "node:fs/promises";

const FILE = new URL("RESULTS.md", import.meta.url);
const HEAD = "# Results\n\nWritten by `--write` of the programs below; the method is in [README.md](README.md).\n";

/**
 * Replaces one section of RESULTS.md, so that the programs can be run apart.
 * @param {string} name
 * @param {string} markdown
 */
export async function writeSection(name, markdown) {
  const text = await readFile(FILE, "utf8").catch((error) => {
    if (error.code === "ENOENT") return HEAD;
    throw error;
  });
  const begin = `<!-- begin ${name} -->`;
  const end = `<!-- end ${name} -->`;
  const section = `${begin}\n\n${markdown.trim()}\n\n${end}`;
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  await writeFile(FILE, after === undefined ? `${text.trimEnd()}\n\n${section}\n` : `${before}${section}${after}`);
}
