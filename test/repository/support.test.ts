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

/** The functions and classes at the top of a file, however they are declared. */
async function definitionsOf(file: string, text: string): Promise<Definition[]> {
  const { code: withoutTypes } = await transformWithOxc(text, file, { sourcemap: false });
  const outputText = withoutTypes.replaceAll(/^ *(?:\/\/.*|\/\*\*[\s\S]*?\*\/)\n/gm, "");
  const source = ts.createSourceFile(file, outputText, ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((statement) =>
    helpersIn(statement).map(({ name, helper }) => {
      const code = codeOf(helper).replaceAll(new RegExp(`\\b${name}\\b`, "g"), "F");
      return { name, file, isExported: statement.getText().startsWith("export "), code: code.replaceAll(/\s+/g, " ") };
    }),
  );
}

type Helper = ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction | ts.ClassLikeDeclaration;

function helpersIn(statement: ts.Statement): { name: string; helper: Helper }[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name, initializer }) => {
      const helper = initializer && withoutParentheses(initializer);
      return helper !== undefined && isHelper(helper) ? [{ name: name.getText(), helper }] : [];
    });
  }
  const helper = ts.isExportAssignment(statement) ? withoutParentheses(statement.expression) : statement;
  return isHelper(helper) ? [{ name: helper.name?.text ?? "default", helper }] : [];
}

function withoutParentheses(expression: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(expression) ? withoutParentheses(expression.expression) : expression;
}

function isHelper(node: ts.Node): node is Helper {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isClassDeclaration(node) ||
    ts.isClassExpression(node)
  );
}

/** The parameters and the body, alike for a function, an arrow function and a class however it is declared. */
function codeOf(helper: Helper): string {
  if (ts.isClassLike(helper)) {
    const heritage = helper.heritageClauses?.map((clause) => clause.getText()).join(" ") ?? "";
    return `class ${heritage} ${helper.members.map((member) => member.getText()).join(" ")}`;
  }
  const isAsync = helper.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false;
  const isGenerator = !ts.isArrowFunction(helper) && helper.asteriskToken !== undefined;
  const places = new Map(helper.parameters.map(({ name }, place) => [name.getText(), `P${place}`]));
  const parameters = helper.parameters.map((parameter) => withNames(parameter, places)).join(", ");
  const { body } = helper;
  const isBlock = body === undefined || ts.isBlock(body);
  const text = isBlock ? body && withNames(body, places) : `{ return ${withNames(withoutParentheses(body), places)}; }`;
  return `${isAsync ? "async " : ""}${isGenerator ? "*" : ""}(${parameters}) ${text}`;
}

/** The code of a node, with other names for some identifiers, but not for a property or a key of the same name. */
function withNames(node: ts.Node, names: ReadonlyMap<string, string>): string {
  const from = node.getStart();
  let code = node.getText();
  const replace = (identifier: ts.Identifier, by: string): void => {
    code = code.slice(0, identifier.getStart() - from) + by + code.slice(identifier.end - from);
  };
  const found: ts.Identifier[] = [];
  const visit = (inside: ts.Node): void => {
    if (ts.isIdentifier(inside)) found.push(inside);
    ts.forEachChild(inside, visit);
  };
  visit(node);
  // From the last one on, so that the places of the others stay.
  for (const identifier of found.reverse()) {
    const name = names.get(identifier.text);
    if (name === undefined || isKey(identifier)) continue;
    replace(identifier, ts.isShorthandPropertyAssignment(identifier.parent) ? `${identifier.text}: ${name}` : name);
  }
  return code;
}

/** Whether an identifier is the name of a property: `a.name`, `{ name: 1 }`, `{ name: a } = b`. */
function isKey(identifier: ts.Identifier): boolean {
  const { parent } = identifier;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === identifier;
  if (ts.isBindingElement(parent)) return parent.propertyName === identifier;
  return (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent)) && parent.name === identifier;
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

test.for([
  ["arrow function", "export const allOf = async (it) => BODY;"],
  ["function expression", "const allOf = async function (it) BODY;"],
  ["second declaration of a statement", "const a = 1, allOf = async (it) => BODY;"],
  ["default export", "export default async function allOf(it) BODY"],
  ["default export without a name", "export default async function (it) BODY"],
  ["default export of an arrow function", "export default async (it) => BODY;"],
  ["arrow function in parentheses", "const allOf = (async (it) => BODY);"],
  ["default export in parentheses", "export default ((async (it) => BODY));"],
  ["function with another parameter", "async function allOf(those) RENAMED"],
] as const)("a copy is found as %s", async ([, form]) => {
  const body = "{ const all = []; for await (const each of it) all.push(each); return Buffer.concat(all); }";
  const one = await definitionsOf("a.ts", `async function readAll(it) ${body}\n`);
  expect(
    copiesIn([
      ...one,
      ...(await definitionsOf(
        "b.ts",
        form.replace("BODY", body).replace("RENAMED", body.replace("of it)", "of those)")),
      )),
    ]),
  ).toHaveLength(1);
});

test("what a parameter is called is no difference, a property of its name is", async () => {
  const one =
    "const at = (line, text) => ({ line, end: line.length + text.length, all: [line, text].join('---------') });";
  const renamed = one.replaceAll(/\bline\b/g, "row").replace("{ row,", "{ line: row,");
  const other = renamed.replace("line: row", "row: row");
  const copiesWith = async (code: string): Promise<number> =>
    copiesIn([...(await definitionsOf("a.ts", one)), ...(await definitionsOf("b.ts", code))]).length;
  expect([await copiesWith(renamed), await copiesWith(other)]).toEqual([1, 0]);
});

test("a copy of a class is found as an expression, with another name", async () => {
  const body = "extends Map { read(it) { return [...it].map((each) => each.toString().trim()).filter(Boolean); } }";
  const one = await definitionsOf("a.ts", `class Reader ${body}\n`);
  expect(copiesIn([...one, ...(await definitionsOf("b.ts", `export const Lines = class ${body};\n`))])).toHaveLength(1);
});
