// @ts-check
// Uses up all its descriptors, and writes as JSON what a root returns then and afterwards. Usage: few-descriptors.mjs
// ROOT
import { closeSync, openSync } from "node:fs";
import { openRoot } from "../../../../dist/services/web/root.js";

let nowMs = 0;
const clock = { now: () => nowMs, after: () => () => undefined };
const root = await openRoot(process.argv[2] ?? "", {}, clock);

async function answer() {
  const opened = await root.open("file");
  if ("handle" in opened) await opened.handle.close();
  return opened.type;
}

/** @type {number[]} */
const taken = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  // EMFILE
}
/** Leaves `count` descriptors free. @param {number} count */
function free(count) {
  for (const descriptor of taken.splice(-count, count)) closeSync(descriptor);
}

const answers = [await answer()];
// One for the folder, and none for the file.
free(1);
answers.push(await answer());
free(1);
answers.push(await answer());
// The root itself is checked again, which needs a descriptor.
taken.push(openSync("/dev/null", "r"), openSync("/dev/null", "r"));
nowMs = 1_000;
answers.push(await answer());
free(2);
answers.push(await answer());
console.log(JSON.stringify(answers));
root.close();
