// Where a tag may stand, and where the template is rejected. injection.test.ts checks the values at these places.
import { describe, expect, test } from "vitest";
import { refusalOf, rendered } from "../../../../support/template-loading.ts";

const VALUE = `<&>"'`;
const ESCAPED = "&lt;&amp;&gt;&quot;&#39;";

test.for<string>([
  "{{x}}",
  "<!DOCTYPE html><html><head><title>{{x}}</title></head><body>{{x}}</body></html>",
  "<p>{{x}}</p>",
  "<p>a{{x}}b",
  "<textarea>{{x}}</textarea>",
  "<select><option>{{x}}<option value='{{x}}'>{{x}}</select>",
  "<table><tr>{{x}}<td>{{x}}</table>",
  "<div/>{{x}}",
  "<pre>\n{{x}}</pre>",
  "<b><i>{{x}}</b>{{x}}</i>",
  "<svg><circle/></svg>{{x}}",
  "<svg/>{{x}}",
  "<math><mi>a</mi></math>{{x}}",
  "<template><p>a</p></template>{{x}}",
  "<noscript><p>on</p></noscript>{{x}}",
  "<svg><style>a{}</style><svg><desc></desc></svg></svg>{{x}}",
  "<script>if (a < b) c('<p>')</script>{{x}}",
  "<script><!-- <script> </script> --></script>{{x}}",
  "<style>a > b {}</style>{{x}}",
  "<iframe><p></iframe>{{x}}",
  "<!-- <script> -->{{x}}",
  '<p title="{{x}}" lang=\'{{x}}\' id = "a{{x}}b{{x}}">',
  '<p title="<script>{{x}}">',
  '<input data-a="{{x}}" aria-label="{{x}}" VALUE="{{x}}">',
  '<meta name="description" content="{{x}}">',
  '<link rel="alternate icon" title="{{x}}" href="/">',
  '<script nonce="{{x}}"></script>',
  "<x-card title='{{x}}'></x-card>",
  "&amp;{{x}} &#38;{{x}} a & {{x}} ?a=b&amp;c={{x}}",
  "< {{x}} 1<2 {{x}}",
  "<title>a < b {{x}}</title>",
])("a value is inserted as text in %s", (page) => {
  const count = page.split("{{x}}").length - 1;
  expect(count).toBeGreaterThan(0);
  expect(rendered(page, { x: VALUE })).toBe(page.replaceAll("{{x}}", ESCAPED));
  expect(rendered(page, { x: "" })).toBe(page.replaceAll("{{x}}", ""));
});

const NOWHERE = /page\.html:1: a tag stands within what is no text and no value in quotes/;

