import { readFileSync, writeFileSync } from "node:fs";

export const callsFile = "src/native/calls.ts";
const TABLE = "native/calls.def";

/** These two pass their numbers in shared memory: src/native/transfer-frame.ts. */
const FRAMED = ["recv", "send"];

/** Returns the TypeScript source that lists the addon's functions, from the table that is compiled into the addon. */
export function callsSource() {
  const names = [...readFileSync(TABLE, "utf8").matchAll(/^CALL\((\w+), \w+\)$/gm)].map(([, name]) => String(name));
  const lines = names.filter((name) => !FRAMED.includes(name)).map((name) => `    ${name}: addon.${name},\n`);
  return `// Generated from ${TABLE} by scripts/generate-calls.mjs: change that table, not this file.

import type { Addon, Kernel } from "./kernel.ts";
import { framed } from "./transfer-frame.ts";

/**
 * The addon as a {@link Kernel}. Written out, because V8 takes a literal's properties for constants, and searches those of an
 * object that was filled from C++ at every call.
 */
export function kernelOf(addon: Addon): Kernel {
  return {
${lines.join("")}    constants: addon.constants,
    ...framed(addon),
  };
}
`;
}

/** Writes the file when it differs from the table. */
export function generateCalls() {
  const source = callsSource();
  if (source === currentSource()) return;
  console.log(`generating ${callsFile}`);
  writeFileSync(callsFile, source);
}

function currentSource() {
  try {
    return readFileSync(callsFile, "utf8");
  } catch {
    return undefined;
  }
}
