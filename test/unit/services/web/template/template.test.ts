// Tags: names, blocks, comments, and the text of values.
import { describe, expect, test } from "vitest";
import { loadedFrom, refusalOf, rendered } from "../../../../support/template-loading.ts";

describe("a name", () => {
  test.for<[string, string]>([
    ["{{a}}", "1"],
    ["{{ a }}", "1"],
    ["{{\na\n}}", "1"],
    ["{{b.c.d}}", "deep"],
    ["{{b.header-name}}", "dashed"],
    ["{{list.0}}{{list.1}}{{list.2}}", "xy"],
    ["{{list.length}}", "2"],
    ["{{missing}}{{a.missing}}{{missing.a.b}}", ""],
    ["{{this.a}}", "1"],
  ])("%j renders as %j", ([page, expected]) => {
    expect(rendered(page, { a: 1, b: { c: { d: "deep" }, "header-name": "dashed" }, list: ["x", "y"] })).toBe(expected);
  });

  test("finds own data properties only, and runs no code", () => {
    const ran: string[] = [];
    const trap = (name: string) => () => {
      ran.push(name);
      throw new Error(name);
    };
    const proxy = new Proxy({}, { get: trap("get"), has: trap("has"), getOwnPropertyDescriptor: trap("descriptor") });
    const list = new Proxy([1], { get: trap("get"), getOwnPropertyDescriptor: trap("descriptor") });
    const object = { toString: trap("toString"), valueOf: trap("valueOf"), toJSON: trap("toJSON") };
    const getter = Object.defineProperty({}, "a", { get: trap("getter"), enumerable: true });
    const items = Object.defineProperty([1, 2], 0, { get: trap("item") });
    const values = { proxy, list, object, getter, items, call: trap("call"), [Symbol.toPrimitive]: trap("primitive") };
    const page = `{{proxy}}{{proxy.a}}{{object}}{{getter.a}}{{call}}{{call.name}}{{#each proxy}}a{{/each}}{{#each list}}a{{/each}}
      {{#if proxy}}a{{/if}}{{#if list}}a{{/if}}{{#if getter.a}}a{{/if}}{{#each items}}{{this}}{{/each}}
      {{constructor}}{{toString}}{{__proto__}}{{object.constructor.name}}{{#each values}}{{a}}{{/each}}`;
    expect(rendered(page, { ...values, values: [proxy, getter] }).trim()).toBe("2");
    expect(ran).toEqual([]);
  });

  test("is looked up outside of an item that only inherits it", () => {
    expect(rendered("{{#each l}}{{toString}}{{/each}}", { l: [{}], toString: "own" })).toBe("own");
  });

  test("may be __proto__ where that is an own key", () => {
    expect(rendered("{{__proto__}}", JSON.parse('{"__proto__":"own"}'))).toBe("own");
  });
});

test.for<[unknown, string]>([
  ["text", "text"],
  ["a\0b", "a\uFFFDb"],
  ["{{a}}{{> a}}", "{{a}}{{&gt; a}}"],
  [0, "0"],
  [-1.5, "-1.5"],
  [Number.NaN, "NaN"],
  [10n, "10"],
  [true, "true"],
  [false, "false"],
  [null, ""],
  [undefined, ""],
  [{ a: 1 }, ""],
  [["a"], ""],
  [new Date(0), ""],
  [() => "a", ""],
  [Symbol("a"), ""],
  [new String("a"), ""],
])("the value %o renders as %j", ([value, expected]) => {
  expect(rendered("{{value}}", { value })).toBe(expected);
});

describe("#if", () => {
  test.for([true, 1, -1, "0", " ", {}, [0], 1n, new Date(0)])("%o is true", (a) => {
    expect(rendered("{{#if a}}yes{{else}}no{{/if}}", { a })).toBe("yes");
  });

  test.for([false, 0, Number.NaN, "", null, undefined, [], 0n, () => true, Symbol("a")])("%o is false", (a) => {
    expect(rendered("{{#if a}}yes{{else}}no{{/if}}", { a })).toBe("no");
    expect(rendered("{{#if a}}yes{{/if}}", { a })).toBe("");
  });

  test("is allowed in text and in the value of an attribute", () => {
    const page =
      '<p class="a{{#if b}} {{b}}{{else}} no{{/if}}">{{#if b}}<b>{{b}}</b>{{/if}}<title>{{#if b}}t{{/if}}</title>';
    expect(rendered(page, { b: "<" })).toBe('<p class="a &lt;"><b>&lt;</b><title>t</title>');
    expect(rendered(page)).toBe('<p class="a no"><title></title>');
  });

  test("may leave elements open, as HTML may", () => {
    const page = "{{#if a}}<div class='a'>{{else}}<div>{{/if}}{{b}}</div>";
    expect(rendered(page, { b: "<" })).toBe("<div>&lt;</div>");
  });
});

describe("#each", () => {
  test("iterates over an array; this, @index and the names of the item come before outer names", () => {
    const page = "{{#each list}}{{@index}}={{this}}{{name}}{{other}}{{this.other}};{{/each}}";
    expect(rendered(page, { list: ["a", { name: "b" }, null], name: "c", other: "d" })).toBe("0=acd;1=bd;2=cd;");
  });

  test("iterates over nested arrays", () => {
    const page = "{{#each rows}}{{#each this}}{{this}}{{@index}} {{/each}}{{@index}};{{/each}}";
    expect(rendered(page, { rows: [["a", "b"], ["c"]] })).toBe("a0 b1 0;c0 1;");
  });

  test("renders the else part when there is no item", () => {
    const page = "{{#each list}}a{{else}}none{{/each}}";
    for (const list of [[], undefined, null, "text", { length: 1, 0: "a" }, new Set(["a"]), 3]) {
      expect(rendered(page, { list })).toBe("none");
    }
  });

  test("@index is falsy for the first item, and empty outside of a loop", () => {
    expect(rendered("{{#each l}}{{#if @index}}, {{/if}}{{this}}{{/each}}{{@index}}", { l: [1, 2, 3] })).toBe("1, 2, 3");
  });
});

