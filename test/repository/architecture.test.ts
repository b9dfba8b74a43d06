// ARCHITECTURE.md and the pages of docs/internals/ name files, folders, functions and decisions: they exist.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { below, codeIn, read, root, section, tables } from "./pages.ts";

const architecture = read("ARCHITECTURE.md");
const pathOfAByte = "docs/internals/path-of-a-byte.md";

/** A path from the root of the repository, as a page writes it; folders end in a slash. */
const path = /^(?:(?:native|src|test|bench|examples|scripts|docs)\/[\w./-]*|\.dependency-cruiser\.cjs)$/;

function prose(text: string): string {
  return text.replace(/```.*?```/gs, "");
}

/** The generated pages have tests of their own. */
const generated = ["files.md", "limits.md", "conformance.md"].map((page) => `docs/internals/${page}`);
const internals = below("docs/internals", ".md").filter((page) => !generated.includes(page));

test.for([
  ["ARCHITECTURE.md", 40],
  ["docs/internals/layers.md", 20],
  ["docs/internals/path-of-a-byte.md", 20],
  ["docs/internals/ownership.md", 2],
  ["docs/internals/errors.md", 10],
  ["docs/internals/decisions.md", 40],
] as const)("%s: every path that it names exists", ([page, least]) => {
  const named = codeIn(prose(read(page))).filter((code) => path.test(code));
  expect(named.length).toBeGreaterThan(least);
  expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
});

test("every page of docs/internals/ is checked here, or is generated", () => {
  const checked = ["decisions", "errors", "layers", "ownership", "path-of-a-byte"];
  expect(internals.sort()).toEqual(checked.map((page) => `docs/internals/${page}.md`));
});

describe("ARCHITECTURE.md", () => {
  test("is short, and so are its lines", () => {
    const lines = architecture.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(150);
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
  });

  test("has a row for every folder of src/", () => {
    const [[, ...rows] = []] = tables(section(architecture, "## Folders"));
    const listed = rows.flatMap(([folders = ""]) => codeIn(folders));
    const used = new Set(below("src").map((file) => file.replace(/[^/]+$/, "")));
    expect(used.size).toBeGreaterThan(25);
    expect([...used].filter((folder) => folder !== "src/" && !listed.includes(folder))).toEqual([]);
  });

  test("names the entries of the package", () => {
    const entries = below("src").filter((file) => /^src\/[^/]+$/.test(file));
    expect(entries.filter((entry) => !codeIn(section(architecture, "## Folders")).includes(entry))).toEqual([]);
  });

  test("has a row for every folder of test/, and for no other", () => {
    const [[, ...rows] = []] = tables(section(architecture, "## Tests"));
    const listed = rows.flatMap(([folders = ""]) => codeIn(folders)).map((folder) => `test/${folder}`);
    const there = readdirSync(join(root, "test"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(listed.sort()).toEqual(there.map(({ name }) => `test/${name}/`).sort());
  });

  test("draws the layers whose arrows are checked", () => {
    const drawn = section(architecture, "## Layers");
    const picture = read("docs/pictures/layers.svg");
    const levels = /const levels = (\[.*?\n\]);/s.exec(read(".dependency-cruiser.cjs"))?.[1] ?? "";
    const layers = [...levels.matchAll(/"(\w+)"/g)].map(([, layer = ""]) => layer);
    expect(layers.length).toBeGreaterThan(8);
    const [, chain = ""] = /^(cli → .*) → the addon$/m.exec(drawn) ?? [];
    expect(chain.split(" → ").reverse()).toEqual(layers.filter((layer) => layer !== "socketserver"));
    expect(layers.filter((layer) => !picture.includes(`<tspan class="name">${layer}</tspan>`))).toEqual([]);
  });

  test("has ten words in its glossary", () => {
    const [[, ...rows] = []] = tables(section(architecture, "## Glossary"));
    expect(rows).toHaveLength(10);
  });
});

interface Hop {
  readonly file: string;
  readonly name: string;
}

/** What is numbered, and of that the functions: "1. `file` `function`: …". */
function hopsOf(text: string): { readonly numbered: number; readonly functions: readonly Hop[] } {
  const items = [...text.matchAll(/^\d+\. (.*)$/gm)].map(([, item = ""]) => item);
  const functions = items.flatMap((item) => {
    const [, file, name] = /^`([\w./-]+)` `(#?\w+)`: /.exec(item) ?? [];
    return file === undefined || name === undefined ? [] : [{ file, name }];
  });
  return { numbered: items.length, functions };
}

describe("hops", () => {
  test.for([
    ["ARCHITECTURE.md", section(architecture, "## The path of one byte"), 12],
    [pathOfAByte, read(pathOfAByte), 26],
    ["docs/internals/layers.md", section(read("docs/internals/layers.md"), "## From accept to service"), 4],
  ] as const)("%s: each names a function that its file has", ([, text, least]) => {
    const { functions } = hopsOf(text);
    expect(functions.length).toBeGreaterThanOrEqual(least);
    expect(functions.filter(({ file, name }) => !new RegExp(`(?<!\\w)${name}\\b`).test(read(file)))).toEqual([]);
  });

  test("the short path is a part of the full one, at most 15 hops of functions", () => {
    const { numbered, functions } = hopsOf(section(architecture, "## The path of one byte"));
    const full = hopsOf(read(pathOfAByte)).functions;
    expect(numbered).toBeLessThanOrEqual(15);
    expect(functions).toHaveLength(numbered);
    expect(functions.filter((hop) => !full.some(({ file, name }) => file === hop.file && name === hop.name))).toEqual(
      [],
    );
  });
});

describe("docs/internals/decisions.md", () => {
  const text = read("docs/internals/decisions.md");
  const numbers = [...text.matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number));

  test("has numbers without gaps, each with a reason and a source", () => {
    expect(numbers.length).toBeGreaterThan(40);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const decisions = text.split(/^## /m).slice(1);
    const bare = decisions.filter(
      (decision) => !/^\*\*Reason\.\*\* /m.test(decision) || !/^\*\*Source\.\*\* /m.test(decision),
    );
    expect(bare.map((decision) => decision.split("\n")[0])).toEqual([]);
  });

  test("has every decision that a comment cites", () => {
    const files = [...below("src"), ...[".cc", ".h"].flatMap((ending) => below("native", ending))];
    const cited = files.flatMap((file) =>
      [...read(file).matchAll(/\bdecision (\d+)/gi)].map(([, number]) => ({ file, number: Number(number) })),
    );
    expect(cited.filter(({ number }) => !numbers.includes(number))).toEqual([]);
  });
});
