import { all, any, field, first, goesOn, inStep, status, without } from "../check.ts";
import { fieldOf } from "../response.ts";
import { get, kept, type Row, request, rowsOf } from "../row.ts";
import { EARLIER, LATER, MODIFIED, MODIFIED_ASCTIME, MODIFIED_RFC_850 } from "../site.ts";

const { rule, policy } = rowsOf("Conditional requests");
const file = (...fields: readonly string[]) => get("/file.txt", ...fields);

/** RFC 9110, section 13. */
export const conditionals: readonly Row[] = [
  rule("9110 13.1.2", "If-None-Match, its own tag", file("If-None-Match: <etag>"), status(304)),
  rule("9110 13.1.2", "…, compared weakly", file("If-None-Match: W/<opaque>"), status(304)),
  rule("9110 13.1.2", "…, another tag", file('If-None-Match: "other"'), status(200)),
  rule("9110 13.1.2", "…, in a list", file('If-None-Match: "a", <etag>, "b"'), status(304)),
  rule("9110 13.1.2", "…, in a list without spaces", file('If-None-Match: "a",<etag>,"b"'), status(304)),
  rule("9110 5.2", "…, in a list on two lines", file('If-None-Match: "a"', "If-None-Match: <etag>"), status(304)),
  rule("9110 8.8.3", "…, after a tag with a comma", file('If-None-Match: "a,b", <etag>'), status(304)),
  rule("9110 5.6.1.2", "…, in a list with empty members", file("If-None-Match: , ,<etag>,"), status(304)),
  rule("9110 13.1.2", "…, any tag", file("If-None-Match: *"), status(304)),
  rule("9110 13.1.2", "…, with HEAD", request("HEAD", "/file.txt", "If-None-Match: <etag>"), status(304)),
  policy("9110 13.1.2", "…, without quotes", file("If-None-Match: other"), status(200)),
  policy("9110 13.1.2", "…, `*` in a list", file('If-None-Match: "a", *'), status(200)),
  rule(
    "9110 13.1.3",
    "If-Modified-Since is ignored if there is If-None-Match",
    file('If-None-Match: "other"', `If-Modified-Since: ${MODIFIED}`),
    status(200),
  ),
  rule(
    "9110 13.2.2",
    "If-None-Match takes precedence over an older If-Modified-Since",
    file("If-None-Match: <etag>", `If-Modified-Since: ${EARLIER}`),
    status(304),
  ),
  rule("9110 13.1.1", "If-Match, its own tag", file("If-Match: <strong>"), status(200)),
  rule("9110 13.1.1", "…, compared strongly", file("If-Match: W/<opaque>"), status(412)),
  rule("9110 13.1.1", "…, another tag", file('If-Match: "other"'), status(412)),
  rule("9110 13.1.1", "…, any tag", file("If-Match: *"), status(200)),
  rule("9110 13.1.1", "…, in a list", file('If-Match: "a", <strong>'), status(200)),
  rule("9110 13.1.1", "…, with HEAD", request("HEAD", "/file.txt", 'If-Match: "other"'), status(412)),
  rule(
    "9110 13.2.2",
    "If-Match takes precedence over If-None-Match",
    file('If-Match: "other"', "If-None-Match: <etag>"),
    status(412),
  ),
  rule(
    "9110 13.2.2",
    "If-None-Match is checked after If-Match",
    file("If-Match: *", "If-None-Match: <etag>"),
    status(304),
  ),
  rule(
    "9110 13.1.4",
    "If-Unmodified-Since is ignored if there is If-Match",
    file("If-Match: *", `If-Unmodified-Since: ${EARLIER}`),
    status(200),
  ),
  rule("9110 13.1.3", "If-Modified-Since, its own date", file(`If-Modified-Since: ${MODIFIED}`), status(304)),
  rule("9110 13.1.3", "…, a later date", file(`If-Modified-Since: ${LATER}`), status(304)),
  rule("9110 13.1.3", "…, an earlier date", file(`If-Modified-Since: ${EARLIER}`), status(200)),
  rule("9110 13.1.3", "…, a date in the future", file("If-Modified-Since: Wed, 15 Jun 2095 12:00:00 GMT"), status(304)),
  rule("9110 5.6.7", "…, in the format of RFC 850", file(`If-Modified-Since: ${MODIFIED_RFC_850}`), status(304)),
  rule("9110 5.6.7", "…, in the format of asctime()", file(`If-Modified-Since: ${MODIFIED_ASCTIME}`), status(304)),
  rule(
    "9110 5.6.7",
    "…, a two-digit year more than 50 years ahead is in the past",
    file("If-Modified-Since: Friday, 31-Dec-99 23:59:59 GMT"),
    status(200),
  ),
  rule("9110 13.1.3", "…, not a date", file("If-Modified-Since: yesterday"), status(200)),
  policy("9110 13.1.3", "…, an impossible date", file("If-Modified-Since: Sat, 31 Jun 2024 12:00:00 GMT"), status(200)),
  rule(
    "9110 13.1.3",
    "…, two dates",
    file(`If-Modified-Since: ${MODIFIED}`, `If-Modified-Since: ${LATER}`),
    status(200, 400),
  ),
  rule("9110 13.1.3", "…, with HEAD", request("HEAD", "/file.txt", `If-Modified-Since: ${MODIFIED}`), status(304)),
  policy("9110 5.6.7", "…, another zone", file("If-Modified-Since: Sat, 15 Jun 2024 12:00:00 +0000"), status(200)),
  policy("9110 5.6.7", "…, the wrong weekday", file("If-Modified-Since: Mon, 15 Jun 2024 12:00:00 GMT"), status(304)),
  rule("9110 13.1.4", "If-Unmodified-Since, an earlier date", file(`If-Unmodified-Since: ${EARLIER}`), status(412)),
  rule("9110 13.1.4", "…, its own date", file(`If-Unmodified-Since: ${MODIFIED}`), status(200)),
  rule("9110 13.1.4", "…, a later date", file(`If-Unmodified-Since: ${LATER}`), status(200)),
  rule("9110 13.1.4", "…, not a date", file("If-Unmodified-Since: 0"), status(200)),
  rule(
    "9110 5.6.7",
    "…, in the format of RFC 850",
    file("If-Unmodified-Since: Friday, 14-Jun-24 12:00:00 GMT"),
    status(412),
  ),
  rule(
    "9110 13.2.2",
    "If-Unmodified-Since takes precedence over If-None-Match",
    file(`If-Unmodified-Since: ${EARLIER}`, "If-None-Match: *"),
    status(412),
  ),
  rule("9110 13.2.1", "Conditions are ignored for a missing file", get("/missing", "If-None-Match: *"), status(404)),
  rule(
    "9110 13.2.1",
    "Conditions are ignored for a redirect",
    get("/folder", "If-None-Match: *"),
    status(301, 302, 307, 308),
    {
      needs: ["redirect"],
    },
  ),
  rule(
    "9110 13.2.1",
    "Conditions are ignored for OPTIONS",
    request("OPTIONS", "/file.txt", 'If-Match: "other"'),
    first("not 412", (response) => response.status !== 412 && response.status <= 505),
  ),
  rule(
    "9110 15.4.5",
    "A 304 has the tag and the date of a 200",
    file("If-None-Match: <etag>"),
    all(status(304), field("ETag", /./), field("Date", /GMT$/)),
  ),
  rule(
    "9112 6.3",
    "A 304 ends with its head",
    kept("GET", "/file.txt", `If-Modified-Since: ${MODIFIED}`),
    all(status(304), goesOn),
  ),
  rule(
    "9110 15.4.5",
    "A 304 has no other length",
    file(`If-Modified-Since: ${MODIFIED}`),
    all(
      status(304),
      any(
        without("Content-Length"),
        first("Content-Length: 26", (response) => fieldOf(response, "Content-Length") === "26"),
      ),
    ),
  ),
  rule("9112 6.3", "The end of a 412 is known", kept("GET", "/file.txt", 'If-Match: "other"'), inStep),
];
