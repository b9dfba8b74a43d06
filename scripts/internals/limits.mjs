// Makes docs/internals/limits.md: every limit of src/ and native/, its value, its meaning and its test.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { docstringOf, filesBelow, firstParagraph, parse, textOfComment } from "./docstring.mjs";

/** @typedef {{ name: string, file: string, value: number | string, meaning: string }} Limit - a value that is computed is a string of code */
/** @typedef {Readonly<Record<string, Readonly<Record<string, string>>>>} LimitTests by file, then by name */

export const limitsPage = "docs/internals/limits.md";
const limitTestsFile = "test/repository/limit-tests.json";

const heading = `# Limits

Every buffer, queue, count and wait has a named limit: here they are, with the test of each. What a user of a server can set
is in [Limits](../guides/limits.md).

This page is generated: \`npm run internals\` writes it from the docstrings of the constants and from
\`${limitTestsFile}\`, which names the test of each limit, or says why there is none. The queues of calls of a socket
have no limit: their length is the number of calls that the program itself has pending.
`;

/** Names of limits: a bound, or a quantity with its unit. */
const limitName =
  /^(?:MAX|MIN|DEFAULT|LONGEST)_|_(?:MS|SECONDS|BYTES|PER_TURN|MESSAGES|LINES|SAMPLES|BACKLOG|LIMIT|CAPACITY|RETRIES|TIMEOUT)$/;

/** Names of limits in C++. */
const nativeLimitName = /^k(?:Max|Min)(?:[A-Z]|$)|^k\w*(?:Limit|Budget\w*|Bits|Bytes|Ms|Ns|Capacity|Retries|Timeout)$/;

/** Names that look like limits and are not: sizes of C structures and of texts, a rounding error, an empty buffer, and units. */
const notLimits = [
  ...["SOCKADDR_BYTES", "VERSION_BYTES", "HEADER_BYTES", "ROUNDING_MS", "NO_BYTES"],
  ...["SECOND_MS", "MINUTE_MS", "HOUR_MS", "DAY_MS"],
];

/** The constants of the kernel are not limits of this package, except those in the list of tests. */
const kernelConstants = "src/socket/constants.ts";

/** @returns {{ page: string, wrong: string[] }} the page, and the problems of limits and of the list of tests. */
export function makeLimitsPage() {
  const tests = limitTests();
  const limits = allLimits(tests);
  const rows = limits.map(({ name, file, value, meaning }) => {
    const { path, how } = testOf(tests[file]?.[name] ?? "");
    const shown =
      path === "" ? `none: ${how}` : `[\`${path.slice("test/".length)}\`](../../${path})${how && `, ${how}`}`;
    return `| \`${name}\` | ${typeof value === "string" ? `\`${value}\`` : amountText(name, value)} | ${meaning} | \`${file}\` | ${shown} |\n`;
  });
  const table = `\n| limit | value | bounds | file | test |\n|---|---|---|---|---|\n${rows.join("")}`;
  return { page: heading + table, wrong: wrongIn(limits, tests) };
}

/** @returns {LimitTests} */
function limitTests() {
  return JSON.parse(readFileSync(limitTestsFile, "utf8"));
}

/**
 * @param {LimitTests} tests
 * @returns {Limit[]}
 */
function allLimits(tests) {
  return [
    ...filesBelow("native", [".cc", ".h"]).flatMap((file) => nativeLimitsOf(file, readFileSync(file, "utf8"))),
    ...filesBelow("src", [".ts"]).flatMap((file) => limitsOf(parse(file), Object.keys(tests[file] ?? {}))),
  ];
}

/**
 * Returns the problems that prevent writing the page, one sentence each.
 *
 * @param {readonly Limit[]} limits
 * @param {LimitTests} tests
 */
export function wrongIn(limits, tests) {
  const listed = Object.entries(tests).flatMap(([file, named]) =>
    Object.entries(named).map(([name, test]) => ({ file, name, test })),
  );
  return [
    ...limits.filter(({ meaning }) => meaning === "").map(({ file, name }) => `${file}: ${name} has no docstring`),
    ...limits
      .filter(({ file, name }) => (tests[file]?.[name] ?? "") === "")
      .map(({ file, name }) => `${limitTestsFile} names no test of ${name} in ${file}`),
    ...listed
      .filter(({ file, name }) => !limits.some((limit) => limit.file === file && limit.name === name))
      .map(({ file, name }) => `${limitTestsFile} names ${name}, and ${file} has no such limit`),
    ...listed
      .filter(({ test }) => testOf(test).path !== "" && !existsSync(testOf(test).path))
      .map(({ test }) => `${limitTestsFile} names ${testOf(test).path}, which does not exist`),
    ...limits
      .filter((limit) => !isMentioned(limit, testOf(tests[limit.file]?.[limit.name] ?? "")))
      .map(
        ({ file, name }) => `the test of ${name} in ${file} has neither its name nor its value: say how it tests it`,
      ),
  ];
}

