// The fuzz test of templates: for any template and any values, the template is refused, or the page has the elements,
// attributes and scripts that it has with harmless values.
import { expect, test } from "vitest";
import { loadTemplate } from "../../src/services/web/template/template.ts";
import { TemplateError } from "../../src/services/web/template/template-error.ts";
import { structureOf } from "../support/page-structure.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout, told } from "./fuzz-run.ts";
import { plainlyRendered, type Values } from "./template-reference.ts";

/** Renders a page with the values; undefined for a template that is refused. */
type Subject = (template: string) => ((values: Values) => string) | undefined;

const LEAVES = [
  ...(["{{x}}", "{{x}}", "{{y}}", "{{this}}", "{{! {{x }}", '{{"{{"}}', "a", " ", "&amp;", "& ", "< ", "1<2"] as const),
  ...(["<br>", "<hr/>", "<div/>", "<!-- a -->", "<svg/>", "<script>a<!--b</script>", "<style>a</style>"] as const),
  ...([
    "<svg><title>a</title></svg>",
    "<template><p>a</template>",
    "<noscript><img></noscript>",
    "<iframe>a</iframe>",
  ] as const),
] as const;
const ELEMENTS = [
  ...([
    "p",
    "b",
    "i",
    "div",
    "table",
    "tr",
    "td",
    "li",
    "form",
    "button",
    "title",
    "textarea",
    "option",
    "h1",
    "a",
  ] as const),
  ...([
    "select",
    "script",
    "style",
    "svg",
    "math",
    "desc",
    "foreignObject",
    "template",
    "noscript",
    "xmp",
    "SCRIPT",
  ] as const),
] as const;
const ATTRIBUTES = [
  ...([
    "title",
    "class",
    "id",
    "value",
    "data-a",
    "alt",
    "href",
    "href",
    "src",
    "action",
    "formaction",
    "srcset",
  ] as const),
  ...(["ping", "style", "onclick", "srcdoc", "content", "http-equiv", "x", "="] as const),
] as const;
const VALUE_PARTS = [
  "{{x}}",
  "{{x}}",
  "{{y}}",
  "a",
  "/",
  "?",
  "#",
  ":",
  " ",
  ", ",
  "java",
  "script",
  "&amp;",
  "&#106;",
  "http",
] as const;
const MISTAKES = [
  "<",
  ">",
  "'",
  '"',
  "=",
  "/",
  "&",
  "!",
  "-",
  " ",
  "{{x}}",
  "{{#if c}}",
  "{{/if}}",
  "{{else}}",
  "<!--",
  "-->",
] as [string, ...string[]];
const FURTHER_MISTAKES = [
  "</title>",
  "<title>",
  "</script>",
  "<script>",
  "<svg>",
  "</svg>",
  "<select>",
  "<![CDATA[",
] as const;

const HOSTILE = [
  ...([
    "<script>a</script>",
    "</title><b>",
    "</textarea><b>",
    "</script><b>",
    '"><b>',
    "'><b>",
    '" onclick="a',
  ] as const),
  ...([
    "' onclick='a",
    "x onclick=a ",
    "--><b>",
    "]]><b>",
    "javascript:a",
    "script:a",
    ":a",
    " java\nscript:a",
  ] as const),
  ...([
    "data:,a",
    "&#106;avascript:a",
    "colon;a",
    "/a,javascript:a",
    "\0<b>",
    "{{x}}<b>",
    "`",
    "<",
    "</",
    "&",
    "=",
  ] as const),
] as const;

function content(draw: Draw, depth: number): string {
  return Array.from({ length: 1 + draw.below(3) }, () => piece(draw, depth)).join("");
}

function piece(draw: Draw, depth: number): string {
  if (depth === 0 || draw.once(3)) return draw.one(LEAVES);
  if (draw.once(3)) return block(draw, () => content(draw, depth - 1));
  const name = draw.one(ELEMENTS);
  const attributes = Array.from({ length: draw.one([0, 0, 1, 2]) }, () => ` ${attribute(draw)}`).join("");
  const end = draw.once(20) ? "" : `</${name}>`;
  return `<${name}${attributes}>${content(draw, depth - 1)}${end}`;
}

