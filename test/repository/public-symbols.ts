// What the package exports, as the TypeScript compiler sees it: the functions, classes with their public members, types
// and constants of src/index.ts, each with its docstring.
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export type PublicSymbolKind = "function" | "class" | "method" | "accessor" | "property" | "type" | "constant";

export interface PublicSymbol {
  /** As a user writes it: `socket`, `Socket.recv`. */
  readonly name: string;
  readonly kind: PublicSymbolKind;
  /** Of the first declaration, from the root of the repository. */
  readonly file: string;
  readonly line: number;
  /** The docstring without its tags; "" is none. */
  readonly text: string;
  readonly examples: readonly string[];
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The public symbols of an entry, a path from the root of the repository. */
export function publicSymbols(entry: string): PublicSymbol[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
  };
  const program = ts.createProgram([`${root}${entry}`], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(`${root}${entry}`);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${entry} exports nothing`);
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
    const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
    const own = describe(checker, symbol, exported.name);
    return own.kind === "class" ? [own, ...members(checker, symbol, exported.name)] : [own];
  });
}

/** The public members of a class, also those of a base class that is ours. */
function members(checker: ts.TypeChecker, owner: ts.Symbol, ownerName: string): PublicSymbol[] {
  return checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(owner))
    .filter((member) => (member.declarations ?? []).some(isPublic))
    .map((member) => {
      const name = member.declarations?.map(ts.getNameOfDeclaration).find((node) => node !== undefined);
      const text = name?.getText() ?? member.name;
      return describe(checker, member, text.startsWith("[") ? `${ownerName}${text}` : `${ownerName}.${text}`);
    });
}

function isPublic(declaration: ts.Declaration): boolean {
  const { fileName } = declaration.getSourceFile();
  const name = ts.getNameOfDeclaration(declaration);
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return (
    fileName.startsWith(root) &&
    !fileName.includes("/node_modules/") &&
    !(name !== undefined && ts.isPrivateIdentifier(name)) &&
    (ts.getCombinedModifierFlags(declaration) & hidden) === 0 &&
    !ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === "internal")
  );
}

function describe(checker: ts.TypeChecker, symbol: ts.Symbol, name: string): PublicSymbol {
  const declaration = symbol.declarations?.[0];
  if (declaration === undefined) throw new Error(`${name} is declared nowhere`);
  const source = declaration.getSourceFile();
  const tags = symbol.getJsDocTags(checker).filter((tag) => tag.name === "example");
  return {
    name,
    kind: kindOf(symbol),
    file: relative(root, source.fileName),
    line: source.getLineAndCharacterOfPosition(declaration.getStart()).line + 1,
    text: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
    examples: tags.map((tag) => ts.displayPartsToString(tag.text)),
  };
}

function isConstructor(flags: ts.SymbolFlags): boolean {
  return (flags & ts.SymbolFlags.Variable) !== 0 && (flags & ts.SymbolFlags.TypeAlias) !== 0;
}

function kindOf({ flags, name }: ts.Symbol): PublicSymbolKind {
  const kinds: readonly [ts.SymbolFlags, PublicSymbolKind][] = [
    [ts.SymbolFlags.Function, "function"],
    [ts.SymbolFlags.Class, "class"],
    // A class whose constructor has a type of its own: a value, and the type of what it makes.
    [isConstructor(flags) ? flags : 0, "class"],
    [ts.SymbolFlags.Method, "method"],
    [ts.SymbolFlags.Accessor, "accessor"],
    [ts.SymbolFlags.Property, "property"],
    [ts.SymbolFlags.Variable, "constant"],
    [ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Enum, "type"],
  ];
  const row = kinds.find(([flag]) => (flags & flag) !== 0);
  if (row === undefined) throw new Error(`${name}: what kind of symbol is this?`);
  return row[1];
}
