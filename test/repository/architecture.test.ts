// ARCHITECTURE.md names files, functions and limits: they exist, and none is missing.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { below, codeIn, read, root, section, tables } from "./pages.ts";

const text = read("ARCHITECTURE.md");

/** A path from the root of the repository, as the page writes it; folders end in a slash. */
const path = /^(?:(?:native|src|test|bench|examples|scripts)\/[\w./-]*|[\w.-]+\.(?:cc|h|ts|mjs|cjs|def|gyp))$/;

/** The folder of each section whose table lists files by their names alone. */
const folders: readonly (readonly [heading: string, folder: string])[] = [
  ["### The addon, `native/`", "native"],
  ["### The contract, `src/native/`", "src/native"],
  ["### Layer 1, `src/socket/`", "src/socket"],
  ["### Codecs, `src/codec/`", "src/codec"],
  ["### Layer 2, `src/server/`", "src/server"],
  ["### HTTP/1.1, `src/http/`", "src/http"],
  ["### Chat, `src/services/chat/`", "src/services/chat"],
  ["### The status page, `src/services/status/`", "src/services/status"],
  ["### The web server, `src/services/web/`", "src/services/web"],
  ["### The supervisor, `src/supervisor/`", "src/supervisor"],
  ["### Pages, `src/pages/`", "src/pages"],
  ["### Python's servers, `src/socketserver/`", "src/socketserver"],
  ["### The testing kit, `src/testing/`", "src/testing"],
  ["### The command, `src/cli/`", "src/cli"],
];

describe("files", () => {
  test("every path that is named exists", () => {
    const lists = folders.map(([heading]) => section(text, heading));
    const elsewhere = lists.reduce((rest, list) => rest.replace(list, ""), text);
    const named = codeIn(elsewhere.replace(/```.*?```/gs, "")).filter((code) => path.test(code) && !toCome(code));
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  test.for(folders)("%s: the table lists the files of %s, all of them", ([heading, folder]) => {
    const [[, ...rows] = []] = tables(section(text, heading));
    const listed = rows.flatMap(([files = ""]) => codeIn(files)).sort();
    const there = [".ts", ".cc", ".h", ".def"].flatMap((ending) => below(folder, ending));
    const own = there.filter((file) => !file.includes("/build/")).map((file) => file.slice(folder.length + 1));
    expect(listed).toEqual(own.sort());
  });

  test("every folder of src/ has its row in the house", () => {
    const [[, ...rows] = []] = tables(section(text, "## The house"));
    const house = rows.flatMap(([folder = ""]) => codeIn(folder));
    const used = new Set(
      below("src")
        .map((file) => file.replace(/[^/]+$/, ""))
        .filter((folder) => folder !== "src/"),
    );
    expect([...used].filter((folder) => !house.includes(folder))).toEqual([]);
  });
});

/** The folders of src/ that are named as not yet there. */
function toCome(code: string): boolean {
  const [, list = ""] = /^To come: (.*)$/m.exec(text) ?? [];
  return codeIn(list).includes(code);
}

test("the path of one byte: each hop names a function that its file has", () => {
  const hops = [...section(text, "## The path of one byte").matchAll(/^\d+\. (.*)$/gm)].map(([, hop = ""]) => hop);
  const places = hops.flatMap((hop) => {
    const [, file, name] = /^`([\w./-]+)` `(#?\w+)`: /.exec(hop) ?? [];
    return file === undefined || name === undefined ? [] : [{ file, name }];
  });
  expect(places.length).toBeGreaterThan(hops.length / 2);
  expect(places.filter(({ file, name }) => !new RegExp(`(?<!\\w)${name}\\b`).test(read(file)))).toEqual([]);
});

describe("the table of limits", () => {
  const [[, ...rows] = []] = tables(section(text, "## Limits"));
  const listed = rows.map(([limit = "", value = "", , file = ""]) => ({
    name: codeIn(limit)[0] ?? "",
    value,
    file: codeIn(file)[0] ?? "",
  }));

  test("has every named limit of src/, with its value and its file", () => {
    const defined = below("src").flatMap(limitsOf);
    expect(defined.length).toBeGreaterThan(15);
    const wrong = defined.filter(
      ({ name, value, file }) =>
        !listed.some((row) => row.name === name && row.file === file && amount(row.value) === value),
    );
    expect(wrong).toEqual([]);
  });

  test("has every named limit of native/", () => {
    const defined = below("native", ".h").flatMap((file) =>
      [...read(file).matchAll(/constexpr \w+ (k(?:Min|Max)[A-Z]\w*|k\w*(?:Limit|Budget\w*|Bits)) =/g)].map(
        ([, name = ""]) => ({ name, file }),
      ),
    );
    expect(defined.length).toBeGreaterThan(3);
    expect(defined.filter(({ name, file }) => !listed.some((row) => row.name === name && row.file === file))).toEqual(
      [],
    );
  });

  test("has none that its file does not have", () => {
    expect(listed.filter(({ name, file }) => !new RegExp(`\\b${name} = `).test(read(file)))).toEqual([]);
  });
});

/** Sizes of C's structures are no limits. */
const structures = ["SOCKADDR_BYTES", "HEADER_BYTES"];

function limitsOf(file: string): { name: string; value: number; file: string }[] {
  const constants = read(file).matchAll(/^(?:export )?const ([A-Z][A-Z0-9_]*) = ([\dxa-f_* ]+);$/gm);
  return [...constants]
    .map(([, name = "", factors = ""]) => ({ name, value: product(factors), file }))
    .filter(({ name }) => /_(?:MS|BYTES|PER_TURN)$|^(?:MAX|MIN)_/.test(name) && !structures.includes(name))
    .filter(() => file !== "src/socket/constants.ts");
}

/** `64 * 1024` */
function product(factors: string): number {
  return factors.split("*").reduce((result, factor) => result * Number(factor.replaceAll("_", "")), 1);
}

/** `2 147 483 647 ms`, `64 KiB` */
function amount(value: string): number | undefined {
  const [, digits, unit = ""] = /^([\d ]*\d)(?: (KiB|MiB|ms))?$/.exec(value) ?? [];
  const units: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 * 1024 };
  return digits === undefined ? undefined : Number(digits.replaceAll(" ", "")) * (units[unit] ?? 1);
}