test("comments are removed, also where no tag may stand, and may contain tags", () => {
  expect(rendered("a{{! b }}c{{!-- {{x}} --}}d{{!}}")).toBe("acd");
  expect(rendered("<script>a{{! b }}c</script><!-- {{! d }} --><{{! }}b>")).toBe("<script>ac</script><!--  --><b>");
});

test('{{"{{"}} is a literal {{, also where no tag may stand', () => {
  expect(rendered(`<script>"{{"{{"}} a }}"</script>{{"{{"}}a}} } }}`)).toBe('<script>"{{ a }}"</script>{{a}} } }}');
});

describe("a template is rejected with", () => {
  test.for<[string, RegExp]>([
    ["{{", /:1: the tag has no }}/],
    ["\n{{a", /:2: the tag has no }}/],
    ["{{! a", /:1: the comment has no end/],
    ["{{!-- a }}", /:1: the comment has no end/],
    ["{{}}", /is no tag/],
    ["{{a b}}", /is no tag/],
    ["{{a..b}}", /is no tag/],
    ["{{.}}", /is no tag/],
    ["{{a.}}", /is no tag/],
    ["{{0}}", /is no tag/],
    ["{{../a}}", /is no tag/],
    ["{{&a}}", /is no tag/],
    ["{{a()}}", /is no tag/],
    ["{{@key}}", /is no tag/],
    ["{{{a}}}", /every value is escaped/],
    ["{{#unless a}}{{/unless}}", /no block {{#unless}}/],
    ["{{#if}}{{/if}}", /is no tag/],
    ["{{#if a b}}{{/if}}", /is no tag/],
    ["{{>}}", /is no tag/],
    ["{{/a}}", /is no tag/],
    ["{{else if a}}", /is no tag/],
    ["\n{{#if a}}\n", /:2: {{#if}} has no {{\/if}}/],
    ["{{/if}}", /{{\/if}} ends no block/],
    ["{{#if a}}\n{{/each}}", /:2: {{\/each}} ends {{#if}} of line 1/],
    ["{{else}}", /stands in no block/],
    ["{{#if a}}{{else}}{{else}}{{/if}}", /a second time/],
  ])("%j", ([page, reason]) => {
    expect(refusalOf(page)).toMatch(reason);
  });
});

describe("a block that ends in another context than it began is rejected", () => {
  test.for([
    "{{#if a}}<script>{{/if}}{{b}}</script>",
    "{{#if a}}<p title='{{/if}}{{b}}'>",
    "{{#if a}}<p title='{{else}}{{/if}}'>",
    "<p title='{{#if a}}'>{{else}}{{/if}}",
    "<p title='{{#if a}}'>{{/if}}",
    "<p title='{{#if a}}' id='{{/if}}'>",
    "<a href='{{#if a}}{{b}}' title='{{/if}}'>",
    "<a href='{{#if a}}{{b}}'><a href='{{c}}{{/if}}'>",
    "{{#each a}}<a href='{{this}}{{/each}}'>",
    "<title>{{#if a}}</title>{{/if}}",
    "<title>{{#if a}}</title><title>{{/if}}</title>",
    "{{#if a}}<title>{{else}}</title>{{/if}}",
    "{{#if a}}<select>{{/if}}</select>",
    "{{#if a}}<svg>{{/if}}</svg>",
    "{{#if a}}<!--{{/if}}-->",
    "<title>{{#if a}}<{{/if}}/title>",
    "{{#if a}}<{{/if}}b>",
    "{{#if a}}&{{/if}}lt;",
    "<p {{#if a}}title='a'{{/if}}>",
    "<p title={{#if a}}'a'{{/if}}>",
    "<script>{{#if a}}b{{/if}}</script>",
  ])("%s", (page) => {
    expect(refusalOf(page)).toMatch(/page\.html:1: (?:a tag stands|\{\{#\w+\}\} of line 1 ends in another|<svg> has)/);
  });
});

test("names are listed with their places, and uses() tests for a name or a prefix", () => {
  const template = loadedFrom(
    "{{a.b}}\n{{#each c}}{{this.x}}{{@index}}{{d}}{{#if e}}{{/if}}{{/each}}\n{{> part.html}}{{a.b}}",
    {
      "part.html": "\n{{client.address}}",
    },
  );
  expect(template.names.map(({ name, file, line, isInEach }) => `${file}:${line} ${name} ${isInEach}`)).toEqual([
    "page.html:1 a.b false",
    "page.html:2 c false",
    "page.html:2 d true",
    "page.html:2 e true",
    "part.html:2 client.address false",
    "page.html:3 a.b false",
  ]);
  expect(["a", "a.b", "client", "x", "this", "d"].map((name) => template.uses(name))).toEqual([
    true,
    true,
    true,
    false,
    false,
    true,
  ]);
  expect(["cli", "a.b.c", "client.a"].map((name) => template.uses(name))).toEqual([false, false, false]);
});
