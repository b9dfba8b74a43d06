// The fuzz test of Accept-Encoding: against a reference that reads character by character.
import { expect, test } from "vitest";
import { type ContentCoding, selectCoding } from "../../src/http/content-codings.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";

type Subject = (field: string, available: readonly ContentCoding[]) => ContentCoding;

const NAMES = ["br", "zstd", "gzip", "identity", "*", "x-gzip", "GZIP", "deflate"] as const;
const WEIGHTS = ["", "", ";q=1", ";q=0", ";q=0.5", " ; Q=0.50", ";\tq=0.001", ";q=0.", ";q=1.000", ";q=0.999"] as const;
const LETTERS = [";q=", ";", ",", "q", "=", "*", " ", "\t", ".", "\xa0", "\x0b", '"', ..."019ax"] as [
  string,
  ...string[],
];
const AVAILABLE: readonly [readonly ContentCoding[], ...(readonly ContentCoding[])[]] = [
  ["br", "zstd", "gzip"],
  ["gzip", "br"],
  ["zstd", "identity", "gzip"],
  [],
];

function field(draw: Draw): string {
  const members = Array.from({ length: draw.below(5) }, () => draw.one(NAMES) + draw.one(WEIGHTS));
  return draw.mistakes(members.join(draw.one([",", ", ", " ,\t"])), draw.one([0, 0, 0, 1, 2]), LETTERS);
}

/** The weight in thousandths, or undefined for a malformed one; without a regular expression. */
function thousandths(text: string): number | undefined {
  const [whole = "", ...digits] = text;
  if (whole !== "0" && whole !== "1") return undefined;
  if (digits.length > 4 || (digits.length > 0 && digits[0] !== ".")) return undefined;
  if (digits.slice(1).some((digit) => !"0123456789".includes(digit))) return undefined;
  const weight = Number(whole) * 1_000 + Number(digits.slice(1).join("").padEnd(3, "0"));
  return weight <= 1_000 ? weight : undefined;
}

function trimmed(text: string): string {
  return text.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "");
}

function reference(text: string, available: readonly ContentCoding[]): ContentCoding {
  const weights = new Map<string, number>();
  for (const member of text.toLowerCase().split(",")) {
    const at = member.indexOf(";");
    const name = trimmed(at < 0 ? member : member.slice(0, at));
    const parameter = at < 0 ? "q=1" : trimmed(member.slice(at + 1));
    const weight = parameter.startsWith("q=") ? thousandths(parameter.slice(2)) : undefined;
    // No other name is looked up, so it does not matter whether it is a token.
    if (weight === undefined) continue;
    const coding = name === "x-gzip" ? "gzip" : name;
    if (!weights.has(coding)) weights.set(coding, weight);
  }
  const offered = [...available.filter((coding) => coding !== "identity"), "identity" as const];
  const order = available.includes("identity") ? available : offered;
  const weightOf = (coding: string): number =>
    weights.get(coding) ?? weights.get("*") ?? (coding === "identity" ? 0.5 : 0);
  const best = Math.max(...offered.map(weightOf));
  return best === 0 ? "identity" : (order.find((coding) => weightOf(coding) === best) ?? "identity");
}

function roundOf(subject: Subject): Round {
  return (draw) => {
    const [text, available] = [field(draw), draw.one(AVAILABLE)];
    try {
      const [given, expected] = [subject(text, available), reference(text, available)];
      return given === expected ? undefined : `${JSON.stringify(text)} of ${available} gives ${given}, not ${expected}`;
    } catch (error) {
      return `${JSON.stringify(text)} throws ${error}`;
    }
  };
}

test("any text selects the coding that the reference says", { timeout }, () => {
  expect(fuzz("HTTP codings", roundOf(selectCoding))).toBeUndefined();
});

function tolerant(repair: (text: string) => string): Subject {
  return (text, available) => selectCoding(repair(text), available);
}

test.each<[string, Subject]>([
  ["0 is a weight like any other", tolerant((text) => text.replace(/;q=0(?![.\d])/, ";q=0.001"))],
  ["weights count for nothing", tolerant((text) => text.replace(/;q=0\.5/g, ""))],
  ["a fourth digit is overlooked", tolerant((text) => text.replace(/(0\.\d{3})\d/, "$1"))],
  ["a weight above 1 is taken", tolerant((text) => text.replace(/q=1\.\d+/, "q=1"))],
  ["x-gzip is unknown", tolerant((text) => text.replace("x-gzip", "x-none"))],
  ["a coding is case-sensitive", tolerant((text) => text.replace("GZIP", "x-none"))],
  ["the second of two counts", tolerant((text) => text.split(",").reverse().join())],
  [
    "* is not for identity",
    (text, available) =>
      /identity/.test(text) ? selectCoding(text, available) : selectCoding(`${text}, identity;q=0.001`, available),
  ],
  ["no-break space is white space", tolerant((text) => text.replace("\xa0", " "))],
  [
    "the first that is available",
    (text, available) => (text === "" ? "identity" : (available[0] ?? selectCoding(text, available))),
  ],
])("a fault is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/gives/);
});
