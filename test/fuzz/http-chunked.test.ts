// The fuzz test of chunked bodies: against a reference, and by rules that hold for any bytes, however they are cut.
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { encodeChunk, encodeLastChunk } from "../../src/http/chunk-encoder.ts";
import { type Decoded, decodeBody } from "../support/http-decode.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout, told } from "./fuzz-run.ts";
import { referenceBody } from "./http-reference.ts";

type Subject = (text: string, cuts: readonly number[]) => Decoded;

const EXTENSIONS = ["", "", ";a", ";a=b", ' ; a = "b"', ';a="\\""', ";", "; a=", ";a=b=c", ";\xe9", ';a="'] as const;
const TRAILERS = ["A: b", "Content-Length: 5", "TE:x", "__proto__: c", "A : b", " b", "Host: a", "B:\t\xe9"] as const;
const SIZES = [
  "+3",
  "0x3",
  " 3",
  "3 ",
  "-1",
  "",
  "g",
  "20000000000000",
  "00000000000000003",
  "0000000000000003",
] as const;
const LETTERS = ["\r\n", "\r\n\r\n", "\r", "\n", "\0", "\x7f", "\x80", "0\r\n", ...'\t ;="\\:+-0123afAFx'] as [
  string,
  ...string[],
];

function text(draw: Draw): string {
  const chunks = Array.from({ length: draw.below(4) }, () => {
    const data = Buffer.from(draw.bytes(1 + draw.below(draw.one([3, 20, 300])))).toString("latin1");
    const digits = data.length.toString(16);
    const size = draw.once(20) ? draw.one(SIZES) : draw.one([digits, digits, digits.toUpperCase(), `00${digits}`]);
    return `${size}${draw.one(EXTENSIONS)}\r\n${data}\r\n`;
  });
  const trailers = Array.from({ length: draw.one([0, 0, 1, 3, 33]) }, () => `${draw.one(TRAILERS)}\r\n`);
  const all = `${chunks.join("")}${draw.one(["0", "0", "000", "0;a"])}\r\n${trailers.join("")}\r\n${draw.one(["", "GET /"])}`;
  return draw.mistakes(all, draw.one([0, 0, 0, 1, 2]), LETTERS);
}

function roundOf(subject: Subject): Round {
  return (draw) => {
    const given = text(draw);
    const cuts = Array.from({ length: draw.below(5) }, () => draw.below(given.length + 1)).sort((a, b) => a - b);
    try {
      const whole = subject(given, []);
      const { data, trailers, rest } = referenceBody(given);
      if (!isDeepStrictEqual(whole.trailers, trailers)) return told(given, "gives", whole, "not", trailers);
      if (trailers !== undefined && whole.rest !== rest) return told(given, "leaves", whole.rest, "not", rest);
      // For a refused body, both give what came before.
      if (whole.data !== data) return told(given, "gives", whole.data, "not", data);
      const cut = subject(given, cuts);
      if (!isDeepStrictEqual(cut, whole)) return told(given, "gives", whole, "and cut at", cuts, cut);
      return encodedAgain(data, trailers ?? []);
    } catch (error) {
      return told(given, "throws", String(error));
    }
  };
}

/** A decoded body can be encoded, and decodes to the same. */
function encodedAgain(data: string, trailers: readonly (readonly [string, string])[]): string | undefined {
  const bytes = Buffer.concat([encodeChunk(Buffer.from(data, "latin1")), encodeLastChunk(trailers)]).toString("latin1");
  const again = decodeBody(bytes);
  return again.data === data && isDeepStrictEqual(again.trailers, trailers) ? undefined : told(bytes, "gives", again);
}

test("any bytes decode to the body that the reference says, however they are cut", { timeout }, () => {
  expect(fuzz("HTTP chunked", roundOf(decodeBody))).toBeUndefined();
});

function tolerant(repair: (text: string) => string): Subject {
  return (given) => decodeBody(repair(given));
}

test.each<[string, Subject]>([
  ["a sign before a size", tolerant((given) => given.replace(/^\+/, ""))],
  ["0x before a size", tolerant((given) => given.replace(/^0x/, ""))],
  ["white space before a size", tolerant((given) => given.replace(/^ /, ""))],
  ["white space behind a size", tolerant((given) => given.replace(/^([0-9a-f]+) \r/, "$1\r"))],
  ["a size that is cut to 16 digits", tolerant((given) => given.replace(/^0(?=0{15}3)/, ""))],
  ["an extension without a name", tolerant((given) => given.replace(/^([0-9a-f]+);\r/, "$1\r"))],
  ["a LF alone ends the line of a chunk", tolerant((given) => given.replace(/^([0-9a-f]+)\n/, "$1\r\n"))],
  ["a length as a trailer", (given) => withTrailers(given, (trailers) => [...trailers, ["Content-Length", "5"]])],
  ["trailers that are lost", (given) => withTrailers(given, () => [])],
  ["a byte that is lost at a cut", (given, [cut = 0]) => decodeBody(given.slice(0, cut) + given.slice(cut + 1))],
  ["a body that ends at its last chunk", (given, cuts) => ({ ...decodeBody(given, cuts), rest: "" })],
])("a fault is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/gives|leaves/);
});

function withTrailers(
  given: string,
  change: (trailers: NonNullable<Decoded["trailers"]>) => NonNullable<Decoded["trailers"]>,
): Decoded {
  const result = decodeBody(given);
  return result.trailers === undefined ? result : { ...result, trailers: change(result.trailers) };
}
