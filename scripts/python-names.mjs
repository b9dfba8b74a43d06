// Writes the table of Python's names in docs/guides/from-python-sockets.md. The public names of the modules socket and socketserver
// come from python3, ours from dist/, and the comments on names that differ from python-verdicts.mjs.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, env } from "node:process";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { verdicts } from "./python-verdicts.mjs";

/**
 * @typedef {{ readonly name: string, readonly value: number | undefined }} PythonName
 * @typedef {"same" | "different" | "not offered"} State
 * @typedef {{ readonly state: State, readonly why: string }} Verdict
 */

/** The version of Python whose names the table contains. */
export const PYTHON_VERSION = "3.11";
/** The file of its names, including those that only some builds have, depending on the headers at build time. */
export const namesFile = "scripts/python-3.11-names.txt";
export const tablePage = "docs/guides/from-python-sockets.md";

const BEGIN = "<!-- names: written by scripts/python-names.mjs -->\n";
const END = "<!-- end of names -->\n";
const root = fileURLToPath(new URL("../", import.meta.url));

/** @param {string} file */
const read = (file) => readFileSync(join(root, file), "utf8");

/**
 * Returns the version of a Python and the lines of its names.
 *
 * @param {string} program
 * @returns {{ version: string, lines: string[] }}
 */
export function runningPython(program) {
  const script = fileURLToPath(new URL("./python-names.py", import.meta.url));
  const { status, stdout, stderr, error } = spawnSync(program, ["-B", script], { encoding: "utf8" });
  if (error ?? status !== 0) throw error ?? new Error(stderr);
  const [version = "", ...lines] = stdout.trimEnd().split("\n");
  return { version, lines };
}

/** @returns {PythonName[]} the names in the committed file */
export function pythonNames() {
  return read(namesFile).trimEnd().split("\n").map(parseLine);
}

/**
 * @param {string} line
 * @returns {PythonName}
 */
function parseLine(line) {
  const [name = "", value] = line.split(" ");
  return { name, value: value === undefined ? undefined : Number(value) };
}

/**
 * Returns the name that the export would have here: `socket.recv` is the function, `socket.socket.recv` the method.
 *
 * @param {string} name
 */
export function counterpart(name) {
  return (
    name
      .replace("socket.socket.makefile().", "sockwright.SocketFile.")
      .replace("socket.socket.", "sockwright.Socket.")
      .replace(/^socket\./, "sockwright.")
      // A mixin is a function here; its members belong to the classes that are made with it.
      .replace(/^socketserver\.(Forking|Threading)MixIn\./, "socketserver.$1TCPServer.")
      .replace(/^socketserver\./, "sockwright/socketserver.")
  );
}

/**
 * Returns the exports of the built package, with the members of classes and the values of constants.
 *
 * @returns {Map<string, number | undefined>}
 */
export function ourNames() {
  const doors = { sockwright: "dist/index.d.ts", "sockwright/socketserver": "dist/socketserver.d.ts" };
  const program = ts.createProgram(
    Object.values(doors).map((file) => join(root, file)),
    { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, types: ["node"], noEmit: true, strict: true },
  );
  const checker = program.getTypeChecker();
  /** @type {Map<string, number | undefined>} */
  const names = new Map();
  for (const [door, file] of Object.entries(doors)) {
    const source = program.getSourceFile(join(root, file));
    const module = source && checker.getSymbolAtLocation(source);
    for (const exported of module ? checker.getExportsOfModule(module) : []) {
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
      const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
      const type = (symbol.flags & ts.SymbolFlags.Value) === 0 ? undefined : checker.getTypeOfSymbol(symbol);
      if (type === undefined) continue; // a type without a value is nothing that a program can call
      names.set(`${door}.${exported.name}`, type.isNumberLiteral() ? type.value : undefined);
      if ((symbol.flags & ts.SymbolFlags.Function) !== 0) continue;
      for (const signature of type.getConstructSignatures())
        for (const member of checker.getPropertiesOfType(signature.getReturnType()))
          names.set(`${door}.${exported.name}.${member.name}`, undefined);
    }
  }
  return names;
}

/**
 * Returns the table's entry for a name; undefined when python-verdicts.mjs has none.
 *
 * @param {PythonName} python
 * @param {ReadonlyMap<string, number | undefined>} ours
 * @returns {Verdict | undefined}
 */
