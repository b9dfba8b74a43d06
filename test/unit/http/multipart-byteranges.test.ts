// Several ranges in one body: RFC 9110, section 14.6.
import { expect, test } from "vitest";
import {
  BOUNDARY_BYTES,
  type MultipartByteRanges,
  multipartByteRanges,
} from "../../../src/http/multipart-byteranges.ts";

const CONTENT = "0123456789abcdefghij";
const RANGES = [
  { first: 10, last: 12 },
  { first: 0, last: 0 },
  { first: 19, last: 19 },
];

function body({ parts, end }: MultipartByteRanges): string {
  const sent = parts.map(({ head, range }) => head.toString("latin1") + CONTENT.slice(range.first, range.last + 1));
  return sent.join("") + end.toString("latin1");
}

test("each part has a head, and a final boundary ends the body", () => {
  const multipart = multipartByteRanges(RANGES, CONTENT.length, "text/plain", "B");
  expect(multipart.contentType).toBe("multipart/byteranges; boundary=B");
  const expected = [
    ...["--B", "Content-Type: text/plain", "Content-Range: bytes 10-12/20", "", "abc"],
    ...["--B", "Content-Type: text/plain", "Content-Range: bytes 0-0/20", "", "0"],
    ...["--B", "Content-Type: text/plain", "Content-Range: bytes 19-19/20", "", "j"],
    ...["--B--", ""],
  ];
  expect(body(multipart)).toBe(expected.join("\r\n"));
});

test("contentLength is the length of the whole body", () => {
  for (const count of [1, 2, 3]) {
    for (const mediaType of [undefined, "text/plain", "x/y; a=\xe9"]) {
      const multipart = multipartByteRanges(RANGES.slice(0, count), CONTENT.length, mediaType);
      expect(multipart.contentLength).toBe(body(multipart).length);
    }
  }
});

test("without a media type, parts have no Content-Type", () => {
  expect(body(multipartByteRanges(RANGES, CONTENT.length, undefined))).not.toContain("Content-Type");
});

test("each boundary is random and at most 70 characters long", () => {
  const boundaries = Array.from({ length: 100 }, () => multipartByteRanges([], 0, undefined).contentType);
  expect(new Set(boundaries).size).toBe(100);
  for (const text of boundaries) expect(text).toMatch(/^multipart\/byteranges; boundary=[0-9a-f]{1,70}$/);
  expect(boundaries[0]?.length).toBe("multipart/byteranges; boundary=".length + 2 * BOUNDARY_BYTES);
});

test("undici parses the body", async () => {
  const multipart = multipartByteRanges(RANGES, CONTENT.length, "text/plain");
  const headers = { "content-type": multipart.contentType.replace("byteranges", "form-data") };
  const named = body(multipart).replace(/Content-Range: (\S+ \S+)/g, 'Content-Disposition: form-data; name="$1"');
  const form = await new Response(named, { headers }).formData();
  expect([...form]).toEqual([
    ["bytes 10-12/20", "abc"],
    ["bytes 0-0/20", "0"],
    ["bytes 19-19/20", "j"],
  ]);
});

test("a media type with a line break is rejected", () => {
  expect(() => multipartByteRanges(RANGES, 20, "a/b\r\nX: y")).toThrow(
    expect.objectContaining({ code: "ERR_SOCKWRIGHT_HTTP_FIELD_VALUE" }),
  );
});
