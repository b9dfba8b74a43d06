// The blocks of code that the other tests check are found in every form that Markdown has for them.
import { describe, expect, test } from "vitest";
import { blocksOfText, type CodeBlock, isPython, isScript } from "./code-blocks.ts";

const found = (text: string, file = "a.md"): (readonly [line: number, language: string, code: string])[] =>
  blocksOfText(file, text).map(({ line, language, code }) => [line, language, code]);

describe("a block of code is found", () => {
  test.for<[how: string, text: string, block: [line: number, language: string, code: string]]>([
    ["with backticks", "Text.\n```ts\na;\n\n  b;\n```\n", [3, "ts", "a;\n\n  b;"]],
    ["with tildes", "~~~ts\na;\n~~~\n", [2, "ts", "a;"]],
    ["with a longer fence around a shorter one", "````md\n```ts\n```\n````\n", [2, "md", "```ts\n```"]],
    ["with a fence that ends longer", "```ts\na;\n`````\n", [2, "ts", "a;"]],
    ["with tildes around backticks", "~~~md\n```\n~~~\n", [2, "md", "```"]],
    ["with spaces around its language", "``` ts \na;\n``` \n", [2, "ts", "a;"]],
    ["with an indented fence", "1. Text.\n\n   ```ts\n   a;\n     b;\n   ```\n", [4, "ts", "a;\n  b;"]],
    ["in an item of a list", "- ```ts\n  a;\n  ```\n", [2, "ts", "a;"]],
    ["in a quotation", "> ```ts\n> a;\n>\n>   b;\n> ```\n", [2, "ts", "a;\n\n  b;"]],
    ["in a quotation that ends it", "> ```ts\n> a;\nText.\n", [2, "ts", "a;"]],
    ["with a comparison", "```sh\n> file\n```\n", [2, "sh", "> file"]],
    ["with CRLF", "Text.\r\n```ts\r\na;\r\n```\r\n", [3, "ts", "a;"]],
    ["with its language in capitals", "```TS\na;\n```\n", [2, "ts", "a;"]],
  ])("%s", ([, text, block]) => {
    expect(found(text)).toEqual([block]);
  });

  test("in a docstring, also with CRLF and with tildes", () => {
    const docstring = "/**\n * F.\n *\n * ~~~ts\n * a;\n * ~~~\n */\nexport function f() {}\n";
    expect(found(docstring, "a.ts")).toEqual([[5, "ts", "a;"]]);
    expect(blocksOfText("a.ts", docstring.replaceAll("\n", "\r\n"))[0]?.owner).toBe("f");
  });
});

test("backticks around words are no fence", () => {
  expect(found("```ts``` begins a block\n")).toEqual([]);
});

test("a block that does not end is an error", () => {
  expect(() => found("```ts\na;\n~~~\n``\n")).toThrow("a.md:2 has a block of code that does not end");
});

const inLanguage = (language: string): CodeBlock => ({ file: "a.md", line: 1, language, code: "", owner: undefined });

test.for([
  ["TypeScript or JavaScript", isScript, "ts tsx cts mts js jsx cjs mjs typescript javascript", "json jsonc text tsv"],
  ["Python", isPython, "py python python3", "pyproject text ts"],
] as const)("%s has several names", ([, is, names, others]) => {
  expect(names.split(" ").filter((language) => !is(inLanguage(language)))).toEqual([]);
  expect(others.split(" ").filter((language) => is(inLanguage(language)))).toEqual([]);
  expect(is(inLanguage(`${names.split(" ")[0]} title`))).toBe(true);
});
