import { array, assert, constantFrom, property } from "fast-check";
import { expect, test } from "vitest";
import { CrlfWriter } from "../../../src/cli/crlf.ts";

function translated(pieces: readonly string[]): string {
  const writer = new CrlfWriter();
  return pieces.map((piece) => Buffer.from(writer.translate(Buffer.from(piece))).toString()).join("");
}

test("each LF without a CR before it gets one", () => {
  expect(translated(["a\nb\r\nc\n\n\r\r\nd\r"])).toBe("a\r\nb\r\nc\r\n\r\n\r\r\nd\r");
});

test("however the text is cut, it comes out the same", () => {
  const piece = array(constantFrom("\r", "\n", "x", "")).map((characters) => characters.join(""));
  assert(
    property(array(piece), (pieces) => {
      expect(translated(pieces)).toBe(pieces.join("").replace(/(?<!\r)\n/g, "\r\n"));
    }),
  );
});
