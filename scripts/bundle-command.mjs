import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { rolldown } from "rolldown";

const folder = "dist/cli";
const commander = "node_modules/commander";
/** Packages that are installed beside this one are not bundled. */
const dependencies = Object.keys(JSON.parse(readFileSync("package.json", "utf8")).dependencies);
const definitions = ["up", "ctl", "greet", "web", "files", "chat", "relay", "connect", "listen", "cert"].map(
  (name) => `${name}-command.js`,
);

/**
 * Bundles the modules of the command into a few files: Node takes longer to find and open a hundred modules than to run them.
 * Modules of one command are loaded when it runs, and those of the addon when a command needs it. The files are as deep in the
 * package as the compiled modules were, so that their relative paths stay valid.
 *
 * @returns {Promise<string[]>} the files that were written
 */
export async function bundleCommand() {
  const start = staticImports(["sockwright.js", ...definitions]);
  const sockets = staticImports(["connect.js"]);
  const bundle = await rolldown({
    input: join(folder, "sockwright.js"),
    platform: "node",
    external: (id) => dependencies.some((name) => id === name || id.startsWith(`${name}/`)),
    preserveEntrySignatures: false,
  });
  const { output } = await bundle.generate({
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    // Docstrings would be a third of the package.
    comments: { legal: true, annotation: true, jsdoc: false },
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: "start", test: (id) => start.has(id) || isOfCommander(id) },
        { name: "sockets", test: (id) => sockets.has(id) },
      ],
    },
  });
  await bundle.close();
  // Copied code keeps its licence. It goes to the end, because the first line of a program names its interpreter.
  const isCopied = output.filter((file) => file.type === "chunk" && file.moduleIds.some(isOfCommander));
  if (isCopied.length !== 1)
    throw new Error(`commander must be in one file of the command, and is in ${isCopied.length}`);
  const licence = `/*! commander\n\n${readFileSync(join(commander, "LICENSE"), "utf8")}*/\n`;
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  return output.map((file) => {
    const path = join(folder, file.fileName);
    const content = file.type === "chunk" ? file.code : file.source;
    writeFileSync(path, isCopied.includes(file) ? `${content}\n${licence}` : content);
    return path;
  });
}

/** @param {string} id */
function isOfCommander(id) {
  return id.includes(`/${commander}/`);
}

/**
 * Returns the compiled modules that are loaded with the given modules of the command.
 *
 * @param {string[]} names
 */
function staticImports(names) {
  /** @type {Set<string>} */
  const found = new Set();
  const waiting = names.map((name) => resolve(folder, name));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const imports = readFileSync(path, "utf8").matchAll(/^(?:import|export)\b[^;]*? from "(\.[^"]+)";/gms);
    for (const [, specifier = ""] of imports) waiting.push(resolve(dirname(path), specifier));
  }
  return found;
}
