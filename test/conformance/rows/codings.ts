import { all, any, body, type Check, field, first, status, without } from "../check.ts";
import { fieldOf } from "../response.ts";
import { get, HOST, lines, type Row, request, rowsOf, type Sent } from "../row.ts";
import { CODED, LETTERS } from "../site.ts";

const { rule, policy } = rowsOf("Content codings");
const shows = ["Content-Encoding"];
const gzipAble = { shows, needs: ["gzip"] } as const;

const page = (accepted: string, ...fields: readonly string[]) =>
  get("/page.html", `Accept-Encoding: ${accepted}`, ...fields);

function coded(coding: Exclude<keyof typeof CODED, "identity">): Check {
  return all(status(200), field("Content-Encoding", coding), body(CODED[coding]));
}

const plain = all(status(200), without("Content-Encoding"), body(CODED.identity));
const eitherGzip = any(coded("gzip"), plain);
const notGzip = first("not gzip", (response) => fieldOf(response, "Content-Encoding") !== "gzip");
const noGzip = all(status(200, 406), notGzip);
const varies = field("Vary", /\bAccept-Encoding\b|^\*$/i);

/** The bytes and the length of the requested coding: RFC 9110, section 14.2. */
const partOfForm = first("10 bytes of one form", (response) => {
  const coding = fieldOf(response, "Content-Encoding") ?? "identity";
  const form = Object.entries(CODED).find(([name]) => name === coding)?.[1];
  if (form === undefined) return false;
  if (response.status === 200) return response.body.equals(form);
  const range = `bytes 0-9/${form.length}`;
  return (
    response.status === 206 &&
    response.body.equals(form.subarray(0, 10)) &&
    fieldOf(response, "Content-Range") === range
  );
});

const partOfGzip = all(status(206), field("Content-Encoding", "gzip"), body(CODED.gzip.subarray(0, 10)));

const behindGzip = all(status(416), field("Content-Range", `bytes */${CODED.gzip.length}`));

/** The page in gzip, and without a coding. */
const bothForms: Sent = {
  parts: [
    lines("GET /page.html HTTP/1.1", `Host: ${HOST}`, "Accept-Encoding: gzip", "Connection: close"),
    lines("GET /page.html HTTP/1.1", `Host: ${HOST}`, "Connection: close"),
  ],
  methods: [],
  isApart: true,
};

const ownTags: Check = {
  wanted: "two strong tags, or weak ones",
  holds: ({ finals: [one, other] }) => {
    if (one === undefined || other === undefined) return false;
    const [tag, otherTag] = [one, other].map((response) => fieldOf(response, "ETag") ?? "");
    return tag !== otherTag || tag?.startsWith("W/") === true;
  },
};

