import { expect, test } from "vitest";
import { LineSplitter } from "../../../../src/cli/chat/line-splitter.ts";

test("lines in any pieces, with either end, and the last one without", () => {
  const splitter = new LineSplitter();
  const lines: string[] = [];
  for (const byte of Buffer.from("one\r\n\ntwo\nthr\ree")) {
    for (const line of splitter.push(Uint8Array.of(byte))) lines.push(String(line.bytes));
  }
  expect(lines).toEqual(["one", "", "two"]);
  expect(String(splitter.end()?.bytes)).toBe("thr\ree");
  expect(splitter.end()).toBeUndefined();
});

test("of a line that is too long its beginning is kept, and the next one is whole", () => {
  const splitter = new LineSplitter(4);
  const lines = [...splitter.push(Buffer.from("four\nfive!")), ...splitter.push(Buffer.from("more\nsix\n"))];
  expect(lines.map(({ bytes, isCut }) => [String(bytes), isCut])).toEqual([
    ["four", false],
    ["five", true],
    ["six", false],
  ]);
});
