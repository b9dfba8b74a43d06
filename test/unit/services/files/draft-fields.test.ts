import { expect, test } from "vitest";
import { Fields } from "../../../../src/http/fields.ts";
import {
  completeField,
  readDraftFields,
  uploadLimit,
  versionFields,
} from "../../../../src/services/files/draft-fields.ts";

const read = (fields: Record<string, string>): unknown => readDraftFields(Fields.of(Object.entries(fields)));

test("the newest draft", () => {
  expect(read({ "Upload-Complete": "?1", "Upload-Offset": "5", "Upload-Length": "9" })).toEqual({
    version: "newest",
    isComplete: true,
    offset: 5,
    length: 9,
  });
  expect(read({})).toEqual({ version: "newest", isComplete: undefined, offset: undefined, length: undefined });
});

test("a malformed field is as if it were not there", () => {
  const fields = { "Upload-Complete": "1", "Upload-Offset": "-1", "Upload-Length": "a" };
  expect(read(fields)).toEqual(read({}));
});

test("interop version 3 says the opposite", () => {
  const version = { "Upload-Draft-Interop-Version": "3" };
  expect(read({ ...version, "Upload-Incomplete": "?1" })).toMatchObject({ version: 3, isComplete: false });
  expect(read({ ...version, "Upload-Incomplete": "?0" })).toMatchObject({ isComplete: true });
  expect(read({ "Upload-Incomplete": "?1" })).toMatchObject({ isComplete: undefined });
  expect(completeField(3, true)).toEqual(["Upload-Incomplete", "?0"]);
  expect(completeField(6, true)).toEqual(["Upload-Complete", "?1"]);
});

test.each([
  ["5", 5],
  ["6", 6],
  ["8", "newest"],
  ["x", "newest"],
])("the version %j", (text, version) => {
  expect(read({ "Upload-Draft-Interop-Version": text })).toMatchObject({ version });
});

test("fields of answers", () => {
  expect(versionFields("newest")).toEqual([]);
  expect(versionFields(5)).toEqual([["Upload-Draft-Interop-Version", "5"]]);
  expect(uploadLimit(100, 1_999)).toBe("max-size=100, max-age=1");
  expect(uploadLimit(100, -5)).toBe("max-size=100, max-age=0");
});
