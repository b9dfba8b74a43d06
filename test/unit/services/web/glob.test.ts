// Glob patterns for paths.
import { describe, expect, test } from "vitest";
import { Glob, MAX_GLOB_ALTERNATIVES, MAX_GLOB_LENGTH } from "../../../../src/services/web/glob.ts";

test.for<[pattern: string, matching: string[], others: string[]]>([
  ["*.html", ["/a.html", "/.html", "/b/c/a.html"], ["/a.htm", "/a.html/b", "/ahtml", "/a.html.gz", "/A.HTML"]],
  ["a", ["/a", "/b/a"], ["/", "/ab", "/ba", "/a/b", "/A"]],
  ["/a", ["/a"], ["/b/a", "/a/", "/a/b", "a"]],
  ["a/b", ["/a/b"], ["/c/a/b", "/a/b/c", "/ab"]],
  ["/a/*", ["/a/", "/a/b"], ["/a", "/a/b/c", "/b/c"]],
  ["/a/**", ["/a/", "/a/b", "/a/b/c"], ["/a", "/ab", "/b/a/c"]],
  ["/a/**/b", ["/a/b", "/a/c/b", "/a/c/d/b", "/a//b"], ["/ab", "/a/cb", "/a/b/c", "/b"]],
  ["**/a/*.js", ["/a/b.js", "/c/a/b.js"], ["/ca/b.js", "/a/b/c.js"]],
  ["/**", ["/", "/a", "/a/b"], [""]],
  ["**", ["/a", "/a/b", "/"], [""]],
  ["/a**b", ["/ab", "/acb", "/a/b", "/ac/db"], ["/a", "/b"]],
  ["/a*b*c", ["/abc", "/aXbXc", "/abbcc", "/abcc"], ["/ab", "/acb", "/ab/c", "/abcd"]],
  ["?.js", ["/a.js", "/b/a.js"], ["/.js", "/ab.js", "//.js/a"]],
  ["/a?b", ["/axb"], ["/a/b", "/ab"]],
  ["*.{js,css}", ["/a.js", "/b/a.css"], ["/a.html", "/a.", "/a.js,css"]],
  ["/{a,b}/{c,d}", ["/a/c", "/a/d", "/b/c", "/b/d"], ["/c/a", "/a/b"]],
  ["a{,.min}.js", ["/a.js", "/a.min.js"], ["/a.max.js"]],
  ["{/a,/b/c}", ["/a", "/b/c"], ["/c", "/b"]],
  ["[a].^$+()|\\d", ["/[a].^$+()|\\d"], ["/a.^$+()|\\d", "/[a]x^$+()|5"]],
  ["\u00e9?", ["/\u00e9a"], ["/e\u0301"]],
  ["a\nb", ["/a\nb"], ["/a", "/ab"]],
])("%j", ([pattern, matching, others]) => {
  const glob = new Glob(pattern);
  expect(matching.filter((path) => !glob.matches(path))).toEqual([]);
  expect(others.filter((path) => glob.matches(path))).toEqual([]);
  // Wherever a path is cut, `behind` of its beginning matches its end.
  const cut = (path: string) =>
    Array.from({ length: path.length + 1 }, (_, at) => glob.behind(path.slice(0, at))(path.slice(at)));
  expect(matching.flatMap(cut)).not.toContain(false);
  expect(others.flatMap(cut)).not.toContain(true);
});

test("matching a name in a folder does not read the path of the folder again", () => {
  let steps = 0;
  const folder = `/${"d/".repeat(1_000)}`;
  class Counted extends String {
    override charAt(at: number): string {
      steps++;
      return super.charAt(at);
    }
  }
  const matches = new Glob("*.html").behind(folder);
  expect(matches(new Counted("a.html") as unknown as string)).toBe(true);
  expect(steps).toBe("a.html".length);
});

describe("an invalid pattern", () => {
  test.for(["", "{", "}", "a{b", "a}b", "{a,{b,c}}", "}{", "{a}}", "x".repeat(MAX_GLOB_LENGTH + 1)])(
    "%j",
    (pattern) => {
      expect(() => new Glob(pattern, "rule")).toThrow(
        expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE", message: expect.stringContaining("'rule'") }),
      );
    },
  );

  test("a pattern of MAX_GLOB_LENGTH is accepted", () => {
    const longest = "x".repeat(MAX_GLOB_LENGTH);
    expect(new Glob(longest).matches(`/${longest}`)).toBe(true);
  });

  test("MAX_GLOB_ALTERNATIVES limits the alternatives of a pattern", () => {
    expect(new Glob("{a,b}".repeat(Math.log2(MAX_GLOB_ALTERNATIVES))).matches("/ababab")).toBe(true);
    expect(() => new Glob("{a,b}".repeat(Math.log2(MAX_GLOB_ALTERNATIVES) + 1))).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE" }),
    );
  });

  test("a pattern that is not a string is rejected", () => {
    const pattern: string = JSON.parse("1");
    expect(() => new Glob(pattern)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  });
});

test("a pattern for which a regular expression would backtrack 2^64 ways is matched in one pass", () => {
  const glob = new Glob(`/${"*a".repeat(64)}b`);
  expect(glob.matches(`/${"a".repeat(2_000)}`)).toBe(false);
  expect(glob.matches(`/${"a".repeat(2_000)}b`)).toBe(true);
});