/**
 * Parses an entry: `test/a.test.ts`, `test/a.test.ts: how it tests the limit`, or the reason why there is no test.
 *
 * @param {string} entry
 */
function testOf(entry) {
  if (!entry.startsWith("test/")) return { path: "", how: entry };
  const [path = "", how = ""] = entry.split(": ");
  return { path, how };
}

/**
 * Returns whether the test contains the limit's name, the name of its option, or its value; if not, the list must say how it is tested.
 *
 * @param {Limit} limit
 * @param {{ path: string, how: string }} test
 */
function isMentioned({ name, value }, { path, how }) {
  if (path === "" || how !== "" || !existsSync(path)) return true;
  const text = readFileSync(path, "utf8");
  const snake = name.replace(/^DEFAULT_/, "").toLowerCase();
  const camel = snake.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  const words = [name, snake, camel, camel.replace(/^(?:max|min)(\w)/, (_, letter) => letter.toLowerCase())];
  return words.some((word) => text.includes(word)) || numbersIn(text).some((number) => isNear(number, Number(value)));
}

/**
 * Parses `16_384`, `64 * 1024` or `0x7fffffff`.
 *
 * @param {string} text
 */
function numbersIn(text) {
  const products = text.match(/\b\d[\d_]*(?: \* \d[\d_]*)*\b|\b0x[\da-f]+\b/g) ?? [];
  return products.map((product) =>
    product.split(" * ").reduce((result, factor) => result * Number(factor.replaceAll("_", "")), 1),
  );
}

/**
 * Returns whether a number is the limit, one more or one less, or the limit in a larger unit.
 *
 * @param {number} number
 * @param {number} value
 */
function isNear(number, value) {
  return Math.abs(number - value) <= 1 || [1_000, 1_024, 1_024 ** 2].some((unit) => number * unit === value);
}

/**
 * Returns the limits of a TypeScript file: constants at its top level and static fields of its classes. A value that cannot be
 * computed here is shown as its code; a text, an object or a function is no limit.
 *
 * @param {ts.SourceFile} source
 * @param {readonly string[]} others - constants whose names do not look like limits.
 * @returns {Limit[]}
 */
export function limitsOf(source, others) {
  return constantsOf(source).flatMap(({ name, initializer, meaning }) => {
    const isNamed = limitName.test(name) && !notLimits.includes(name) && source.fileName !== kernelConstants;
    if (!isNamed && !others.includes(name)) return [];
    if (!mayBeNumber(initializer)) return [];
    return [{ name, file: source.fileName, value: numberOf(initializer, source) ?? initializer.getText(), meaning }];
  });
}

/** @param {ts.Expression} expression */
function mayBeNumber(expression) {
  const inner = withoutTypes(expression);
  const others = [ts.isStringLiteralLike, ts.isTemplateExpression, ts.isObjectLiteralExpression, ts.isNewExpression];
  const values = [
    ts.isArrayLiteralExpression,
    ts.isRegularExpressionLiteral,
    ts.isArrowFunction,
    ts.isFunctionExpression,
  ];
  const isBoolean = inner.kind === ts.SyntaxKind.TrueKeyword || inner.kind === ts.SyntaxKind.FalseKeyword;
  return !isBoolean && ![...others, ...values].some((is) => is(inner));
}

/**
 * Returns the expression without `as`, `satisfies` and parentheses.
 *
 * @param {ts.Expression} expression
 * @returns {ts.Expression}
 */
function withoutTypes(expression) {
  const isWrapped =
    ts.isAsExpression(expression) || ts.isSatisfiesExpression(expression) || ts.isParenthesizedExpression(expression);
  return isWrapped ? withoutTypes(expression.expression) : expression;
}

/** @param {ts.SourceFile} source */
function constantsOf(source) {
  return source.statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.flatMap((declaration) => constantOf(declaration, statement));
    }
    if (!ts.isClassDeclaration(statement)) return [];
    return statement.members.filter(isStaticField).flatMap((member) => constantOf(member, member));
  });
}

/**
 * @param {ts.ClassElement} member
 * @returns {member is ts.PropertyDeclaration}
 */