export function verdictOn({ name, value }, ours) {
  const here = counterpart(name);
  const isThere = ours.has(here) && ours.get(here) === value;
  const pattern = Object.keys(verdicts).find((each) => !(isThere && each.endsWith("*")) && matches(each, name));
  if (pattern === undefined) return isThere ? { state: "same", why: "" } : undefined;
  const [, state, why = ""] = /^(different|not offered): (.+)$/.exec(verdicts[pattern] ?? "") ?? [];
  return { state: state === "different" ? "different" : "not offered", why };
}

/**
 * Returns whether a key of the verdicts matches the name: `socket.CAN_*` matches all names with that beginning.
 *
 * @param {string} pattern
 * @param {string} name
 */
export function matches(pattern, name) {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** @type {readonly (readonly [heading: string, lines: RegExp, owner: (name: string) => string])[]} */
const sections = [
  ["The functions and classes of `socket`", /^socket\.(?!BDADDR_)\w+$/, () => ""],
  ["Of a socket: `socket.socket`", /^socket\.socket\.\w+$/, () => ""],
  ["Of a file: what `makefile` gives", /^socket\.socket\.makefile\(\)\.\w+$/, () => ""],
  ["The constants of `socket`", /^socket\.\w+(?: -?\d+)?$/, (name) => name.replace(/^socket\.([^_]+).*$/, "$1")],
  ["`socketserver`", /^socketserver\.\w+$/, () => ""],
  ["Of the classes of `socketserver`", /^socketserver\.\w+\.\w+$/, (name) => `${name.split(".")[1]}`],
];

/**
 * Returns the tables. A name is in the first section that matches it, in one row with the names that have the same verdict.
 *
 * @param {readonly PythonName[]} names
 * @param {ReadonlyMap<string, number | undefined>} ours
 */
export function tables(names, ours) {
  let left = names;
  const written = sections.map(([heading, lines, ownerOf]) => {
    const isOfSection = /** @param {PythonName} python */ ({ name, value }) =>
      lines.test(value === undefined ? name : `${name} ${value}`);
    /** @type {Map<string, string[]>} */
    const rows = new Map();
    for (const each of left.filter(isOfSection)) {
      const owner = ownerOf(each.name);
      const { state, why } = verdictOn(each, ours) ?? { state: "not offered", why: "not yet" };
      const key = [owner, `${state} | ${why}`].join("\n");
      rows.set(key, [...(rows.get(key) ?? []), `\`${each.name.replace(/^.*\./, "")}\``]);
    }
    left = left.filter((each) => !isOfSection(each));
    const isClass = heading.includes("classes of `socketserver`");
    const cells = [...rows].map(([key, list]) => {
      const [owner, verdict] = key.split("\n");
      return `| ${isClass ? `\`${owner}\`: ` : ""}${list.join(", ")} | ${verdict} |`;
    });
    return `### ${heading}\n\n| Python | here | how, or why not |\n|---|---|---|\n${cells.join("\n")}\n`;
  });
  if (left.length > 0) throw new Error(`no section matches ${left.map(({ name }) => name).join(", ")}`);
  return written.join("\n").replaceAll("|  |", "| |");
}

/** Returns the page with the current tables. */
export function pageWithTables() {
  const [before = "", rest = ""] = read(tablePage).split(BEGIN);
  const [, after = ""] = rest.split(END);
  return `${before}${BEGIN}\n${tables(pythonNames(), ourNames())}\n${END}${after}`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const { version, lines } = runningPython(env["PYTHON"] ?? "python3");
  if (version !== PYTHON_VERSION) throw new Error(`python3 must be Python ${PYTHON_VERSION}, and is ${version}`);
  const known = existsSync(join(root, namesFile)) ? read(namesFile).trimEnd().split("\n") : [];
  writeFileSync(join(root, namesFile), `${[...new Set([...known, ...lines])].sort().join("\n")}\n`);
  writeFileSync(join(root, tablePage), pageWithTables());
  const ours = ourNames();
  const open = pythonNames().filter((name) => verdictOn(name, ours) === undefined);
  if (open.length > 0) {
    console.error(`python-verdicts.mjs has no verdict on ${open.map(({ name }) => name).join(", ")}`);
    process.exitCode = 1;
  }
}