describe("a template is rejected when a value stands where it is not safe", () => {
  test.for<[string, RegExp]>([
    ["<script>{{x}}</script>", /within <script>/],
    ["<script>var a = '{{x}}'</script>", /within <script>/],
    ["<SCRIPT type=text/plain>{{x}}</SCRIPT>", /within <script>/],
    ["<script><!--<script>{{x}}</script>", /within <script>/],
    ["<script>a</script ><script/>{{x}}", /within <script>/],
    ["<style>{{x}}</style>", /within <style>/],
    ["<iframe>{{x}}</iframe>", /within <iframe>/],
    ["<xmp>{{x}}</xmp>", /within <xmp>/],
    ["<noembed>{{x}}</noembed>", /within <noembed>/],
    ["<noframes>{{x}}</noframes>", /within <noframes>/],
    ["<noscript>{{x}}</noscript>", /within <noscript>/],
    ["<svg><text>{{x}}</text></svg>", /within <svg>/],
    ['<svg width="{{x}}"></svg>', /within <svg>/],
    ["<svg><script>{{x}}</script></svg>", /within <svg>/],
    ["<math><mi>{{x}}</mi></math>", /within <math>/],
    ["<template>{{x}}</template>", /within <template>/],
    ["<!-- {{x}} -->", /within a comment/],
    ["<!-- {{x}}", /within a comment/],
    ["<!a {{x}}>", /within a comment/],
    ["<?a {{x}}>", /within a comment/],
    ["<!{{x}}>", /within a comment/],
    ["</{{x}}>", /in the name of an end tag/],
    ["</p {{x}}>", /in an end tag/],
    ["<{{x}}>", /in the name of an element/],
    ["<p{{x}}>", /in the name of an element/],
    ["<p {{x}}>", /among attributes/],
    ['<p {{x}}="a">', /among attributes/],
    ['<p a{{x}}="a">', /among attributes/],
    ['<p title="a"{{x}}>', /among attributes/],
    ["<p title={{x}}>", /in no quotes/],
    ["<p title=a{{x}}>", /in no quotes/],
    ["<p title='a'lang={{x}}>", /in no quotes/],
    ["<p =a='{{x}}'>", /not known to be safe/],
    ["<p title = {{x}}>", /in no quotes/],
    ['<p title="a" title="{{x}}">', NOWHERE],
    ["<p title='{{x}}", NOWHERE],
    ["<p {{x}}", NOWHERE],
    ["<!DOCTYPE {{x}}>", NOWHERE],
    ['<p onclick="{{x}}">', /"onclick" is a script/],
    ['<p ONCLICK="{{x}}">', /"onclick" is a script/],
    ['<p onfuture="{{x}}">', /is a script/],
    ['<p data-onclick="{{x}}">', /is a script/],
    ['<p style="color: {{x}}">', /is a style sheet/],
    ['<iframe srcdoc="{{x}}"></iframe>', /a page of its own/],
    ['<p is="{{x}}">', /not known/],
    ['<p @click="{{x}}">', /not known/],
    ['<p :href="{{x}}">', /not known/],
    ['<p v-html="{{x}}">', /not known/],
    ['<iframe sandbox="{{x}}"></iframe>', /not known/],
    ['<base href="{{x}}">', /runs or loads code/],
    ['<script src="/{{x}}"></script>', /runs or loads code/],
    ['<script type="{{x}}"></script>', /runs or loads code/],
    ['<object data="{{x}}"></object>', /runs or loads code/],
    ['<embed src="{{x}}">', /runs or loads code/],
    ['<style media="{{x}}"></style>', /runs or loads code/],
    ['<param name="movie" value="{{x}}">', /runs or loads code/],
    ['<meta http-equiv="refresh" content="{{x}}">', /a header of the page/],
    ['<meta content="{{x}}" http-equiv="refresh">', /a header of the page/],
    ['<meta http-equiv="{{x}}" content="0">', /"content" alone/],
    ['<meta name="{{x}}">', /"content" alone/],
    ['<link rel="stylesheet" href="/{{x}}">', /takes a value where/],
    ['<link rel="icon preload" href="{{x}}">', /takes a value where/],
    ['<link href="{{x}}">', /takes a value where/],
    ['<link rel="{{x}}" href="/">', /takes a value where/],
    ['<a href="javascript:{{x}}">', /behind a scheme/],
    ['<a href=" java&#x0a;script&colon;{{x}}">', /behind a scheme/],
    ['<a href="data:{{x}}">', /behind a scheme/],
    ['<a href="&#106;avascript:{{x}}">', /behind a scheme/],
    ["<select><p>{{x}}</p></select>", /<select> has only/],
    ["<select><svg></svg>{{x}}</select>", /<select> has only/],
    ["<select><select>{{x}}", /<select> has only/],
    ["<select></p>{{x}}</select>", /within <select>/],
    ["&{{x}}", /behind an &/],
    ["&#10{{x}}", /behind an &/],
    ["&am{{x}}", /behind an &/],
    ['<p title="&{{x}}">', /behind an &/],
    ['<a href="&#{{x}}">', /behind an &/],
    ["<title><{{x}}/title>", /behind a </],
    ["<textarea></text{{x}}area>", /behind a </],
    ["<plaintext>{{x}}", /no <plaintext>/],
    ["<frameset>{{x}}</frameset>", /no <frameset>/],
  ])("%s", ([page, reason]) => {
    expect(refusalOf(page)).toMatch(reason);
  });
});

describe("a template is rejected even without a value when the context of a following value is unclear", () => {
  test.for<[string, RegExp]>([
    ["<p>a</p><![CDATA[ a ]]>", /no CDATA section/],
    ["<svg>", /<svg> has no end tag/],
    ["<svg><desc><div/></desc></svg>", /<svg> has no end tag/],
    ["<svg><p><select/></p></svg>", /<svg> has no end tag/],
    ["<noscript><div></noscript>", /<noscript> has no end tag/],
    ['<noscript><p title="</noscript>"></noscript>', /<noscript> has no end tag/],
    ['<noscript><b title="</noscript>"></b></noscript>', /<noscript> has no end tag/],
    ["<template><div>", /<template> has no end tag/],
    ["<svg><desc><frameset></frameset></desc></svg>", /no <frameset> in it/],
    ["<script>", /<script> has no end/],
    ["<title>a", /<title> has no end/],
    ["<select>", /<select> has no end/],
  ])("%s", ([page, reason]) => {
    expect(refusalOf(page)).toMatch(reason);
  });
});

test.for<[string, string]>([
  ["<p>\n\n<p onclick='{{x}}'>", "page.html:3: "],
  ["<p>\r\n\r\n{{x}}<p\n\nonclick='\n{{x}}'>", "page.html:6: "],
  ["{{! a\n\n}}<script>\r{{x}}</script>", "page.html:4: "],
  ["\n\n<plaintext>", "page.html:3: "],
  ["{{x}}\n<svg>", "page.html:2: "],
  ["<svg>\n</svg>\n<math>", "page.html:3: "],
])("the error names the line of %j", ([page, place]) => {
  expect(refusalOf(page).startsWith(place)).toBe(true);
});

test("a text that looks like the placeholder of a tag stays text", () => {
  const words = "tag0y0x TAG1Y0x tag2y";
  expect(rendered(`${words}{{x}}${words}`, { x: "a" })).toBe(`${words}a${words}`);
  // A parser decodes these to a placeholder, which is rejected because no tag stands there.
  for (const page of [
    '<p title="&#116;ag0y0x">{{x}}',
    "&#116;ag0y0x {{x}}",
    "{{x}} &#116;ag0y0x",
    "{{x}} &#116;ag0y9x",
    '&#116;ag0y0x<p title="a" title="{{x}}">',
    '<p id="&#116;ag0y0x" title="a" title="{{x}}">',
  ]) {
    expect(refusalOf(page)).toMatch(/page\.html:1: /);
  }
});
