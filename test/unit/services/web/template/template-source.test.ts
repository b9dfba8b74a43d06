// Included files.
import { describe, expect, test } from "vitest";
import { loadTemplate } from "../../../../../src/services/web/template/template.ts";
import { loadedFrom, refusalOf, rendered } from "../../../../support/template-loading.ts";

test("an included path is relative to the including file, or to the root", () => {
  const files = { "a/b.html": "b{{> c.html }}{{> ../d e.html}}", "a/c.html": "c{{>/d e.html}}", "d e.html": "{{x}};" };
  expect(rendered("{{> a/b.html}}{{> ./a/../d e.html}}", { x: "<" }, files)).toBe("bc&lt;;&lt;;&lt;;");
  expect(loadedFrom("{{> a/b.html}}", files).files).toEqual(["page.html", "a/b.html", "a/c.html", "d e.html"]);
});

test("each file is read once, when the template is loaded", () => {
  const read: string[] = [];
  const template = loadTemplate("a", {
    read: (file) => {
      read.push(file);
      return file === "a" ? "{{#each l}}{{> b}}{{> b}}{{/each}}" : "{{this}}";
    },
  });
  expect(template.render({ l: [1, 2] })).toBe("1122");
  expect(read).toEqual(["a", "b"]);
});

test("an element may begin in one file and end in another", () => {
  const files = { head: "<html><title>{{t}}</title><div>", foot: "</div></html>" };
  expect(rendered("{{> head}}{{t}}{{> foot}}", { t: "&" }, files)).toBe(
    "<html><title>&amp;</title><div>&amp;</div></html>",
  );
});

test("a value is not parsed as a template", () => {
  expect(rendered("{{> part}}", { x: "{{> page.html}}{{x}}", y: "" }, { part: "{{x}}" })).toBe(
    "{{&gt; page.html}}{{x}}",
  );
});

test("a byte order mark is removed, from bytes and from text", () => {
  expect(rendered("\uFEFFa{{> b}}", {}, { b: Buffer.from("\uFEFFb") })).toBe("ab");
});

describe("a template is rejected where", () => {
  test.for<[string, string, string, RegExp]>([
    [
      "a file is included in a script",
      "<script>{{> a}}</script>",
      "b",
      /^page\.html:1: a file is included within <script>/,
    ],
    ["in an attribute", '<p title="{{> a}}">', "b", /^page\.html:1: a file is included within an attribute/],
    ["in SVG", "<svg>{{> a}}</svg>", "<path/>", /^page\.html:1: a file is included within <svg>/],
    ["in a comment", "<!--{{> a}}-->", "b", /within a comment/],
    [
      "a value of it would stand in a script",
      "{{> a}}{{x}}</script>",
      "\n<script>",
      /^page\.html:1: an included file ends within <script>/,
    ],
    ["a value of it stands in a script", "{{> a}}", "\n<script>\n{{x}}</script>", /^a:3: a tag stands within <script>/],
    [
      "it ends an element that it did not begin",
      "<title>{{> a}}",
      "</title>",
      /^page\.html:1: an included file ends in another/,
    ],
    ["it ends within a tag", "{{> a}}", "<p ", /^page\.html:1: an included file ends (?:among|within)/],
    ["a block ends in it", "{{#if x}}{{> a}}", "\n{{/if}}", /^a:2: {{\/if}} ends no block/],
    ["a block does not end in it", "{{> a}}{{/if}}", "\n{{#if x}}", /^a:2: {{#if}} of line 2 has no end in its file/],
    ["else stands in it", "{{#if x}}{{> a}}{{/if}}", "{{else}}", /^a:1: {{else}} stands in no block/],
    ["it includes itself", "\n{{> a}}", "\n\n{{> a}}", /^a:3: page\.html includes a includes a/],
    ["two files include each other", "{{> a}}", "{{> page.html}}", /^a:1: page\.html includes a includes page\.html/],
    ["it is missing", "\n{{> b}}", "", /^page\.html:2: b cannot be included: there is no b/],
    ["it is above the root", "{{> ../a}}", "", /^page\.html:1: \.\.\/a is outside of the root/],
    ["it is far above the root", "{{> /x/../../a}}", "", /is outside of the root/],
    ["it has a backslash", "{{> ..\\a}}", "", /is outside of the root/],
  ])("%s", ([, page, a, reason]) => {
    expect(refusalOf(page, { a })).toMatch(reason);
  });

  test("a file is not valid UTF-8; the error names the line", () => {
    expect(refusalOf("{{> a}}", { a: Buffer.from("\n\xff\n", "latin1") })).toBe("a:2: the file is no UTF-8");
    expect(refusalOf(Buffer.from("ab\xc3", "latin1"))).toBe("page.html:1: the file is no UTF-8");
    expect(refusalOf(Buffer.from("\n\n\xed\xa0\x80\n\n", "latin1"))).toBe("page.html:3: the file is no UTF-8");
  });
});

test("an error of read is the cause for an included file, and is rethrown for the template itself", () => {
  const gone = new Error("gone");
  const read = (missing: string) => (file: string) => {
    if (file === missing) throw gone;
    return "{{> b}}";
  };
  expect(() => loadTemplate("a", { read: read("b") })).toThrow(
    expect.objectContaining({ cause: gone, file: "a", line: 1 }),
  );
  expect(() => loadTemplate("a", { read: read("a") })).toThrow(gone);
});
