// Escaping of untrusted text in HTML and in links.
import { expect, test } from "vitest";
import { escapedHtml, percentEncoded } from "../../../../src/services/web/escaped-text.ts";

test("characters that begin or end a tag, a reference or a quoted value are escaped", () => {
  expect(escapedHtml(`<a href="b" c='d'>&amp;</a>`)).toBe(
    "&lt;a href=&quot;b&quot; c=&#39;d&#39;&gt;&amp;amp;&lt;/a&gt;",
  );
});

test("control characters and lone surrogates become U+FFFD", () => {
  expect(escapedHtml("a\0\t\x7f\x9f\ud800b")).toBe(`a${"\ufffd".repeat(5)}b`);
});

test("a name is encoded as a single path segment", () => {
  expect(percentEncoded("a/b?c#d%e'f\\\ud800")).toBe("a%2Fb%3Fc%23d%25e%27f%5C%EF%BF%BD");
});
