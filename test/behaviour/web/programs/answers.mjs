// @ts-check
// Opens a root, becomes nobody, and writes the result for each path as JSON. Usage: answers.mjs ROOT PATH…
import { openRoot } from "../../../../dist/services/web/root.js";

/** The user nobody of Debian; root has every permission. */
const NOBODY = 65534;

const [path = "", ...paths] = process.argv.slice(2);
// Loaded before setuid, because that user cannot read it.
const root = await openRoot(path);
if (process.getuid?.() === 0) {
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}
const answers = [];
for (const name of paths) {
  const [opened, found, listed] = [await root.open(name), await root.stat(name), await root.list(name)];
  if ("handle" in opened) await opened.handle.close();
  answers.push([name, opened.type, found.type, listed.type]);
}
const refused = await openRoot(`${path}/${paths.at(-1)}`).catch((error) => error.code);
console.log(JSON.stringify([...answers, refused]));
root.close();
