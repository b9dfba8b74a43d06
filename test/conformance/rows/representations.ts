import { all, any, body, type Check, field, first, status, without } from "../check.ts";
import { fieldOf } from "../response.ts";
import { get, HOST, lines, type Row, request, rowsOf, type Sent } from "../row.ts";
import { INDEX, LETTERS, MODIFIED } from "../site.ts";

const { rule, policy } = rowsOf("Representations");

/** Only fields made from the content may be missing, and only fields of the connection may differ: RFC 9110, section 9.3.2. */
const MAY_DIFFER = /^(?:date|connection|keep-alive|content-length|transfer-encoding|age)$/i;

/** HEAD, followed by GET. */
function headAndGet(target: string, ...fields: readonly string[]): Sent {
  const [first, second] = ["HEAD", "GET"].map((method) => `${method} ${target} HTTP/1.1`);
  const all = [`Host: ${HOST}`, ...fields, "Connection: close"];
  return {
    parts: [lines(first ?? "", ...all), lines(second ?? "", ...all)],
    methods: ["HEAD", "GET"],
    isApart: true,
  };
}

/** The checks of GET from another row apply here too, so that errors of the server do not count. */
const sameFields: Check = {
  wanted: "the fields of GET",
  holds: ({ finals: [head, get] }) => {
    if (head === undefined || get?.status !== head.status || get.status >= 500) return false;
    const length = fieldOf(head, "Content-Length");
    if (length !== undefined && length !== fieldOf(get, "Content-Length")) return false;
    const [ofHead, ofGet] = [head, get].map(({ fields }) =>
      fields
        .filter(([name]) => !MAY_DIFFER.test(name))
        .map((own) => own.join(": "))
        .sort()
        .join("\n"),
    );
    return ofHead === ofGet;
  },
};

/** RFC 9110, section 5.6.7: a sent date has the one form that is not obsolete. */
const DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;
const dated = field("Date", DATE);
/** A response without such a date is correct too. */
const notAhead = first("200, none or Date at most", (response) => {
  const [modified, sent] = ["Last-Modified", "Date"].map((name) => Date.parse(fieldOf(response, name) ?? ""));
  return response.status === 200 && !((modified ?? 0) > (sent ?? 0));
});
const shows = ["Content-Type"];

/** Spaces and case do not matter: RFC 9110, sections 5.6.6 and 8.3.1. */
function typed(section: string, target: string, ...types: readonly string[]): Row {
  const check = first(types.join(" or "), (response) => {
    const type = fieldOf(response, "Content-Type")?.toLowerCase().replace(/; */, "; ");
    return type !== undefined && types.includes(type);
  });
  return policy(section, `The type of ${target}`, get(target), check, { shows });
}

/** RFC 9110, sections 6 to 8, and what a HEAD says. */
export const representations: readonly Row[] = [
  rule("9110 6.6.1", "Date of a 200", get("/file.txt"), all(status(200), dated)),
  rule("9110 6.6.1", "Date of a 301", get("/folder"), all(status(301, 302, 307, 308), dated), {
    needs: ["redirect"],
  }),
  rule("9110 6.6.1", "Date of a 404", get("/missing"), all(status(404), dated)),
  rule("9110 6.6.1", "Date of an answer to DELETE", request("DELETE", "/file.txt"), dated),
  rule("9110 8.6", "The length of a file", get("/file.txt"), all(field("Content-Length", "26"), body(LETTERS))),
  rule("9110 8.6", "The length of an empty file", get("/empty.txt"), all(status(200), field("Content-Length", "0"))),
  rule("9110 8.8.2", "The time of modification", get("/file.txt"), field("Last-Modified", MODIFIED)),
  rule("9110 8.8.2.1", "No modification time in the future", get("/future.txt"), notAhead, {
    shows: ["Last-Modified"],
  }),
  rule("9110 8.3", "A 404 has a Content-Type for its text", get("/missing"), {
    wanted: "404, Content-Type where there is content",
    holds: ({ finals: [response] }) =>
      response?.status === 404 && (response.body.length === 0 || fieldOf(response, "Content-Type") !== undefined),
  }),
  rule("9110 8.8.4", "A well-formed tag", get("/file.txt"), field("ETag", /^(?:W\/)?"[!#-~\x80-\xff]*"$/)),
  policy("9110 8.8.1", "A strong tag", get("/file.txt"), field("ETag", /^"/)),
  rule("9110 8.3", "A media type", get("/page.html"), field("Content-Type", /^text\/html\b/i), { shows }),
  rule(
    "9110 9.3.7",
    "An OPTIONS without content",
    request("OPTIONS", "/file.txt"),
    any(
      status(405, 501),
      all(status(204), without("Content-Length")),
      all(status(200), field("Content-Length", /^\d+$/)),
      all(status(200), field("Transfer-Encoding", "chunked")),
    ),
  ),
  rule("9110 9.3.2", "HEAD has the fields of GET: a file", headAndGet("/file.txt"), sameFields),
  rule("9110 9.3.2", "…: an index", headAndGet("/"), sameFields),
  rule("9110 9.3.2", "…: an encoded page", headAndGet("/page.html", "Accept-Encoding: gzip"), sameFields),
  rule("9110 9.3.2", "…: an empty file", headAndGet("/empty.txt"), sameFields),
  rule("9110 9.3.2", "…: a redirect", headAndGet("/folder"), sameFields),
  rule("9110 9.3.2", "…: a missing file", headAndGet("/missing"), sameFields),
  rule("9110 9.3.2", "…: a 304", headAndGet("/file.txt", "If-None-Match: *"), sameFields),
  rule("9110 9.3.2", "…: a 412", headAndGet("/file.txt", 'If-Match: "other"'), sameFields),
  policy(
    "9110 15.5.5",
    "A 404 has a text",
    get("/missing"),
    all(
      status(404),
      first("a text", (response) => response.body.length > 0),
    ),
  ),
  policy("9110 8.3", "The index of the root", get("/"), all(status(200), body(INDEX)), { shows }),
  typed("9110 8.3.2", "/page.html", "text/html; charset=utf-8"),
  typed("9110 8.3.2", "/file.txt", "text/plain; charset=utf-8"),
  typed("9110 8.3.2", "/style.css", "text/css; charset=utf-8"),
  typed("9239 6", "/script.js", "text/javascript; charset=utf-8"),
  typed("8259 11", "/data.json", "application/json", "application/json; charset=utf-8"),
  typed("9110 8.3", "/image.svg", "image/svg+xml", "image/svg+xml; charset=utf-8"),
  typed("9110 8.3", "/image.png", "image/png"),
  typed("9110 8.3", "/unknown", "application/octet-stream"),
  policy(
    "9110 10.2.4",
    "The server does not reveal its version",
    get("/file.txt"),
    all(status(200), any(without("Server"), field("Server", /^\D*$/))),
    {
      shows: ["Server"],
    },
  ),
];
