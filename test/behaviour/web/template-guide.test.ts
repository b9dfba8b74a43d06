// docs/guides/templates.md: its examples give the results that it shows.
import { expect, test } from "vitest";
import { codeBlocks } from "../../repository/code-blocks.ts";
import { codeIn, read, section, tables } from "../../repository/pages.ts";
import { loadedFrom, refusalOf, rendered } from "../../support/template-loading.ts";

const page = read("docs/guides/templates.md");

test("the example is rendered to the page that the guide shows", () => {
  const [template, values, result] = codeBlocks("docs/guides/templates.md").map(({ code }) => code);
  expect(rendered(template ?? "", JSON.parse(values ?? ""))).toBe(result);
});

test("every tag of the table is valid", () => {
  const [[, ...rows] = []] = tables(section(page, "## Tags"));
  const tags = rows.flatMap(([tag = ""]) => codeIn(tag));
  expect(tags.length).toBeGreaterThan(8);
  const files = { "part.html": "a", "parts/head.html": "b" };
  for (const tag of tags) expect(loadedFrom(tag, files).render({})).not.toMatch(/\{\{.*\}\}/s);
});

test("elements and URLs that the guide calls refused are refused, and their alternatives are accepted", () => {
  for (const name of ["script", "style", "iframe", "noscript", "template", "svg", "math"]) {
    expect(page).toContain(`\`<${name}>\``);
    expect(refusalOf(`<${name}>{{x}}</${name}>`)).toMatch(/^page\.html:1: /);
  }
  const [refused = "", instead = ""] = [...page.matchAll(/`(<p \{\{#if.*?|\{\{#if a\}\}<p.*?)`/g)].map(
    ([, code]) => code,
  );
  expect(refusalOf(refused)).toMatch(/among attributes/);
  expect(rendered(instead, { a: 1 })).toBe("<p hidden>");
  expect(rendered('<a href="?a=1&amp;b={{b}}">', { b: "&" })).toBe('<a href="?a=1&amp;b=%26">');
});