function isStaticField(member) {
  return (
    ts.isPropertyDeclaration(member) &&
    (member.modifiers ?? []).some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword)
  );
}

/**
 * @param {ts.VariableDeclaration | ts.PropertyDeclaration} declaration
 * @param {ts.Node} documented - the node with the docstring.
 * @returns {{ name: string, initializer: ts.Expression, meaning: string }[]}
 */
function constantOf({ name, initializer }, documented) {
  if (initializer === undefined) return [];
  const meaning = firstParagraph(docstringOf(documented));
  return valuesOf(name, initializer)
    .filter((constant) => /^#?[A-Z][A-Z\d_]*$/.test(constant.name))
    .map((constant) => ({ ...constant, name: constant.name.replace("#", ""), meaning }));
}

/**
 * Returns the names of a declaration, each with its value: `A`, `#A`, `[A, B]` or `{ A }`. A value that the literal does not show
 * is the whole expression.
 *
 * @param {ts.PropertyName | ts.BindingName} name
 * @param {ts.Expression} initializer
 * @returns {{ name: string, initializer: ts.Expression }[]}
 */
function valuesOf(name, initializer) {
  if (ts.isIdentifier(name) || ts.isPrivateIdentifier(name)) return [{ name: name.text, initializer }];
  const value = withoutTypes(initializer);
  if (ts.isArrayBindingPattern(name)) {
    return name.elements.flatMap((element, place) => {
      if (ts.isOmittedExpression(element)) return [];
      const given = ts.isArrayLiteralExpression(value) ? value.elements[place] : undefined;
      return valuesOf(element.name, given ?? initializer);
    });
  }
  if (!ts.isObjectBindingPattern(name)) return [];
  return name.elements.flatMap((element) => {
    const key = (element.propertyName ?? element.name).getText();
    const properties = ts.isObjectLiteralExpression(value) ? value.properties : [];
    const given = properties.find((property) => property.name?.getText() === key);
    const isGiven = given !== undefined && ts.isPropertyAssignment(given);
    return valuesOf(element.name, isGiven ? given.initializer : initializer);
  });
}

/** @type {Readonly<Partial<Record<ts.SyntaxKind, (left: number, right: number) => number>>>} */
const operators = {
  [ts.SyntaxKind.PlusToken]: (left, right) => left + right,
  [ts.SyntaxKind.MinusToken]: (left, right) => left - right,
  [ts.SyntaxKind.AsteriskToken]: (left, right) => left * right,
  [ts.SyntaxKind.SlashToken]: (left, right) => left / right,
  [ts.SyntaxKind.AsteriskAsteriskToken]: (left, right) => left ** right,
  [ts.SyntaxKind.LessThanLessThanToken]: (left, right) => left * 2 ** right,
  [ts.SyntaxKind.BarToken]: (left, right) => Number(BigInt(left) | BigInt(right)),
};

/**
 * Returns the value of a constant expression: arithmetic on literals and on other constants, also imported ones.
 *
 * @param {ts.Expression} expression
 * @param {ts.SourceFile} source
 * @returns {number | undefined}
 */
function numberOf(expression, source) {
  if (ts.isNumericLiteral(expression)) return Number(expression.text);
  if (ts.isBigIntLiteral(expression)) return Number(expression.text.replace(/n$/, ""));
  const inner = withoutTypes(expression);
  if (inner !== expression) return numberOf(inner, source);
  if (ts.isPrefixUnaryExpression(expression) && expression.operator === ts.SyntaxKind.MinusToken) {
    const value = numberOf(expression.operand, source);
    return value === undefined ? undefined : -value;
  }
  if (expression.getText() === "Number.MAX_SAFE_INTEGER") return Number.MAX_SAFE_INTEGER;
  if (ts.isIdentifier(expression)) return numberNamed(expression.text, source);
  if (!ts.isBinaryExpression(expression)) return undefined;
  const [left, right] = [numberOf(expression.left, source), numberOf(expression.right, source)];
  const operator = operators[expression.operatorToken.kind];
  return left === undefined || right === undefined ? undefined : operator?.(left, right);
}

/**
 * @param {string} name
 * @param {ts.SourceFile} source
 * @returns {number | undefined}
 */
function numberNamed(name, source) {
  const own = constantsOf(source).find((constant) => constant.name === name);
  if (own !== undefined) return numberOf(own.initializer, source);
  for (const statement of source.statements.filter(ts.isImportDeclaration)) {
    const bindings = statement.importClause?.namedBindings;
    const imported =
      bindings !== undefined && ts.isNamedImports(bindings)
        ? bindings.elements.find((element) => element.name.text === name)
        : undefined;
    if (imported === undefined || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const file = join(dirname(source.fileName), statement.moduleSpecifier.text);
    return existsSync(file) ? numberExported((imported.propertyName ?? imported.name).text, parse(file)) : undefined;
  }
  return undefined;
}

/**
 * Returns a constant of a file, which may re-export it: `export { NAME } from "./file.ts"`.
 *
 * @param {string} name
 * @param {ts.SourceFile} source
 * @returns {number | undefined}
 */
function numberExported(name, source) {
  for (const { exportClause, moduleSpecifier } of source.statements.filter(ts.isExportDeclaration)) {
    const isThere =
      exportClause !== undefined &&
      ts.isNamedExports(exportClause) &&
      exportClause.elements.some((element) => element.name.text === name);
    if (isThere && moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier)) {
      return numberExported(name, parse(join(dirname(source.fileName), moduleSpecifier.text)));
    }
  }
  return numberNamed(name, source);
}

/**
 * A definition in C++: a constant with `=`, braces or parentheses, an enumerator or a macro; its value may begin in the next
 * line.
 */
const nativeDefinition = /(?:#define\s+(\w+)\s+|\b(k\w+)\s*(?:=(?!=)|\{|(\())\s*)([^;},\n]*)/g;

/**
 * Returns the limits of a C++ file, each with the comment above it or after it. A value that cannot be computed here is shown as
 * its code; a size of a structure is no limit.
 *
 * @param {string} file
 * @param {string} text
 * @returns {Limit[]}
 */
export function nativeLimitsOf(file, text) {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const [code = "", comment = ""] = line.split(/\s*\/\/ (.*)/);
    return [...code.matchAll(nativeDefinition)].flatMap(([, macro, constant, parenthesis, given = ""]) => {
      const name = macro ?? constant ?? "";
      const value = given.trim() || (lines[index + 1]?.replace(/;.*/, "").trim() ?? "");
      const expression = parenthesis === undefined ? value : value.replace(/\)$/, "");
      const isNamed = nativeLimitName.test(name) || (macro !== undefined && limitName.test(macro));
      if (!isNamed || expression.includes("sizeof")) return [];
      const above = lines.slice(0, index);
      const meaning =
        comment || textOfComment(above.slice(above.findLastIndex((other) => !/^\s*\/\//.test(other)) + 1));
      return [{ name, file, value: nativeNumber(expression, text), meaning: firstParagraph(meaning) }];
    });
  });
}

/**
 * Computes `1024 * 1024`, `1u << 28`, `2'000'000` or `kMaxA + 1`, whose operators mean the same in TypeScript; otherwise returns
 * the code.
 *
 * @param {string} expression
 * @param {string} text - of the file, for its other constants.
 * @returns {number | string}
 */
function nativeNumber(expression, text) {
  const plain = expression.replaceAll("'", "_").replaceAll(/(?<=\b(?:0x[\da-f_]+|\d[\d_]*))[ul]+\b/gi, "");
  const named = plain.replaceAll(/\bk\w+/g, (name) => {
    const [, value = name] = new RegExp(`\\b${name}\\s*=\\s*([^;]*);`).exec(text) ?? [];
    return value === name || value.includes(name) ? name : `(${nativeNumber(value, text)})`;
  });
  const [statement] = ts.createSourceFile("a.ts", `(${named})`, ts.ScriptTarget.Latest, true).statements;
  const source = statement?.getSourceFile();
  const isExpression = source !== undefined && statement !== undefined && ts.isExpressionStatement(statement);
  return (isExpression ? numberOf(statement.expression, source) : undefined) ?? expression;
}

/**
 * Returns a value with its unit: `64 KiB`, `1 000 ms`, `16 384`.
 *
 * @param {string} name
 * @param {number} value
 */
export function amountText(name, value) {
  if (/_MS$/.test(name)) return `${digits(value)} ms`;
  if (/_SECONDS$/.test(name)) return `${digits(value)} s`;
  if (/Ns$/.test(name)) return `${digits(value / 1e6)} ms`;
  if (!/BYTES|Bytes$/.test(name)) return digits(value);
  for (const [power, unit] of /** @type {const} */ ([
    [4, "TiB"],
    [3, "GiB"],
    [2, "MiB"],
    [1, "KiB"],
  ])) {
    if (value % 1024 ** power === 0) return `${digits(value / 1024 ** power)} ${unit}`;
  }
  return `${digits(value)} bytes`;
}

/** @param {number} value */
function digits(value) {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, " ");
}