/** RFC 9110, sections 8.4 and 12.5.3. */
export const codings: readonly Row[] = [
  policy("9110 12.5.3", "Without the field", get("/page.html"), plain, { shows }),
  rule("9110 12.5.3", "gzip", page("gzip"), eitherGzip, { shows }),
  rule("9110 12.5.3", "An empty field", page(""), plain, { shows }),
  rule("9110 12.5.3", "Without a file in an accepted encoding", page("compress"), plain, { shows }),
  rule("9110 12.4.2", "gzip;q=0", page("gzip;q=0"), noGzip, { shows }),
  rule("9110 12.4.2", "gzip;q=0.000", page("gzip;q=0.000, *;q=0.5"), noGzip, { shows }),
  rule("9110 12.5.3", "*;q=0", page("*;q=0"), any(plain, status(406)), { shows }),
  rule("9110 12.5.3", "gzip;q=0 beside *", page("*, gzip;q=0"), noGzip, { shows }),
  policy("9110 12.5.3", "identity;q=0 alone", page("identity;q=0"), plain, { shows }),
  rule("9110 12.5.3", "identity;q=0, gzip", page("identity;q=0, gzip"), coded("gzip"), gzipAble),
  policy("9110 12.5.3", "gzip before br", page("br;q=0.5, gzip"), coded("gzip"), { shows, needs: ["gzip", "br"] }),
  policy("9110 12.5.3", "br before gzip", page("gzip;q=0.5, br"), coded("br"), { shows, needs: ["gzip", "br"] }),
  policy("9110 12.5.3", "identity before gzip", page("identity, gzip;q=0.5"), plain, gzipAble),
  rule("9110 8.4.1", "GZIP", page("GZIP"), coded("gzip"), gzipAble),
  rule("9110 8.4.1.3", "x-gzip", page("x-gzip"), coded("gzip"), gzipAble),
  rule("9110 12.4.2", "gzip;Q=0.5", page("gzip;Q=0.5"), coded("gzip"), gzipAble),
  rule("9110 5.6.3", "Space around the weight", page("br ; q=0 , gzip ; q=1"), coded("gzip"), gzipAble),
  rule("9110 5.3", "On two lines", page("compress", "Accept-Encoding: gzip"), coded("gzip"), gzipAble),
  rule("9110 5.6.1.2", "After an empty member", page(", gzip"), coded("gzip"), gzipAble),
  rule("9110 5.6.2", "Only by the whole name", page("gzipped, xbr"), plain, { shows }),
  rule("7932", "br", page("br"), coded("br"), { shows, needs: ["br"] }),
  rule("8878", "zstd", page("zstd"), coded("zstd"), { shows, needs: ["zstd"] }),
  policy("9110 12.5.3", "What browsers send", page("gzip, deflate, br, zstd"), coded("br"), { shows }),
  policy("9110 12.4.2", "A malformed weight", page("gzip;q=high"), plain, { shows }),
  rule("9110 12.5.5", "Vary of gzip", page("gzip"), varies, gzipAble),
  rule("9110 12.5.5", "Vary of the same page without an encoding", page("identity"), varies, gzipAble),
  rule("9110 15.4.5", "Vary of a 304", page("gzip", "If-None-Match: <gzip etag>"), all(status(304), varies), gzipAble),
  rule("9110 8.8.3.3", "Each encoding has its own tag", bothForms, ownTags, gzipAble),
  rule("9110 13.1.2", "The tag of gzip, for gzip", page("gzip", "If-None-Match: <gzip etag>"), status(304), gzipAble),
  rule("9110 13.1.2", "The tag of the page, for gzip", page("gzip", "If-None-Match: <page etag>"), coded("gzip"), {
    shows,
    needs: ["gzip", "strong gzip etag"],
  }),
  rule(
    "9110 13.1.3",
    "The date of gzip, for gzip",
    page("gzip", "If-Modified-Since: <gzip modified>"),
    status(304),
    gzipAble,
  ),
  rule(
    "9110 13.1.4",
    "If-Modified-Since with an earlier date",
    page("gzip", "If-Unmodified-Since: <gzip modified>"),
    status(200),
    gzipAble,
  ),
  rule(
    "9110 13.1.5",
    "A range of gzip, with its tag",
    page("gzip", "Range: bytes=0-9", "If-Range: <gzip modified>"),
    partOfGzip,
    {
      shows,
      needs: ["gzip", "ranges"],
    },
  ),
  rule("9110 14.2", "A range of gzip", page("gzip", "Range: bytes=0-9"), partOfForm, gzipAble),
  rule("9110 15.5.17", "A range after the end of gzip", page("gzip", "Range: bytes=3000-"), behindGzip, {
    shows: ["Content-Range"],
    needs: ["gzip", "ranges"],
  }),
  rule(
    "9110 13.1.5",
    "If-Range with the tag of gzip",
    page("gzip", "Range: bytes=0-9", "If-Range: <gzip etag>"),
    partOfGzip,
    {
      shows,
      needs: ["gzip", "ranges", "strong gzip etag"],
    },
  ),
  rule(
    "9110 13.1.5",
    "… with the tag of the page",
    page("gzip", "Range: bytes=0-9", "If-Range: <page etag>"),
    coded("gzip"),
    {
      shows,
      needs: ["gzip", "ranges", "strong gzip etag"],
    },
  ),
  rule("9110 8.3", "The type of gzip is the page's", page("gzip"), field("Content-Type", /^text\/html\b/i), gzipAble),
  rule("9110 8.6", "The length of gzip", page("gzip"), field("Content-Length", `${CODED.gzip.length}`), gzipAble),
  rule(
    "9110 9.3.2",
    "HEAD of gzip",
    request("HEAD", "/page.html", "Accept-Encoding: gzip"),
    all(status(200), field("Content-Encoding", "gzip")),
    gzipAble,
  ),
  rule(
    "9110 12.5.3",
    "A file without encoded versions",
    get("/file.txt", "Accept-Encoding: gzip, br"),
    all(status(200), body(LETTERS)),
  ),
  policy(
    "9110 8.4",
    "An encoded file older than its file",
    get("/stale.html", "Accept-Encoding: gzip"),
    body("new\n"),
    {
      shows,
    },
  ),
  policy(
    "9110 8.4",
    "An encoded file by its own name",
    get("/page.html.gz"),
    all(status(200), without("Content-Encoding"), field("Content-Type", "application/gzip")),
    { shows: ["Content-Type"] },
  ),
];
