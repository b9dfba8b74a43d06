import fc from "fast-check";
import { expect, test } from "vitest";
import {
  MAX_CONCATENATED,
  MAX_METADATA_PAIRS,
  parseChecksum,
  parseConcat,
  parseMetadata,
  parseSize,
} from "../../../../src/services/files/tus-fields.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

test("metadata", () => {
  expect(parseMetadata(`filename ${base64("a b")},empty,other ${base64("")}`)).toEqual(
    new Map([
      ["filename", Buffer.from("a b")],
      ["empty", Buffer.alloc(0)],
      ["other", Buffer.alloc(0)],
    ]),
  );
  for (const bad of ["", " ", "a b c", "a !", "a,a", "ä AAAA", "a A", ",a"]) expect(parseMetadata(bad)).toBeUndefined();
  const pairs = (count: number): string => Array.from({ length: count }, (_, at) => `k${at} AAAA`).join(",");
  expect(parseMetadata(pairs(MAX_METADATA_PAIRS))?.size).toBe(MAX_METADATA_PAIRS);
  expect(parseMetadata(pairs(MAX_METADATA_PAIRS + 1))).toBeUndefined();
});

test("checksums", () => {
  const sha1 = Buffer.alloc(20, 1);
  expect(parseChecksum(`sha1 ${sha1.toString("base64")}`)).toEqual({ algorithm: "sha1", digest: sha1 });
  expect(parseChecksum("md5 AAAA")).toBe("unsupported");
  for (const bad of ["", "sha1", "sha1 AAAA", "SHA1 AAAA", "sha256 !", `sha256 ${sha1.toString("base64")}`]) {
    expect(parseChecksum(bad)).toBeUndefined();
  }
});

test("concatenation", () => {
  expect(parseConcat("partial")).toBe("partial");
  expect(parseConcat("final;/a /b")).toEqual(["/a", "/b"]);
  expect(parseConcat("final; /a")).toEqual(["/a"]);
  for (const bad of ["", "final", "final;", "final;  ", "Partial"]) expect(parseConcat(bad)).toBeUndefined();
  const urls = (count: number): string => `final;${"/a ".repeat(count)}`;
  expect(parseConcat(urls(MAX_CONCATENATED))).toHaveLength(MAX_CONCATENATED);
  expect(parseConcat(urls(MAX_CONCATENATED + 1))).toBeUndefined();
});

test("sizes", () => {
  expect(parseSize("0")).toBe(0);
  for (const bad of ["", "-1", "+1", "1.0", " 1", "1e3", "9999999999999999"]) expect(parseSize(bad)).toBeUndefined();
});

test("any text is read or refused", () => {
  const read = (text: string): unknown =>
    [parseMetadata, parseChecksum, parseConcat, parseSize].map((parse) => parse(text));
  fc.assert(fc.property(fc.string(), (text) => void expect(() => read(text)).not.toThrow()));
});
