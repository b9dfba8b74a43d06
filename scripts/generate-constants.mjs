import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

export const constantsFile = "src/socket/constants.ts";

/**
 * Returns the TypeScript source of the constants, from the table that is compiled into the addon.
 *
 * @param {string} addon - path of the built addon
 */
export function constantsSource(addon) {
  /** @type {{ constants: { name: string, value: number, manual: string }[] }} */
  const { constants } = createRequire(import.meta.url)(resolve(addon));
  const lines = constants.map(({ name, value, manual }) => `/** See ${manual}. */\nexport const ${name} = ${value};\n`);
  return `// Generated from native/constants.def by scripts/generate-constants.mjs: change that table, not this file.\n\n${lines.join("\n")}`;
}

/**
 * Writes the constants when they differ from the addon's.
 *
 * @param {string} addon
 */
export function generateConstants(addon) {
  const source = constantsSource(addon);
  if (source === currentSource()) return;
  console.log(`generating ${constantsFile}`);
  writeFileSync(constantsFile, source);
}

function currentSource() {
  try {
    return readFileSync(constantsFile, "utf8");
  } catch {
    return undefined;
  }
}
