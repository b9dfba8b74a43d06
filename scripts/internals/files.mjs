// Makes docs/internals/files.md: every file of src/ and native/, one sentence about it, and its unit test.
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import ts from "typescript";
import { docstringOf, filesBelow, firstSentence, parseText, textOfComment } from "./docstring.mjs";

export const filesPage = "docs/internals/files.md";

const heading = `# Files

Every source file, what it holds, and the unit test that mirrors it. Behaviour is also tested by \`test/behaviour/\`,
\`test/faults/\` and \`test/interop/\`, which are ordered by what a user sees and not by file.

This page is generated: \`npm run internals\` writes it from the docstring of each file's main export. Change the docstring.
`;

/** @returns {{ page: string, missing: string[] }} the page, and the files that have no sentence. */
export function makeFilesPage() {
  const rows = [...filesBelow("native", [".cc", ".h", ".def"]), ...filesBelow("src", [".ts"])].map((file) => ({
    file,
    sentence: sentenceOf(file),
  }));
  const folders = [...new Set(rows.map(({ file }) => dirname(file)))].sort();
  const tables = folders.map((folder) => {
    const inFolder = rows.filter(({ file }) => dirname(file) === folder);
    const lines = inFolder.map(({ file, sentence }) => `| \`${basename(file)}\` | ${sentence} | ${testOf(file)} |\n`);
    return `\n## \`${folder}/\`\n\n| file | holds | unit test |\n|---|---|---|\n${lines.join("")}`;
  });
  return {
    page: heading + tables.join(""),
    missing: rows.filter((row) => row.sentence === "").map(({ file }) => file),
  };
}

/**
 * Returns one sentence about a file; "" when there is none.
 *
 * @param {string} file
 */
function sentenceOf(file) {
  if (file.endsWith(".ts")) return sentenceOfText(file, readFileSync(file, "utf8"));
  const header = file.replace(/\.cc$/, ".h");
  return firstSentence(firstComment(readFileSync(file, "utf8")) || firstComment(readFileSync(header, "utf8")));
}

/**
 * Returns the sentence about a TypeScript file from its text.
 *
 * @param {string} file
 * @param {string} text
 */
export function sentenceOfText(file, text) {
  return firstSentence(mainDocstring(parseText(file, text)));
}

/**
 * The sentence is that of the export with the file's name; else of the comment at the beginning of the file; else of the first export
 * that is neither a constant nor an interface of options; else of the first export, or of the module.
 *
 * @param {ts.SourceFile} source
 */
function mainDocstring(source) {
  const named = bare(basename(source.fileName, ".ts"));
  const exported = source.statements
    .filter((statement) => ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(isExport))
    .flatMap((statement) => namesOf(statement).map((name) => ({ name, text: docstringOf(statement) })))
    .filter(({ text }) => text !== "");
  return (
    exported.find(({ name }) => bare(name) === named)?.text ||
    firstComment(source.text) ||
    exported.find(({ name }) => !/^[A-Z\d_]+$|Options$/.test(name))?.text ||
    exported[0]?.text ||
    firstDocstring(source) ||
    ""
  );
}

/** @param {ts.ModifierLike} modifier */
function isExport({ kind }) {
  return kind === ts.SyntaxKind.ExportKeyword;
}

/** @param {ts.Statement} statement */
function namesOf(statement) {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return isNamed && statement.name !== undefined ? [statement.name.text] : [];
}

/**
 * Removes from a name what differs between a file and its export: `create-server`, `create_server`, `createServer`.
 *
 * @param {string} name
 */
function bare(name) {
  return name.replace(/[-_]/g, "").toLowerCase();
}

/**
 * Returns the comment of the module itself, above its re-exports.
 *
 * @param {ts.SourceFile} source
 */
function firstDocstring({ statements: [first] }) {
  return first !== undefined && (ts.isExportDeclaration(first) || ts.isImportDeclaration(first))
    ? docstringOf(first)
    : undefined;
}

/** @param {string} text */
function firstComment(text) {
  const lines = text.replace(/^#!.*\n/, "").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return textOfComment(lines.slice(0, end)).replace(/^\w+: (\w)/, (_, letter) => letter.toUpperCase());
}

/** @param {string} file */
function testOf(file) {
  const test = file.endsWith(".ts") ? file.replace(/^src\//, "test/unit/").replace(/\.ts$/, ".test.ts") : undefined;
  return test !== undefined && existsSync(test) ? `[\`${basename(test)}\`](../../${test})` : "–";
}
