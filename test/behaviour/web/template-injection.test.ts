// Hostile values in each context of a template: the page, parsed again, has no element, attribute or script that it
// lacks with a harmless value.
import { expect, test } from "vitest";
import { structureOf } from "../../support/page-structure.ts";
import { loadedFrom } from "../../support/template-loading.ts";

const PAGES = [
  "<p>{{x}}</p>",
  "{{x}}",
  "<title>{{x}}</title>",
  "<textarea>{{x}}</textarea>",
  "<table>{{x}}<tr><td>{{x}}</table>",
  "<select><option>{{x}}</select>",
  "<svg></svg>{{x}}<script>a</script>{{x}}",
  "<noscript><p>a</p></noscript>{{x}}",
  '<p title="{{x}}">a</p>',
  "<p title='{{x}}' id='a{{x}}b'>a</p>",
  '<input value="{{x}}" data-x="{{x}}">',
  '<p class="{{#if x}}{{x}}{{else}}a{{/if}} {{#each l}}{{this}}{{/each}}">{{#each l}}<b>{{this}}</b>{{/each}}</p>',
  '<meta name="a" content="{{x}}">',
  '<a href="{{x}}">a</a>',
  "<a href='{{x}}'>a</a>",
  '<a href="/a{{x}}?{{x}}#{{x}}">a</a>',
  '<a href=" {{x}}">a</a>',
  '<a href="{{x}}{{x}}">a</a>',
  '<a href="{{#each l}}{{this}}{{/each}}">a</a>',
  '<a href="java{{x}}">a</a><a href="{{half}}{{x}}">a</a>',
  '<form action="{{x}}"><button formaction="{{x}}">a</button></form>',
  '<img src="{{x}}" srcset="{{x}} 1x, {{x}} 2x"><video poster="{{x}}"></video>',
  '<a ping="{{x}} /a{{x}}">a</a><iframe src="{{x}}"></iframe>',
  '<link rel="icon" href="{{x}}">',
] as const;

const PAYLOADS = [
  "<script>alert(1)</script>",
  "</title><script>alert(1)</script>",
  "</textarea><img src=x onerror=alert(1)>",
  "</select></table><svg onload=alert(1)>",
  '"><img src=x onerror=alert(1)>',
  "'><img src=x onerror=alert(1)>",
  '" onmouseover="alert(1)',
  "' onmouseover='alert(1)",
  "x onclick=alert(1)",
  "`` onmouseover=alert(1)",
  "<!-- <img src=x onerror=alert(1)> -->",
  "--><script>alert(1)</script>",
  "<![CDATA[<b>]]>",
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  "&#60;script&#62;alert(1)&#60;/script&#62;",
  "&quot; onclick=&quot;alert(1)",
  "&#34;&#39;>",
  "\0<\0script>alert(1)</script>",
  "<scr\0ipt>",
  "<\u{E0073}cript>",
  "\uFF1Cscript\uFF1E",
  "+ADw-script+AD4-alert(1)",
  "{{x}}{{> page.html}}{{{x}}}",
  "lt;script>",
  "#60;script>",
  "amp;lt;",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "  javascript:alert(1)",
  "\x01\x1fjavascript:alert(1)",
  "java\nscript:alert(1)",
  "java\tscript\r:alert(1)",
  "java\0script:alert(1)",
  "script:alert(1)",
  ":alert(1)",
  "javascript&colon;alert(1)",
  "javascript&#58;alert(1)",
  "&#106;avascript:alert(1)",
  "javascript%3Aalert(1)",
  "javascript\\:alert(1)",
  "vbscript:msgbox(1)",
  "data:text/html;base64,PHNjcmlwdD4=",
  "data:image/svg+xml,<svg onload=alert(1)>",
  "blob:http://a/1",
  "filesystem:http://a/1",
  "view-source:javascript:alert(1)",
  "http://a,javascript:alert(1) 1x",
  "/a 1x, javascript:alert(1)",
  "//evil.example/a",
  "\\\\evil.example\\a",
  "/\\evil.example",
  'http://a"onclick=alert(1)//',
  '?a=" onclick=alert(1)',
  '#"><script>',
  '\ud800"<\udc00',
  "\u2028\u2029<b>",
  "\r\n\r\n<script>",
  '="/>',
  "</",
  "<",
  "&",
  "<!",
  "]]>",
  "%22%3E%3Cscript%3E",
  "%",
  "\x7f\x80<b>",
] as const;

test.for(PAGES.map((page) => [page] as const))("in %s", ([page]) => {
  const template = loadedFrom(page);
  const harmless = structureOf(template.render({ x: "a", l: ["b", "c"], half: "" }));
  for (const x of PAYLOADS) {
    const hostile = template.render({ x, l: [x, x], half: "javascript:" });
    for (const isScripting of [true, false]) {
      const { outline, dangers } = structureOf(hostile, isScripting);
      expect([x, dangers]).toEqual([x, []]);
      if (isScripting) expect([x, outline]).toEqual([x, harmless.outline]);
    }
  }
});

test("text is shown as it was given", () => {
  const template = loadedFrom("<p>{{x}}</p><p title='{{x}}'></p>");
  for (const x of PAYLOADS) {
    const { text, attributes } = structureOf(template.render({ x }));
    const shown = x.replaceAll("\0", "\uFFFD");
    expect(text).toBe(shown.replace(/\r\n?/g, "\n"));
    expect(attributes).toEqual([`title=${shown.replace(/\r\n?/g, "\n")}`]);
  }
});

test("the table of values is large, and the checks find a real attack", () => {
  expect(PAYLOADS.length).toBeGreaterThan(60);
  const { outline, dangers } = structureOf("<p title=''onclick=a><a href=' java\nscript:a'><img srcset='/a, data:b'>");
  expect(outline).toMatch(/onclick/);
  expect(dangers).toHaveLength(3);
});
