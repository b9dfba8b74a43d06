import { array, assert, constantFrom, property } from "fast-check";
import { expect, test } from "vitest";
import { CrlfWriter } from "../../../src/cli/crlf.ts";

function translated(pieces: readonly string[]): string {
  const writer = new CrlfWriter();
  return pieces.map((piece) => Buffer.from(writer.translate(Buffer.from(piece))).toString()).join("");
}

test("a CR is added before each LF that has none", () => {
  expect(translated(["a\nb\r\nc\n\n\r\r\nd\r"])).toBe("a\r\nb\r\nc\r\n\r\n\r\r\nd\r");
});

test("the result does not depend on how the text is cut", () => {
  const piece = array(constantFrom("\r", "\n", "x", "")).map((characters) => characters.join(""));
  assert(
    property(array(piece), (pieces) => {
      expect(translated(pieces)).toBe(pieces.join("").replace(/(?<!\r)\n/g, "\r\n"));
    }),
  );
});
