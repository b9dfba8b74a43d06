// The fuzz test of media types: for any file name, the type is a known one or none, and can be sent.
import mimeTypes from "mime-types";
import { expect, test } from "vitest";
import { mediaTypeOf, UNKNOWN_MEDIA_TYPE } from "../../src/services/web/media-type-of.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";

type Subject = (name: string) => string;

const TYPES = Object.entries(mimeTypes.types) as [[string, string], ...[string, string][]];
const KNOWN = new Map(TYPES);
const PIECES = [
  ...[
    "html",
    ".html",
    ".HTML",
    ".js",
    ".tar.gz",
    ".",
    "..",
    "/",
    "\\",
    "\0",
    " ",
    "\n",
    "~",
    "a",
    "\u00e9",
    "\u0130",
    "\ud800",
  ],
  ...["__proto__", ".__proto__", "constructor", ".constructor", ".toString", ".valueOf", ".hasOwnProperty"],
] as [string, ...string[]];

function name(draw: Draw): string {
  const stem = Array.from({ length: draw.below(4) }, () => draw.one(PIECES)).join("");
  return draw.once(2) ? `${stem}.${draw.one(TYPES)[0]}` : stem;
}

/** The part after the last dot of the last segment, if something is before it. */
function reference(text: string): string | undefined {
  const [, extension = ""] = /[^/]\.([^./]*)\/*$/s.exec(text) ?? [];
  return KNOWN.get(extension.toLowerCase());
}

function roundOf(subject: Subject): Round {
  return (draw) => {
    const text = name(draw);
    try {
      const type = subject(text);
      const expected = reference(text);
      const isRight = expected === undefined ? type === UNKNOWN_MEDIA_TYPE : type.split(";")[0] === expected;
      const hasCharset = !type.startsWith("text/") || type.endsWith("; charset=utf-8");
      return isRight && hasCharset ? undefined : `${JSON.stringify(text)} is ${type}, not ${expected}`;
    } catch (error) {
      return `${JSON.stringify(text)} throws ${error}`;
    }
  };
}

test("any name has a type that is known, or none", { timeout }, () => {
  expect(
    fuzz(
      "media type",
      roundOf((text) => mediaTypeOf(text)),
    ),
  ).toBeUndefined();
});

test.each<[string, Subject]>([
  ["capitals count", (text) => (/[A-Z]/.test(text) ? UNKNOWN_MEDIA_TYPE : mediaTypeOf(text))],
  ["a name without a dot is an extension", (text) => mediaTypeOf(text.includes(".") ? text : `a.${text}`)],
  ["a name that begins with a dot has an extension", (text) => mediaTypeOf(`a${text}`)],
  ["text has no charset", (text) => mediaTypeOf(text).replace("; charset=utf-8", "")],
  [
    "an object has more than its own",
    (text) => (text.endsWith("constructor") ? "text/plain; charset=utf-8" : mediaTypeOf(text)),
  ],
])("a fault is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/ is /);
});
