// Which test a file of src/ has: the one at its mirrored path, or those that test/repository/mirror.json names.
import { posix } from "node:path";
import ts from "typescript";

/** Why a file has no test at its mirrored path. Only files of the last three have tests in the list. */
const REASONS = {
  types: "it compiles to no code",
  exports: "it only re-exports what other files define",
  caller: "it needs a socket, a connection or its caller: the tests import it, perhaps through other files",
  process: "it runs in a process or a thread of its own, which the tests start",
  browser: "it runs in a page, which the tests open in Chromium",
} as const;

type Reason = keyof typeof REASONS;

export interface Entry {
  readonly reason: Reason;
  readonly tests?: readonly string[];
}

/** Files by their paths from the root of the repository. */
type Tree = ReadonlyMap<string, string>;

const PROCESSES = /^src\/(?:(?:cli|services|supervisor)\/|socketserver\/(?:request-process|worker)\.ts$)/;
const TESTS_OF_PROCESSES = /^test\/(?:cli|interop|behaviour\/(?:chat|socketserver|status|supervisor|web))\//;

/** The unit test of a source file. */
function mirrorOf(file: string): string {
  return file.replace(/^src\//, "test/unit/").replace(/\.ts$/, ".test.ts");
}

/** Whether a file compiles to nothing, to re-exports alone, or to code. */
function kindOf(text: string): "types" | "exports" | "code" {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  const { statements } = ts.createSourceFile("compiled.js", outputText, ts.ScriptTarget.Latest);
  const exports = statements.filter((statement) => !isEmptyExport(statement));
  if (exports.length === 0) return "types";
  const isReexport = (statement: ts.Statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier;
  return exports.every(isReexport) ? "exports" : "code";
}

/** `export {}` marks a module that exports nothing. */
function isEmptyExport(statement: ts.Statement): boolean {
  if (!ts.isExportDeclaration(statement) || statement.exportClause === undefined) return false;
  return ts.isNamedExports(statement.exportClause) && statement.exportClause.elements.length === 0;
}

/** The files whose code a file loads, by relative paths or by the name of the package. A type loads nothing. */
function importsOf(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  return specifiersIn(source).flatMap((specifier) => {
    if (specifier.startsWith(".")) return [posix.join(posix.dirname(file), specifier)];
    const [name, ...path] = specifier.split("/");
    if (name !== "sockwright") return [];
    if (path.length === 0) return ["src/index.ts"];
    return [path[0] === "services" ? `src/services/${path[1]}/${path[1]}.ts` : `src/${path.join("/")}.ts`];
  });
}

/** The specifiers of the imports and re-exports of code, and of each `import()`. */
function specifiersIn(source: ts.SourceFile): string[] {
  const specifiers: string[] = [];
  // Few files have an `import()`; of the others, no function is searched.
  const isDeep = /\bimport\s*\(/.test(source.text);
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) specifiers.push(specifier.text);
    if (isDeep) ts.forEachChild(node, visit);
  };
  source.statements.forEach(visit);
  return specifiers;
}

function specifierOf(node: ts.Node): ts.Expression | undefined {
  if (ts.isImportDeclaration(node)) return isOfTypes(node.importClause) ? undefined : node.moduleSpecifier;
  if (ts.isExportDeclaration(node)) {
    const { exportClause } = node;
    const areTypes = exportClause !== undefined && ts.isNamedExports(exportClause) && areAllTypes(exportClause);
    return node.isTypeOnly || areTypes ? undefined : node.moduleSpecifier;
  }
  const isImport = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isImport ? node.arguments[0] : undefined;
}

/** Whether an import names types alone: `import type { A }` or `import { type A }`. */
function isOfTypes(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  const { phaseModifier, name, namedBindings } = clause;
  if (phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  return (
    name === undefined && namedBindings !== undefined && ts.isNamedImports(namedBindings) && areAllTypes(namedBindings)
  );
}

function areAllTypes({ elements }: ts.NamedImports | ts.NamedExports): boolean {
  return elements.length > 0 && elements.every(({ isTypeOnly }) => isTypeOnly);
}

/** All files that each test loads. */
class ImportGraph {
  readonly #tree: Tree;
  readonly #imports = new Map<string, readonly string[]>();
  readonly #reached = new Map<string, ReadonlySet<string>>();
  constructor(tree: Tree) {
    this.#tree = tree;
  }

  reachedFrom(test: string): ReadonlySet<string> {
    const known = this.#reached.get(test);
    if (known !== undefined) return known;
    const reached = new Set([test]);
    for (const file of reached) {
      for (const imported of this.#importsOf(file)) reached.add(imported);
    }
    this.#reached.set(test, reached);
    return reached;
  }

  #importsOf(file: string): readonly string[] {
    const imports = this.#imports.get(file) ?? importsOf(file, this.#tree.get(file) ?? "");
    this.#imports.set(file, imports);
    return imports;
  }
}

/**
 * All that is wrong with a list, a line for each fault.
 *
 * @param alone the unit tests that mirror no source file
 */
export function faultsOf(tree: Tree, list: Readonly<Record<string, Entry>>, alone: readonly string[]): string[] {
  const faults: string[] = [];
  const files = [...tree.keys()];
  const sources = files.filter((file) => file.startsWith("src/") && file.endsWith(".ts"));
  for (const file of sources) {
    if (!tree.has(mirrorOf(file)) && !Object.hasOwn(list, file)) faults.push(`${file}: no unit test and no entry`);
  }
  const names = Object.keys(list);
  for (const [index, name] of names.entries()) {
    if (index > 0 && name < (names[index - 1] ?? "")) faults.push(`${name}: the list is not sorted`);
  }
  const graph = new ImportGraph(tree);
  for (const [file, entry] of Object.entries(list)) {
    for (const fault of faultsOfEntry(tree, graph, file, entry)) faults.push(`${file}: ${fault}`);
  }
  const mirrors = new Set([...sources.map(mirrorOf), ...alone]);
  for (const file of files) {
    if (!file.startsWith("test/unit/") || !file.endsWith(".test.ts")) continue;
    if (!mirrors.has(file)) faults.push(`${file}: mirrors no source file`);
  }
  for (const file of alone) if (!tree.has(file)) faults.push(`${file}: does not exist`);
  return faults;
}

function* faultsOfEntry(tree: Tree, graph: ImportGraph, file: string, entry: Entry): Generator<string, void> {
  const text = tree.get(file);
  if (text === undefined) return yield "does not exist";
  if (tree.has(mirrorOf(file))) yield "has a unit test: it needs no entry";
  const { reason, tests = [] } = entry;
  if (!Object.hasOwn(REASONS, reason)) yield `"${reason}" is no reason`;
  if (reason === "types" || reason === "exports") {
    const kind = kindOf(text);
    if (kind !== reason) yield `is listed as ${reason} and has ${kind}`;
    if (tests.length > 0) yield `${reason} need no test`;
    return;
  }
  if (reason === "browser" && !file.startsWith("src/pages/")) yield "is part of no page";
  if (reason === "process" && !PROCESSES.test(file)) yield "runs in no process of its own";
  if (tests.length === 0) yield "has no test";
  for (const test of tests) {
    if (!tree.has(test) || !test.endsWith(".test.ts")) yield `${test} is no test`;
    else if (!isReached(graph, file, reason, test)) yield `${test} does not reach it`;
  }
}

function isReached(graph: ImportGraph, file: string, reason: Reason, test: string): boolean {
  if (reason === "browser") return test.startsWith("test/interop/");
  return graph.reachedFrom(test).has(file) || (reason === "process" && TESTS_OF_PROCESSES.test(test));
}
