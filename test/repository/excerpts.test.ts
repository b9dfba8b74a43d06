// The excerpts in docs/ are lines of the files that they name, and all code there is run: as an example, as a program, or as
// part of the file that it is taken from.
import { describe, expect, test } from "vitest";
import { type CodeBlock, codeBlocks, isPython, place } from "./code-blocks.ts";
import { below, read } from "./pages.ts";
import { excerptFrom, holds, isProgram, pieces } from "./programs.ts";

const blocks = below("docs", ".md").flatMap(codeBlocks);
const excerpts = blocks.flatMap((block) => {
  const file = excerptFrom(block);
  return file === undefined ? [] : [{ block, file }];
});

test.for(excerpts.map(({ block, file }) => [place(block), file, block] as const))("%s is in %s", ([, file, block]) => {
  expect(holds(read(file), pieces(block)), block.code).toBe(true);
});

test("the page for people from Python shows both sides of each program", () => {
  const files = excerpts
    .filter(({ block }) => block.file === "docs/guides/from-python-sockets.md")
    .map(({ file }) => file);
  expect(files.length).toBeGreaterThan(15);
  const [ours, theirs] = [".ts", ".py"].map((ending) => files.filter((file) => file.endsWith(ending)).length);
  expect(ours).toBe(theirs);
});

test("code in Python is a program or an excerpt: nothing else would be run", () => {
  const others = blocks.filter(isPython);
  expect(others.filter((block) => !isProgram(block) && excerptFrom(block) === undefined).map(place)).toEqual([]);
});

describe("an excerpt", () => {
  const text = "one\ntwo\nthree\nfour\n";
  const block = (code: string): CodeBlock => ({ file: "x.md", line: 1, language: "ts", owner: undefined, code });

  test.for([
    ["the whole", "one\ntwo\nthree\nfour"],
    ["the middle", "two\nthree"],
    ["pieces", "one\n// …\nthree\nfour"],
    ["neighbours", "one\n  // …\ntwo"],
  ])("may be %s", ([, code]) => {
    expect(holds(text, pieces(block(`// examples/x.ts\n${code}`)))).toBe(true);
  });

  test.for([
    ["another line", "one\nfive"],
    ["part of a line", "thre"],
    ["the end of a line", "wo\nthree"],
    ["a gap that is not marked", "one\nthree"],
    ["another order", "three\n// …\none"],
    ["a line twice", "one\n// …\none"],
  ])("may not be %s", ([, code]) => {
    expect(holds(text, pieces(block(`// examples/x.ts\n${code}`)))).toBe(false);
  });
});
