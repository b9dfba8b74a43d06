// URLs in attributes: which are rejected, and how values are encoded in them.
import { describe, expect, test } from "vitest";
import { rendered } from "../../../../support/template-loading.ts";

/** The value of the page's attribute as rendered. */
function attribute(page: string, variables: Readonly<Record<string, unknown>>): string {
  const [, value = "there is none"] = /"([^"]*)"/.exec(rendered(page, variables)) ?? [];
  return value;
}

describe("the URL is replaced by # for", () => {
  test.for<string>([
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\r\nscript:alert(1)",
    "java\0script:alert(1)",
    "java\u00adscript:alert(1)",
    "\u2028javascript:alert(1)",
    "javascript\n:alert(1)",
    "javascript://%0aalert(1)",
    "vbscript:a",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml,a",
    "blob:http://a/b",
    "file:///etc/passwd",
    "view-source:http://a",
    "tel:1",
    "ftp://a",
    "httpsx:a",
    "a:b",
    "\\\\a:b",
    "a%3a:b",
  ])("%j", (x) => {
    for (const name of [
      "href",
      "src",
      "action",
      "formaction",
      "poster",
      "cite",
      "background",
      "srcset",
      "ping",
      "data-src",
    ]) {
      expect([name, attribute(`<p ${name}="{{x}}">`, { x })]).toEqual([name, "#"]);
    }
  });

  test.for<[string, string, string]>([
    ["{{a}}{{b}}", "java", "script:alert(1)"],
    ["{{a}}:{{b}}", "javascript", "alert(1)"],
    ["java{{a}}", "script:alert(1)", ""],
    ["java{{a}}:{{b}}", "script", "alert(1)"],
    [" {{a}}", "javascript:alert(1)", ""],
    ["&#106;ava{{a}}", "script:alert(1)", ""],
    ["{{a}}&colon;{{b}}", "javascript", "alert(1)"],
    ["{{a}}&#x3a;alert(1)", "javascript", ""],
    ["{{#if a}}java{{/if}}script:{{b}}", "a", "alert(1)"],
    ["{{#if missing}}/{{else}}javascript{{/if}}:{{b}}", "a", "alert(1)"],
    ["{{#each missing}}/{{/each}}{{a}}", "javascript:alert(1)", ""],
    ["{{#if a}}/a/{{/if}}{{b}}", "", "javascript:alert(1)"],
    ["mail{{a}}", "x:y", ""],
    ["tel{{a}}", ":1", ""],
  ])("%s with %j and %j", ([value, a, b]) => {
    expect(attribute(`<a href="${value}">`, { a, b })).toBe("#");
  });

  test("a list that contains one such URL", () => {
    expect(attribute('<img srcset="{{a}} 1x, {{b}} 2x">', { a: "/a", b: "javascript:1" })).toBe("#");
    expect(attribute('<img srcset="/a?b 1x, {{b}} 2x">', { b: "javascript:1" })).toBe("#");
    expect(attribute('<a ping="/a {{b}}">', { b: "data:1" })).toBe("#");
  });
});

describe("the URL is kept", () => {
  test.for<[string, string]>([
    ["", ""],
    ["/", "/"],
    ["a/b.html", "a/b.html"],
    ["//host/a", "//host/a"],
    ["http://a:80/b?c=d:e#f", "http://a:80/b?c=d:e#f"],
    ["HTTPS://a", "HTTPS://a"],
    ["mailto:a@b", "mailto:a@b"],
    ["?a:b", "?a:b"],
    ["#a:b", "#a:b"],
    ["/a:b", "/a:b"],
    ["./a:b", "./a:b"],
    ["http://[::1]/", "http://[::1]/"],
    ["/a%20b%c3%A4", "/a%20b%c3%A4"],
    ["/100%/%zz%", "/100%25/%25zz%25"],
    ["/a b\t\n", "/a%20b%09%0A"],
    ["/ä€😀", "/%C3%A4%E2%82%AC%F0%9F%98%80"],
    ["/\ud800", "/%EF%BF%BD"],
    ["/\u017f\u212a", "/%C5%BF%E2%84%AA"],
    ["/\\<>`{|}^\0", "/%5C%3C%3E%60%7B%7C%7D%5E%00"],
    ["/'&\"", "/&#39;&amp;%22"],
    ["?a=b&lt;c", "?a=b&amp;lt;c"],
  ])("%j is written as %j", ([x, expected]) => {
    expect(attribute('<a href="{{x}}">', { x })).toBe(expected);
  });

  test.for<[string, string]>([
    ["/a/{{x}}", "/a/b%3Fc%23d/e%26f=g%20:%25"],
    ["a{{x}}", "ab%3Fc%23d/e%26f=g%20:%25"],
    ["tel:{{x}}", "tel:b%3Fc%23d/e%26f=g%20:%25"],
    ["?q={{x}}", "?q=b%3Fc%23d%2Fe%26f%3Dg%20%3A%25"],
    ["/a?b=c&amp;q={{x}}#{{x}}", "/a?b=c&amp;q=b%3Fc%23d%2Fe%26f%3Dg%20%3A%25#b%3Fc%23d%2Fe%26f%3Dg%20%3A%25"],
    ["/{{#if x}}?{{/if}}{{x}}", "/?b%3Fc%23d%2Fe%26f%3Dg%20%3A%25"],
    ["{{#if x}}/{{else}}{{/if}}{{x}}", "/b%3Fc%23d/e%26f=g%20:%25"],
    ["{{#if no}}?{{no}}{{else}}/{{x}}{{/if}}", "/b%3Fc%23d/e%26f=g%20:%25"],
  ])("a value in a path, or after ? or #, is encoded so that it cannot leave that part: %s", ([value, expected]) => {
    expect(attribute(`<a href="${value}">`, { x: "b?c#d/e&f=g :%" })).toBe(expected.replaceAll("%26f=", "&amp;f="));
  });

  test("a value at the start of a branch, or after a comma of a list, is a whole URL", () => {
    const page = '<a href="{{#if a}}{{a}}{{else}}{{b}}{{/if}}">';
    expect(attribute(page, { a: "/a?b" })).toBe("/a?b");
    expect(attribute(page, { b: "/a?b" })).toBe("/a?b");
    expect(attribute('<img srcset="{{a}} 1x, {{b}} 2x">', { a: "/a?b,c d", b: "/e?f" })).toBe(
      "/a?b%2Cc%20d 1x, /e?f 2x",
    );
    expect(attribute('<img srcset="{{#each l}}{{this}} {{@index}}x,{{/each}}">', { l: ["/a?b", "/c"] })).toBe(
      "/a?b 0x,/c 1x,",
    );
  });
});
