import { readFileSync } from "node:fs";
import { ReflectionKind } from "typedoc";

/** @type {{ name: string, exports: Record<string, string | { types: string }> }} */
const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

/** The source file of each entry of the package without its ending, and the name that programs import. */
const entries = new Map(
  Object.entries(manifest.exports).flatMap(([path, entry]) =>
    typeof entry === "string"
      ? []
      : [[entry.types.replace(/^\.\/dist\/|\.d\.ts$/g, ""), path.replace(".", manifest.name)]],
  ),
);

/** The source files of the entries, for TypeDoc. */
export const entryPoints = [...entries.keys()].map((entry) => `src/${entry}.ts`);

/**
 * Links the name of a class to the page of the value and type that export it, as for Socket.
 *
 * @param {import("typedoc").Context} context
 * @param {import("typedoc").DeclarationReflection} reflection
 */
export function registerClass(context, reflection) {
  const symbol = reflection.kindOf(ReflectionKind.Class) ? context.getSymbolFromReflection(reflection) : undefined;
  if (symbol === undefined) return;
  const named = context.checker.getDeclaredTypeOfSymbol(symbol).symbol;
  if (named !== symbol) context.project.registerSymbolId(reflection, context.createSymbolId(named));
}

/**
 * Names each module as programs import it.
 *
 * @param {import("typedoc").ProjectReflection} project
 */
export function nameModules(project) {
  // TypeDoc names src/index.ts by its folder.
  for (const module of project.children ?? []) {
    const entry = module.name.replace(/^src\/?/, "");
    module.name = entries.get(entry === "" ? "index" : entry) ?? module.name;
  }
}
