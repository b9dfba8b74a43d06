// The fuzz test of patterns: against regular expressions, which are right for short patterns.
import { expect, test } from "vitest";
import { Glob } from "../../src/services/web/glob.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";

type Subject = (pattern: string, path: string) => boolean;

const PATTERN = [
  "*",
  "**",
  "/**/",
  "**/",
  "?",
  "/",
  "a",
  "b",
  ".",
  "{a,b}",
  "{,a}",
  "{*,b/}",
  "\\",
  "[a]",
  "\n",
  "^",
] as const;
const PATH = ["a", "b", "/", "/", "a/b", ".", "*", "\\", "[", "\n", "^"] as const;

function reference(pattern: string, path: string): boolean {
  return expanded(pattern).some((one) => {
    const whole = one.includes("/") ? one.replace(/^\/?/, "/") : `/**/${one}`;
    const source = whole.replace(/(?<=\/)\*\*\/|\*\*+|[*?]|[\\[\]^.$+()|]/g, (piece) => {
      if (piece === "**/") return "(?:.*/)?";
      if (piece.startsWith("**")) return ".*";
      return piece === "*" ? "[^/]*" : piece === "?" ? "[^/]" : `\\${piece}`;
    });
    return new RegExp(`^${source}$`, "s").test(path);
  });
}

/** One pair of braces after another. */
function expanded(pattern: string): string[] {
  const [whole, choices] = /\{([^{}]*)\}/.exec(pattern) ?? [];
  if (whole === undefined || choices === undefined) return [pattern];
  return choices.split(",").flatMap((choice) => expanded(pattern.replace(whole, () => choice)));
}

function roundOf(subject: Subject): Round {
  return (draw: Draw) => {
    const pattern = Array.from({ length: 1 + draw.below(5) }, () => draw.one(PATTERN)).join("");
    const path = `/${Array.from({ length: draw.below(6) }, () => draw.one(PATH)).join("")}`;
    try {
      const given = subject(pattern, path);
      if (given === reference(pattern, path)) return undefined;
      return `${JSON.stringify(pattern)} of ${JSON.stringify(path)} gives ${given}`;
    } catch (error) {
      return `${JSON.stringify(pattern)} of ${JSON.stringify(path)} throws ${error}`;
    }
  };
}

function matched(pattern: string, path: string): boolean {
  return new Glob(pattern).matches(path);
}

test("any pattern matches the paths that the reference says", { timeout }, () => {
  expect(fuzz("glob", roundOf(matched))).toBeUndefined();
});

function tolerant(repair: (pattern: string) => string): Subject {
  return (pattern, path) => matched(repair(pattern), path);
}

test.each<[string, Subject]>([
  ["a star goes over a slash", tolerant((pattern) => pattern.replaceAll("*", "**"))],
  ["two stars are one", tolerant((pattern) => pattern.replaceAll("**", "*"))],
  ["folders are one at least", tolerant((pattern) => pattern.replace("/**/", "/*/**/"))],
  ["folders begin within a name", tolerant((pattern) => pattern.replace("/**/", "/**"))],
  ["a question mark is any number", tolerant((pattern) => pattern.replace("?", "*"))],
  ["the last alternative is lost", tolerant((pattern) => pattern.replace("{a,b}", "a"))],
  ["it is for the beginning", (pattern, path) => matched(pattern, path) || matched(pattern, path.slice(0, -1) || "/")],
  ["a dot is any letter", tolerant((pattern) => pattern.replace(".", "?"))],
])("a fault is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/gives/);
});
