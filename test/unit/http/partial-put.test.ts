import { expect, test } from "vitest";
import { parsePartialContent } from "../../../src/http/partial-put.ts";

test.each([
  ["bytes 0-4/5", { first: 0, last: 4, length: 5 }],
  ["Bytes 2-2/*", { first: 2, last: 2, length: undefined }],
  ["bytes 4-3/9", undefined],
  ["bytes 0-5/5", undefined],
  ["bytes */5", undefined],
  ["bytes=0-4/5", undefined],
  ["items 0-4/5", undefined],
  ["bytes 0-4", undefined],
  ["bytes -4/5", undefined],
  ["bytes 0-9999999999999999/*", undefined],
])("%j", (text, expected) => {
  expect(parsePartialContent(text)).toEqual(expected);
});
