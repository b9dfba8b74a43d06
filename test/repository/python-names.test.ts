// The tables of Python's names in docs/guides/from-python-sockets.md: they have each name that the running Python has, what they call
// the same exists here, with the same value, and what they call not offered does not.
import { describe, expect, test } from "vitest";
import {
  matches,
  ourNames,
  PYTHON_VERSION,
  pageWithTables,
  pythonNames,
  runningPython,
  tablePage,
  verdictOn,
} from "../../scripts/python-names.mjs";
import { verdicts } from "../../scripts/python-verdicts.mjs";
import * as sockwright from "../../src/index.ts";
import { requireTool } from "../support/tools.ts";
import { codeIn, read, section, tables } from "./pages.ts";
import { publicSymbols } from "./public-symbols.ts";

const page = read(tablePage);
const names = pythonNames();
const ours = ourNames();

interface Row {
  readonly names: readonly string[];
  readonly state: string;
  readonly why: string;
}

/** The rows of a table; those about a class of socketserver begin with its name. */
function rowsOf(heading: string): Row[] {
  const [[, ...rows] = []] = tables(section(page, heading));
  return rows.map(([cell = "", state = "", why = ""]) => {
    const owner = /^`(\w+)`: /.exec(cell)?.[1];
    const listed = codeIn(cell).slice(owner === undefined ? 0 : 1);
    return { names: listed.map((name) => (owner === undefined ? name : `${owner}.${name}`)), state, why };
  });
}

/** Each table: where its names are in Python, and what their symbols are called here. */
const parts: readonly (readonly [heading: string, python: string, entry: string, prefix: string])[] = [
  ["### The functions and classes of `socket`", "socket.", "src/index.ts", ""],
  ["### Of a socket: `socket.socket`", "socket.socket.", "src/index.ts", "Socket."],
  ["### Of a file: what `makefile` gives", "socket.socket.makefile().", "src/index.ts", "SocketFile."],
  ["### The constants of `socket`", "socket.", "src/index.ts", ""],
  ["### `socketserver`", "socketserver.", "src/socketserver.ts", ""],
  ["### Of the classes of `socketserver`", "socketserver.", "src/socketserver.ts", ""],
];

const rows = parts.flatMap(([heading, python, entry, prefix]) =>
  rowsOf(heading).flatMap((row) =>
    row.names.map((name) => ({
      name: `${python}${name}`,
      // A mixin is a function here: its members are those of a class that it makes.
      here: `${prefix}${name}`.replace(/^(Threading|Forking)MixIn\./, "$1TCPServer."),
      entry,
      ...row,
    })),
  ),
);

const exported = new Map(
  ["src/index.ts", "src/socketserver.ts"].map((entry) => [
    entry,
    new Set(
      publicSymbols(entry)
        .filter(({ kind }) => kind !== "type")
        .map(({ name }) => name),
    ),
  ]),
);

describe("the tables", () => {
  test("have every name of Python, once", () => {
    expect(rows.length).toBeGreaterThan(500);
    expect(rows.map(({ name }) => name).sort()).toEqual(names.map(({ name }) => name).sort());
  });

  test("are of the Python that runs here", (context) => {
    const { version, lines } = runningPython(requireTool(context, "python3"));
    if (version !== PYTHON_VERSION && process.env["SOCKWRIGHT_REQUIRE_TOOLS"] !== "1")
      context.skip(`this python3 is ${version}, and the tables are of ${PYTHON_VERSION}`);
    expect(version, `the tables are of Python ${PYTHON_VERSION}: make it the python3 of the PATH`).toBe(PYTHON_VERSION);
    const known = names.map(({ name, value }) => (value === undefined ? name : `${name} ${value}`));
    expect(lines.filter((line) => !known.includes(line))).toEqual([]);
  });

  test("are what scripts/python-names.mjs writes", () => {
    expect(page).toBe(pageWithTables());
  });

  test("know three answers, and a reason for two of them", () => {
    expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(["same", "different", "not offered"]));
    expect(rows.filter(({ state, why }) => (why === "") !== (state === "same"))).toEqual([]);
    expect(names.filter((name) => verdictOn(name, ours) === undefined)).toEqual([]);
  });
});

describe("what the tables say", () => {
  test("is the same exists here under its name", () => {
    const missing = rows.filter(({ state, entry, here }) => state === "same" && !exported.get(entry)?.has(here));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  test("is a constant and the same has the same value", () => {
    const values = new Map(names.map(({ name, value }) => [name, value]));
    const constants = rows.filter(({ name, state }) => state === "same" && values.get(name) !== undefined);
    expect(constants.length).toBeGreaterThan(150);
    const here = new Map<string, unknown>(Object.entries(sockwright));
    expect(constants.filter(({ name, here: own }) => here.get(own) !== values.get(name))).toEqual([]);
  });

  test("is different exists under its name, or under the one that is given first", () => {
    const lost = rows
      .filter(({ state }) => state === "different")
      .filter(({ entry, here, why }) => {
        const [instead = ""] = codeIn(why);
        const owner = here.includes(".") ? here.replace(/\w+$/, "") : "";
        const other = /^\w+/.exec(instead)?.[0] ?? "";
        return ![here, `${owner}${other}`, other].some((name) => exported.get(entry)?.has(name));
      });
    expect(lost.map(({ name }) => name)).toEqual([]);
  });

  test("is not offered does not exist here", () => {
    const there = rows.filter(({ state, entry, here }) => state === "not offered" && exported.get(entry)?.has(here));
    expect(there.map(({ name }) => name)).toEqual([]);
  });

  test("has no verdict about what Python does not have", () => {
    const idle = Object.keys(verdicts).filter((key) => !names.some(({ name }) => matches(key, name)));
    expect(idle).toEqual([]);
  });
});
