// README.zh-CN.md is README.md in Chinese, heading by heading, program by program, row by row.
import { expect, test } from "vitest";
import { codeBlocks } from "./code-blocks.ts";
import { codeIn, read, readme, tables } from "./pages.ts";

const english = read(readme.english);
const chinese = read(readme.chinese);

function headings(text: string): string[] {
  const prose = text.replace(/^```.*?^```$/gms, "");
  return [...prose.matchAll(/^(#+) /gm)].map(([, level = ""]) => level);
}

/** A comment may be translated; the output of a program, and the name of one, may not. */
function code(page: string): (readonly [language: string, code: string])[] {
  return codeBlocks(page).map(({ language, code }) => [language, code.replace(/(\S +)(?:\/\/(?! =>)|#) .*$/gm, "$1…")]);
}

test("the headings are the same in number and level", () => {
  expect(headings(english).length).toBeGreaterThan(5);
  expect(headings(chinese)).toEqual(headings(english));
});

test("the blocks of code are the same but for comments", () => {
  expect(code(readme.english).length).toBeGreaterThan(3);
  expect(code(readme.chinese)).toEqual(code(readme.english));
});

test("the tables have the same rows, with the same code in each cell", () => {
  const shape = (text: string): string[][][][] => tables(text).map((rows) => rows.map((cells) => cells.map(codeIn)));
  expect(shape(english).length).toBeGreaterThan(1);
  expect(shape(chinese)).toEqual(shape(english));
});

test("what exists in one language exists in the other", () => {
  const words: Readonly<Record<string, string>> = {
    有: "yes",
    "有，但要自己编码": "yes, but you encode them",
    尚无: "not yet",
  };
  const states = (text: string): string[] =>
    tables(text)
      .at(-1)
      ?.map(([, state = ""]) => state)
      .slice(1) ?? [];
  expect(states(chinese).map((state) => words[state])).toEqual(states(english));
});
