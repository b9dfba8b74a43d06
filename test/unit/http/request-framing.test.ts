// The framing of a request whose fields are as long as possible.
import { expect, test } from "vitest";
import { requestFraming } from "../../../src/http/request-framing.ts";

test.for([
  ["white space in a coding", `a${" ".repeat(256 * 1024)}b`, "coding-malformed"],
  ["white space in front of its parameters", `a${"\t".repeat(256 * 1024)};b`, "coding-not-last"],
  ["parameters", `a${";".repeat(256 * 1024)}, chunked`, "coding-unknown"],
] as const)("any amount of %s is parsed in one pass", ([, coding, reason]) => {
  // A regular expression that starts at each of these characters would take a minute.
  expect(requestFraming(undefined, coding, 1)).toMatchObject({ reason });
});

test.for(["gzip ; a=b, chunked", "gzip\t;a, chunked", "gzip;a ;b, chunked"])(
  "%j names a coding that is not implemented",
  (coding) => {
    expect(requestFraming(undefined, coding, 1)).toMatchObject({ status: 501 });
  },
);

test("only SP and HTAB may precede parameters", () => {
  expect(requestFraming(undefined, "gzip\u00a0;a, chunked", 1)).toMatchObject({ reason: "coding-malformed" });
});
