import { all, any, body, type Check, field, first, goesOn, status, without } from "../check.ts";
import { fieldOf, type Response } from "../response.ts";
import { get, kept, type Row, request, rowsOf } from "../row.ts";
import { EARLIER, LARGE, LATER, LETTERS, MODIFIED } from "../site.ts";

const { rule, policy } = rowsOf("Ranges");
const needs = ["ranges"] as const;
const file = (range: string, ...fields: readonly string[]) => get("/file.txt", `Range: ${range}`, ...fields);

const whole = all(status(200), body(LETTERS, "all of it"), without("Content-Range"));
const unsatisfied = all(status(416), field("Content-Range", "bytes */26"));
/** RFC 9110, section 14.2: a malformed range may be ignored or refused. */
const ignored = any(whole, status(400, 416));

function part(first: number, last: number): Check {
  const range = field("Content-Range", `bytes ${first}-${last}/26`);
  return all(status(206), range, body(LETTERS.slice(first, last + 1)));
}

/** Two parts of the large file, each with its own Content-Range: RFC 9110, section 14.6. */
function inParts(...ranges: readonly (readonly [number, number])[]): Check {
  return first(`206 in ${ranges.length} parts`, (response) => {
    const [, boundary] = /^multipart\/byteranges; *boundary="?([^";]+)"?$/i.exec(typeOf(response)) ?? [];
    if (response.status !== 206 || boundary === undefined) return false;
    if (fieldOf(response, "Content-Range") !== undefined) return false;
    const parts = response.body.toString("latin1").split(`--${boundary}`).slice(1, -1);
    return parts.length === ranges.length && ranges.every(([from, to], place) => isPart(parts[place] ?? "", from, to));
  });
}

function isPart(text: string, from: number, to: number): boolean {
  const [head = "", content = ""] = text.split("\r\n\r\n");
  const range = `\r\nContent-Range: bytes ${from}-${to}/${LARGE.length}`.toLowerCase();
  return head.toLowerCase().includes(range) && content === `${LARGE.toString("latin1", from, to + 1)}\r\n`;
}

function typeOf(response: Response): string {
  return fieldOf(response, "Content-Type") ?? "";
}

const lastOfLarge = all(
  status(206),
  field("Content-Range", `bytes ${LARGE.length - 3}-${LARGE.length - 1}/${LARGE.length}`),
  body(LARGE.subarray(-3)),
);

