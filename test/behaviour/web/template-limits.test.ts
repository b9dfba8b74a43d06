// The limits of a template and of the pages that it renders.
import { describe, expect, test } from "vitest";
import { endOfStaticElement } from "../../../src/services/web/template/static-element.ts";
import {
  DEFAULT_MAX_ITERATIONS,
  DEFAULT_MAX_RENDERED_BYTES,
  DEFAULT_MAX_TEMPLATE_BYTES,
  MAX_BLOCK_DEPTH,
  MAX_END_TAGS,
  MAX_INCLUDE_DEPTH,
  MAX_TAG_LENGTH,
  MAX_TAGS,
} from "../../../src/services/web/template/template-limits.ts";
import { loadedFrom, refusalOf } from "../../support/template-loading.ts";

const NOT_REFUSED = "it is not refused";

test("maxTemplateBytes counts an included file as often as it is included", () => {
  const page = `{{> a}}${"a".repeat(DEFAULT_MAX_TEMPLATE_BYTES - 11)}`;
  expect(refusalOf(page, { a: "1234" })).toBe(NOT_REFUSED);
  expect(refusalOf(page, { a: "12é4" })).toBe("a:1: the template has more than 1048576 bytes with this file");
  expect(refusalOf("{{> a}}{{> a}}", { a: "1234567" }, { maxTemplateBytes: 28 })).toBe(NOT_REFUSED);
  expect(refusalOf("{{> a}}{{> a}}", { a: "1234567" }, { maxTemplateBytes: 27 })).toMatch(/^a:1: /);
});

test("MAX_TAGS counts the tags of an included file as often as it is included", () => {
  expect(refusalOf("{{a}}".repeat(MAX_TAGS))).toBe(NOT_REFUSED);
  expect(refusalOf("{{a}}\n".repeat(MAX_TAGS + 1))).toBe("page.html:10001: the template has more than 10000 tags");
  const files = Object.fromEntries(
    Array.from({ length: 15 }, (_, index) => [`${index}`, `{{> ${index + 1}}}`.repeat(2)]),
  );
  expect(refusalOf("{{> 0}}", { ...files, 15: "" })).toMatch(/^\d+:1: the template has more than 10000 tags/);
});

test("a tag has at most MAX_TAG_LENGTH letters", () => {
  expect(refusalOf(`{{${"a".repeat(MAX_TAG_LENGTH - 2)}}}`)).toBe(NOT_REFUSED);
  expect(refusalOf(`{{${"a".repeat(MAX_TAG_LENGTH - 1)}}}`)).toMatch(/no }} within 256 letters/);
});

test("blocks nest at most MAX_BLOCK_DEPTH deep, across files", () => {
  const nested = (depth: number) => "{{#if a}}".repeat(depth) + "{{/if}}".repeat(depth);
  expect(refusalOf(nested(MAX_BLOCK_DEPTH))).toBe(NOT_REFUSED);
  expect(refusalOf(nested(MAX_BLOCK_DEPTH + 1))).toMatch(/blocks are in each other more than 32 deep/);
  expect(refusalOf("{{#if a}}{{> a}}{{/if}}", { a: nested(MAX_BLOCK_DEPTH) })).toMatch(/^a:1: blocks are/);
});

test("includes nest at most MAX_INCLUDE_DEPTH deep", () => {
  const chain = (depth: number) =>
    Object.fromEntries(
      Array.from({ length: depth }, (_, index) => [`${index}`, index === depth - 1 ? "a" : `{{> ${index + 1}}}`]),
    );
  expect(refusalOf("{{> 0}}", chain(MAX_INCLUDE_DEPTH))).toBe(NOT_REFUSED);
  expect(refusalOf("{{> 0}}", chain(MAX_INCLUDE_DEPTH + 1))).toMatch(
    /^15:1: files include each other more than 16 deep/,
  );
});

test("the end of a static element is sought among at most MAX_END_TAGS end tags", () => {
  const nested = (depth: number) => "<svg>".repeat(depth) + "</svg>".repeat(depth);
  expect(endOfStaticElement(nested(MAX_END_TAGS), 0, "svg")).toBe(MAX_END_TAGS * 11);
  expect(endOfStaticElement(nested(MAX_END_TAGS + 1), 0, "svg")).toBeUndefined();
});

describe("a page", () => {
  const tooLarge = (limit: string) =>
    expect.objectContaining({ code: "ERR_SOCKWRIGHT_TEMPLATE_SIZE", file: "page.html", limit });

  test("has at most maxRenderedBytes, counted after escaping", () => {
    const template = loadedFrom("é{{a}}", {}, { maxRenderedBytes: 12 });
    expect(template.render({ a: "<<" })).toBe("é&lt;&lt;");
    expect(template.render({ a: "éé€€" })).toBe("ééé€€");
    for (const a of ["<<a<", "ééééé€", "a".repeat(1e6)]) {
      expect(() => template.render({ a })).toThrow(tooLarge("maxRenderedBytes"));
    }
    const whole = loadedFrom("{{#each l}}{{/each}}{{a}}");
    expect(whole.render({ a: "a".repeat(DEFAULT_MAX_RENDERED_BYTES) })).toHaveLength(DEFAULT_MAX_RENDERED_BYTES);
    expect(() => whole.render({ a: "a".repeat(DEFAULT_MAX_RENDERED_BYTES + 1) })).toThrow(tooLarge("maxRenderedBytes"));
  });

  test("has at most maxRenderedBytes while a URL is collected, too", () => {
    const template = loadedFrom('<a href="{{#each l}}{{this}}{{/each}}">', {}, { maxRenderedBytes: 1_000 });
    expect(() => template.render({ l: Array(500).fill("  ") })).toThrow(tooLarge("maxRenderedBytes"));
  });

  test("has at most maxIterations turns of all its blocks, with the holes of arrays", () => {
    const template = loadedFrom("{{#each a}}{{#each b}}{{/each}}{{/each}}");
    const a = Array(10).fill(1);
    expect(template.render({ a, b: Array(DEFAULT_MAX_ITERATIONS / 10 - 1) })).toBe("");
    expect(() => template.render({ a, b: Array(DEFAULT_MAX_ITERATIONS / 10) })).toThrow(tooLarge("maxIterations"));
    expect(() => template.render({ a: Array(2 ** 32 - 1) })).toThrow(tooLarge("maxIterations"));
  });
});
