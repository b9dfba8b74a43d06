// A page in Chinese is the page in English, heading by heading, program by program, row by row.
import { describe, expect, test } from "vitest";
import { codeBlocks } from "./code-blocks.ts";
import { below, codeIn, read, readme, tables } from "./pages.ts";

const inChinese = below("docs", ".zh-CN.md");
const translated: readonly (readonly [english: string, chinese: string])[] = [
  [readme.english, readme.chinese],
  ...inChinese.map((page) => [page.replace(".zh-CN", ""), page] as const),
];

test("the page about socketserver is translated", () => {
  expect(inChinese).toContain("docs/guides/socketserver.zh-CN.md");
});

function headings(text: string): string[] {
  const prose = text.replace(/^```.*?^```$/gms, "");
  return [...prose.matchAll(/^(#+) /gm)].map(([, level = ""]) => level);
}

/** A comment may be translated; the output of a program, and the name of one, may not. */
function code(page: string): (readonly [language: string, code: string])[] {
  return codeBlocks(page).map(({ language, code }) => [language, code.replace(/(\S +)(?:\/\/(?! =>)|#) .*$/gm, "$1…")]);
}

describe.each(translated)("%s, and %s", (englishPage, chinesePage) => {
  const english = read(englishPage);
  const chinese = read(chinesePage);

  test("the headings are the same in number and level", () => {
    expect(headings(english).length).toBeGreaterThan(5);
    expect(headings(chinese)).toEqual(headings(english));
  });

  test("the blocks of code are the same but for comments", () => {
    expect(code(englishPage).length).toBeGreaterThan(3);
    expect(code(chinesePage)).toEqual(code(englishPage));
  });

  test("the tables have the same rows, with the same code in each cell", () => {
    const shape = (text: string): string[][][][] => tables(text).map((rows) => rows.map((cells) => cells.map(codeIn)));
    expect(shape(english).length).toBeGreaterThan(1);
    expect(shape(chinese)).toEqual(shape(english));
  });
});

test("what exists in one language exists in the other", () => {
  const words: Readonly<Record<string, string>> = {
    已支持: "yes",
    "已支持，但需自行编码": "yes, but you encode them",
    暂不支持: "not yet",
  };
  const states = (page: string): string[] =>
    tables(read(page))
      .at(-1)
      ?.map(([, state = ""]) => state)
      .slice(1) ?? [];
  expect(states(readme.chinese).map((state) => words[state])).toEqual(states(readme.english));
});