/** RFC 9110, section 14. */
export const ranges: readonly Row[] = [
  rule("9110 14.2", "The first bytes", file("bytes=0-4"), part(0, 4), { needs }),
  rule("9110 14.1.2", "From a byte on", file("bytes=20-"), part(20, 25), { needs }),
  rule("9110 14.1.2", "The last bytes", file("bytes=-5"), part(21, 25), { needs }),
  rule("9110 14.1.2", "The last bytes, more than there are", file("bytes=-100"), any(part(0, 25), whole), { needs }),
  rule("9110 14.1.2", "An end after the end of the file", file("bytes=20-100"), part(20, 25), { needs }),
  rule("9110 14.1.2", "From the first byte on", file("bytes=0-"), any(part(0, 25), whole), { needs }),
  rule("9110 14.1.2", "One byte", file("bytes=0-0"), part(0, 0), { needs }),
  rule("9110 15.5.17", "From after the last byte on", file("bytes=26-"), unsatisfied, { needs }),
  rule("9110 15.5.17", "A range after the last byte", file("bytes=100-200"), unsatisfied, { needs }),
  rule("9110 14.1.2", "The last 0 bytes", file("bytes=-0"), unsatisfied, { needs }),
  rule("9110 14.1.1", "Reversed", file("bytes=5-2"), ignored, { needs }),
  rule("9110 14.1.1", "Not a number", file("bytes=a-b"), ignored, { needs }),
  rule("9110 14.1.1", "Nothing", file("bytes="), ignored, { needs }),
  rule("9110 14.1.1", "A dash", file("bytes=-"), ignored, { needs }),
  rule("9110 14.1.1", "A number without a dash", file("bytes=5"), ignored, { needs }),
  rule("9110 14.1.1", "A sign", file("bytes=+1-5"), ignored, { needs }),
  rule("9110 14.1.1", "Two dashes", file("bytes=--5"), ignored, { needs }),
  rule("9110 14.1.1", "A part of a number", file("bytes=1x-5"), ignored, { needs }),
  rule("9110 14.1.1", "One malformed of two", file("bytes=0-4,abc"), ignored, { needs }),
  rule("9110 14.1.1", "No unit", file("0-4"), ignored, { needs }),
  rule("9110 14.2", "Another unit", file("items=0-4"), whole, { needs }),
  rule("9110 14.1", "The unit in upper case", file("Bytes=0-4"), any(part(0, 4), whole), { needs }),
  policy("9110 5.6.1", "A space after the equals sign", file("bytes= 0-4"), part(0, 4), { needs }),
  rule("9110 5.6.1.2", "An empty member", file("bytes=0-1,"), any(part(0, 1), whole), { needs }),
  rule(
    "9110 14.1.2",
    "A number beyond 64 bits at the end",
    file("bytes=20-99999999999999999999999"),
    any(part(20, 25), ignored),
    { needs },
  ),
  rule("9110 14.1.2", "… at the beginning", file("bytes=99999999999999999999999-"), ignored, { needs }),
  rule("9110 14.1.2", "… of last bytes", file("bytes=-99999999999999999999999"), any(part(0, 25), ignored), { needs }),
  rule(
    "9110 14.6",
    "Two ranges, far apart",
    get("/large.bin", "Range: bytes=0-1,100000-100002"),
    any(inParts([0, 1], [100_000, 100_002]), all(status(200), body(LARGE, "all of it"))),
    { needs },
  ),
  rule("9110 14.2", "Two ranges, one of them after the end", file("bytes=0-4,100-200"), any(part(0, 4), whole), {
    needs,
  }),
  rule(
    "9110 15.3.7.2",
    "Two ranges that overlap",
    file("bytes=0-5,3-8"),
    any(
      part(0, 8),
      whole,
      status(416),
      first("206 in two parts", (response) => response.status === 206 && typeOf(response).startsWith("multipart/")),
    ),
    { needs },
  ),
  policy("9110 14.2", "Two ranges, close together, are sent as one", file("bytes=0-1,4-5"), part(0, 5), { needs }),
  policy("9110 14.2", "200 ranges", file(`bytes=${"0-0,".repeat(199)}0-0`), whole, { needs }),
  policy("9110 14.2", "Two Range lines", file("bytes=0-1", "Range: bytes=3-4"), whole, { needs }),
  rule(
    "9110 14.2",
    "HEAD ignores a range",
    request("HEAD", "/file.txt", "Range: bytes=0-4"),
    all(status(200), without("Content-Range")),
    { needs },
  ),
  rule("9110 13.1.5", "If-Range, its own tag", file("bytes=0-4", "If-Range: <strong>"), part(0, 4), { needs }),
  rule("9110 13.1.5", "…, another tag", file("bytes=0-4", 'If-Range: "other"'), whole, { needs }),
  rule("9110 13.1.5", "…, compared strongly", file("bytes=0-4", "If-Range: W/<opaque>"), whole, { needs }),
  rule("9110 13.1.5", "…, its own date", file("bytes=0-4", `If-Range: ${MODIFIED}`), part(0, 4), { needs }),
  rule("9110 13.1.5", "…, a later date", file("bytes=0-4", `If-Range: ${LATER}`), whole, { needs }),
  rule("9110 13.1.5", "…, an earlier date", file("bytes=0-4", `If-Range: ${EARLIER}`), whole, { needs }),
  rule("9110 13.1.5", "…, neither a tag nor a date", file("bytes=0-4", "If-Range: yesterday"), whole, { needs }),
  rule("9110 13.1.5", "…, without Range", get("/file.txt", 'If-Range: "other"'), whole),
  rule(
    "9110 15.3.7",
    "A 206 has the tag and the date of a 200",
    file("bytes=0-4"),
    all(status(206), field("ETag", /./), field("Date", /GMT$/)),
    { needs: ["ranges", "etag"] },
  ),
  rule("9112 6.3", "The end of a 206 is known", kept("GET", "/file.txt", "Range: bytes=0-4"), all(part(0, 4), goesOn), {
    needs,
  }),
  rule(
    "9112 6.3",
    "The end of a 206 in parts is known",
    kept("GET", "/large.bin", "Range: bytes=0-1,100000-100002"),
    all(status(206, 200), goesOn),
    { needs },
  ),
  rule("9110 14.1.2", "The last bytes of a large file", get("/large.bin", "Range: bytes=-3"), lastOfLarge, { needs }),
  rule(
    "9112 6.3",
    "The end of a 416 is known",
    kept("GET", "/file.txt", "Range: bytes=99-"),
    all(status(416), goesOn),
    {
      needs,
    },
  ),
  rule(
    "9110 13.2.2",
    "If-None-Match takes precedence over 416",
    file("bytes=100-", "If-None-Match: <etag>"),
    status(304),
    { needs },
  ),
  rule(
    "9110 13.2.2",
    "If-Modified-Since takes precedence over 206",
    file("bytes=0-4", `If-Modified-Since: ${MODIFIED}`),
    status(304),
    {
      needs,
    },
  ),
  rule("9110 13.2.2", "If-Match takes precedence over 206", file("bytes=0-4", 'If-Match: "other"'), status(412), {
    needs,
  }),
  rule("9110 14.1.2", "An empty file from its first byte on", get("/empty.txt", "Range: bytes=0-"), status(416, 200), {
    needs,
  }),
  rule("9110 14.1.2", "The last bytes of an empty file", get("/empty.txt", "Range: bytes=-5"), status(200, 416), {
    needs,
  }),
  rule("9110 14.2", "A range of a missing file", get("/missing", "Range: bytes=0-4"), status(404), { needs }),
  policy("9110 14.3", "Ranges are announced", get("/file.txt"), field("Accept-Ranges", "bytes")),
];