function attribute(draw: Draw): string {
  const quote = draw.one(['"', '"', "'", "'", ""]);
  const parts = () => Array.from({ length: draw.below(4) }, () => draw.one(VALUE_PARTS)).join("");
  const value = draw.once(4) ? parts() + block(draw, parts) : parts();
  return `${draw.one(ATTRIBUTES)}=${quote}${value}${quote}`;
}

function block(draw: Draw, inner: () => string): string {
  const otherwise = draw.once(2) ? `{{else}}${inner()}` : "";
  return draw.one([`{{#if c}}${inner()}${otherwise}{{/if}}`, `{{#each l}}${inner()}{{this}}${otherwise}{{/each}}`]);
}

function template(draw: Draw): string {
  const text = draw.one(["<!DOCTYPE html>", "<body>", ""]) + content(draw, 4);
  return draw.mistakes(text, draw.one([0, 0, 1, 2]), [...MISTAKES, ...FURTHER_MISTAKES]);
}

function roundOf(subject: Subject): Round {
  return (draw) => {
    const source = template(draw);
    const [isOn, length] = [draw.once(2), draw.below(3)];
    const values = (value: () => string): Values => ({
      ...{ x: value(), y: value(), l: Array.from({ length }, value), this: value() },
      ...(isOn ? { c: "c" } : {}),
    });
    try {
      const render = subject(source);
      if (render === undefined) return undefined;
      const hostile = values(() => draw.one(HOSTILE));
      const [page, harmless] = [render(hostile), render(values(() => "a"))];
      for (const isScripting of [true, false]) {
        const [found, expected] = [structureOf(page, isScripting), structureOf(harmless, isScripting)];
        if (found.outline !== expected.outline) return told(source, "has another structure in", page);
        if (found.dangers.join() !== expected.dangers.join()) return told(source, "runs", found.dangers, "in", page);
      }
      return undefined;
    } catch (error) {
      return told(source, "throws", String(error));
    }
  };
}

function loaded(source: string): ReturnType<Subject> {
  try {
    const template = loadTemplate("page.html", { read: () => source });
    return (values) => template.render(values);
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}

test("no value changes more of a page than text and values of attributes", { timeout }, () => {
  const counts = { loaded: 0, refused: 0 };
  const counted: Subject = (source) => {
    const render = loaded(source);
    counts[render === undefined ? "refused" : "loaded"]++;
    return render;
  };
  expect(fuzz("template", roundOf(counted))).toBeUndefined();
  // Neither is rare, or the test would check nothing.
  expect(counts.loaded).toBeGreaterThan(counts.refused / 10);
  expect(counts.refused).toBeGreaterThan(counts.loaded / 10);
});

function spoilt(repair: (page: string) => string): Subject {
  return (source) => {
    const render = loaded(source);
    return render === undefined ? undefined : (values) => repair(render(values));
  };
}

/** Renders templates that are refused for that reason, with every value escaped as text. */
function withoutRefusal(reason: RegExp): Subject {
  return (source) => {
    try {
      const template = loadTemplate("page.html", { read: () => source });
      return (values) => template.render(values);
    } catch (error) {
      return error instanceof TemplateError && reason.test(error.message)
        ? (values) => plainlyRendered(source, values)
        : undefined;
    }
  };
}

test.each<[string, Subject]>([
  ["< is not escaped", spoilt((page) => page.replaceAll("&lt;", "<"))],
  ["a double quote is not escaped", spoilt((page) => page.replaceAll("&quot;", '"'))],
  ["a single quote is not escaped", spoilt((page) => page.replaceAll("&#39;", "'"))],
  ["no URL is judged", (source) => loaded(source) && ((values) => plainlyRendered(source, values))],
  ["a value in a script", withoutRefusal(/within <script>/)],
  ["a value in a comment", withoutRefusal(/within a comment/)],
  ["a value among attributes", withoutRefusal(/among attributes/)],
  ["a value without quotes", withoutRefusal(/in no quotes/)],
  ["a value in an attribute that is a script or a style", withoutRefusal(/is a script|is a style/)],
  ["a value behind javascript:", withoutRefusal(/behind a scheme/)],
  ["a block that ends elsewhere", withoutRefusal(/ends in another/)],
  ["a value in a template or in MathML or SVG", withoutRefusal(/within <(?:svg|math|template)>/)],
])("a fault is found: %s", { timeout }, (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/has another structure|runs/);
});
