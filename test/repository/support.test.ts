// What several tests need stands once, in test/support/ or beside those that need it.
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import ts from "typescript";
import { transformWithOxc } from "vite";
import { expect, test } from "vitest";
import { below } from "./pages.ts";

interface Definition {
  readonly name: string;
  readonly file: string;
  readonly isExported: boolean;
  /** The code, with its own name as `F`, without types and comments. */
  readonly code: string;
}

/** Less is said again as quickly as it is imported. */
const SHORT_CODE = 80;

/** The functions and classes at the top of a file. */
async function definitionsOf(file: string, text: string): Promise<Definition[]> {
  const { code: withoutTypes } = await transformWithOxc(text, file, { sourcemap: false });
  const outputText = withoutTypes.replaceAll(/^ *(?:\/\/.*|\/\*\*[\s\S]*?\*\/)\n/gm, "");
  const source = ts.createSourceFile(file, outputText, ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((statement) => {
    const declaration = ts.isVariableStatement(statement) ? statement.declarationList.declarations.at(0) : statement;
    if (declaration === undefined || !isHelper(declaration)) return [];
    const name = declaration.name?.getText() ?? "default";
    const exported = statement.getText();
    const code = exported.replace(/^export /, "").replaceAll(new RegExp(`\\b${name}\\b`, "g"), "F");
    return [{ name, file, isExported: exported.startsWith("export "), code: code.replaceAll(/\s+/g, " ") }];
  });
}

function isHelper(node: ts.Node): node is ts.FunctionDeclaration | ts.ClassDeclaration | ts.VariableDeclaration {
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return true;
  return ts.isVariableDeclaration(node) && node.initializer !== undefined && ts.isArrowFunction(node.initializer);
}

/** The definitions that have the same code, by their places. */
function copiesIn(definitions: readonly Definition[]): string[] {
  const places = new Map<string, string[]>();
  for (const { name, file, code } of definitions) {
    if (code.length < SHORT_CODE) continue;
    // A program of its own, .mjs, imports nothing in TypeScript, and nothing else imports it.
    const key = `${extname(file)} ${code}`;
    places.set(key, [...(places.get(key) ?? []), `${file} ${name}`]);
  }
  return [...places.values()].filter((copies) => copies.length > 1).map((copies) => copies.join(" = "));
}

const files = [".ts", ".mjs"].flatMap((ending) => below("test", ending));
const texts = files.map((file) => [file, readFileSync(file, "utf8")] as const);
const definitions = (await Promise.all(texts.map(([file, text]) => definitionsOf(file, text)))).flat();

test("no helper is defined twice", () => {
  expect(definitions.length).toBeGreaterThan(1_000);
  expect(copiesIn(definitions)).toEqual([]);
});

test("what test/support/ has is defined nowhere else", () => {
  const supported = new Set(
    definitions
      .filter(({ file, isExported }) => isExported && file.startsWith("test/support/"))
      .map(({ name }) => name),
  );
  const others = definitions.filter(({ file }) => file.endsWith(".ts") && !file.startsWith("test/support/"));
  const again = others.filter(({ name }) => supported.has(name));
  expect(again.map(({ name, file }) => `${file} ${name}`)).toEqual([]);
});

test("a copy under another name, with other types and comments, is found", async () => {
  const one =
    "export async function readAll(it: AsyncIterable<Buffer>): Promise<Buffer> {\n  const all: Buffer[] = [];\n  for await (const each of it) all.push(each);\n  return Buffer.concat(all);\n}\n";
  const other = one.replace("readAll", "allOf").replace(": Buffer[]", "").replace("export ", "/** All. */\n");
  const found = copiesIn([...(await definitionsOf("a.ts", one)), ...(await definitionsOf("b.ts", other))]);
  expect(found).toEqual(["a.ts readAll = b.ts allOf"]);
});
