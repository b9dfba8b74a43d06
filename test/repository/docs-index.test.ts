// docs/README.md is the index of docs/: every page and every picture is in it, once.
import { basename } from "node:path";
import { expect, test } from "vitest";
import { below, read, section } from "./pages.ts";

const index = read("docs/README.md");

function linksUnder(heading: string): string[] {
  return [...section(index, heading).matchAll(/^- \[[^\]]+\]\(([^)]+)\): \S/gm)].map(
    ([, target = ""]) => `docs/${target}`,
  );
}

test.for([
  ["## Guides", below("docs/guides", ".md")],
  ["## Internals", below("docs/internals", ".md")],
  ["## Pictures", [...below("docs/pictures", ".svg"), ...below("docs/pictures", ".png")]],
] as const)("%s: all of them, with a line each", ([heading, there]) => {
  expect(there.length).toBeGreaterThan(0);
  expect(linksUnder(heading).sort()).toEqual([...there].sort());
});

test("there is no page elsewhere in docs/", () => {
  const elsewhere = below("docs", ".md").filter((page) => !/^docs\/(?:guides|internals)\/[^/]+$/.test(page));
  expect(elsewhere.map((page) => basename(page))).toEqual(["README.md"]);
});

test("a page in Chinese is marked", () => {
  const chinese = below("docs", ".zh-CN.md").map((page) => page.replace("docs/", ""));
  expect(chinese.length).toBeGreaterThan(0);
  const lines = index.split("\n").filter((line) => /\.zh-CN\.md/.test(line));
  expect(lines).toHaveLength(chinese.length);
  expect(lines.filter((line) => !line.includes("中文"))).toEqual([]);
});
