import { all, anError, any, body, type Check, first, goesOn, refused, status } from "../check.ts";
import { fieldOf } from "../response.ts";
import { get, HOST, kept, lines, type Row, raw, rowsOf } from "../row.ts";
import { INDEX, INNER, LETTERS, SECRET } from "../site.ts";

const { rule, policy } = rowsOf("Paths");
const shows = ["Location"];

const missing = first("4xx", ({ status: own }) => own >= 400 && own < 500);
const letters = all(status(200), body(LETTERS));
const index = any(all(status(200), body(INDEX)), status(301, 308));
const inner = all(status(200), body(INNER));

/** Whatever the answer, it has no content from outside of the root. */
const noSecret: Check = {
  wanted: "4xx, or a file of the site",
  holds: ({ finals: [response] }) =>
    response !== undefined && response.status < 500 && !response.body.includes(SECRET.trim()),
};

/** A Location that begins with two slashes, or a backslash, leads to another site: RFC 3986, section 4.2. */
const staysHere = first(
  "no other site",
  (response) => response.status < 500 && !/^(?:\/[/\\]|\w+:)/.test(fieldOf(response, "Location") ?? ""),
);

const encoded = first("Location with %20", (response) => /\/a%20b\/$/.test(fieldOf(response, "Location") ?? ""));

function redirect(location: string): Check {
  return first(`301, Location: ${location}`, (response) => {
    const to = fieldOf(response, "Location") ?? "";
    return /^30[1278]$/.test(`${response.status}`) && (to === location || to === `http://${HOST}${location}`);
  });
}

/** RFC 3986, and RFC 9112, section 3.2. */
export const paths: readonly Row[] = [
  rule("9110 17.3", "Above the root", get("/../secret.txt"), noSecret),
  rule("9110 17.3", "… by escapes", get("/%2e%2e/secret.txt"), noSecret),
  rule("9110 17.3", "… by an escaped slash", get("/..%2fsecret.txt"), noSecret),
  rule("9110 17.3", "… by escapes alone", get("/%2e%2e%2fsecret.txt"), noSecret),
  rule("9110 17.3", "… from a folder", get("/folder/../../secret.txt"), noSecret),
  rule("9110 17.3", "… by a backslash", get("/..\\secret.txt"), noSecret),
  rule("9110 17.3", "… by an escaped backslash", get("/..%5csecret.txt"), noSecret),
  rule("9110 17.3", "… by escapes of escapes", get("/%252e%252e/secret.txt"), noSecret),
  rule("9110 17.3", "… by overlong UTF-8", get("/%c0%ae%c0%ae/secret.txt"), noSecret),
  rule("9110 17.3", "… to a folder whose name begins alike", get("/../root-secret/secret.txt"), noSecret),
  rule("9110 17.3", "… by an absolute path", get("//etc/passwd"), missing),
  policy("9110 17.3", "A path that leaves the root", get("/../file.txt"), status(400)),
  rule("3986 7.3", "NUL", get("/file.txt%00"), anError),
  rule("3986 7.3", "NUL before another extension", get("/file.txt%00.html"), anError),
  rule("3986 2.1", "A malformed escape", get("/%zz"), missing),
  rule("3986 2.1", "Half an escape", get("/file%2"), missing),
  rule("3986 2.1", "A percent sign alone", get("/%"), missing),
  rule("3629 3", "Bytes that are not UTF-8", get("/%ff"), missing),
  rule("3986 6.2.2.2", "A letter as an escape", get("/%66ile.txt"), letters),
  rule("3986 6.2.2.2", "A dot as an escape", get("/file%2Etxt"), letters),
  rule("3986 2.1", "A space", get("/with%20space.txt"), body("space\n")),
  rule("3986 2.4", "A plus sign is not a space", get("/with+space.txt"), status(404)),
  rule("3986 2.5", "UTF-8", get("/%C3%BC.txt"), body("umlaut\n")),
  rule("3986 6.2.2.1", "UTF-8, escaped with lower-case digits", get("/%c3%bc.txt"), body("umlaut\n")),
  rule("3986 2.4", "A percent sign, decoded once", get("/percent%2541.txt"), body("percent\n")),
  rule("3986 2.2", "An escaped question mark in a name", get("/question%3F.txt"), body("question\n")),
  policy("3986 2.2", "A backslash in a name", get("/back%5Cslash.txt"), body("backslash\n")),
  rule("3986 3.4", "A query", get("/file.txt?a=b"), letters),
  rule("3986 3.4", "An empty query", get("/file.txt?"), letters),
  rule("3986 3.4", "A query with slashes and dots", get("/file.txt?/../a"), letters),
  policy("3986 2.2", "An escaped slash", get("/folder%2Finner.txt"), status(404)),
  policy("3986 6.2.2.3", "A dot segment", get("/./file.txt"), letters),
  policy("3986 6.2.2.3", "Two dots within the site", get("/folder/../file.txt"), letters),
  policy("3986 3.3", "An empty segment", get("//folder//inner.txt"), inner),
  policy("9110 15.4.2", "A folder without its slash", get("/folder"), redirect("/folder/"), { shows }),
  policy("9110 15.4.2", "… keeps its query", get("/folder?a=b/c"), redirect("/folder/?a=b/c"), { shows }),
  rule("3986 2.1", "… with a space in its name", get("/a%20b"), encoded, { shows, needs: ["redirect"] }),
  rule("9110 17.3", "… after two slashes", get("//folder"), staysHere, { shows }),
  rule("9110 17.3", "… with the name of another site", get("//example.com/%2e%2e/folder"), staysHere, { shows }),
  rule("9110 17.3", "… with that and a folder above", get("//example.com/.."), staysHere, { shows }),
  rule("9110 17.3", "… after a backslash", get("/%5cexample.com/%2e%2e/folder"), staysHere, { shows }),
  rule("9110 17.3", "… after escaped slashes", get("/%2f%2fexample.com/%2e%2e/folder"), staysHere, { shows }),
  rule(
    "9110 5.5",
    "… with a line end",
    get("/folder%0d%0aSet-Cookie:a=b"),
    first("no such field", (response) => fieldOf(response, "Set-Cookie") === undefined && response.status < 500),
  ),
  policy("3986 3.3", "A folder", get("/folder/"), status(200)),
  policy("3986 6.2.2.3", "A folder, by a dot segment", get("/folder/."), status(200), { shows }),
  policy("3986 3.3", "Slashes alone", get("//"), all(status(200), body(INDEX)), { shows }),
  policy("9110 15.5.5", "A folder without an index", get("/bare/"), status(404)),
  policy("9110 15.5.5", "A file with a slash after it", get("/file.txt/"), status(404)),
  policy("3986 2.1", "A file with a space after it", get("/file.txt%20"), status(404)),
  policy("3986 2.2", "A folder with an escaped slash", get("/folder%2F"), status(404), { shows }),
  policy("9110 15.5.5", "A file as a folder", get("/file.txt/inner"), status(404)),
  policy("9110 4.2.3", "Names are case-sensitive", get("/FILE.TXT"), status(404)),
  policy("9110 15.3.1", "The index by its name", get("/index.html"), all(status(200), body(INDEX)), { shows }),
  policy("9110 15.5.5", "A page without its extension", get("/page"), status(404)),
  policy("9110 15.5.5", "A name of 300 bytes", get(`/${"a".repeat(300)}`), missing),
  policy("9110 15.5.5", "A path of 6 000 bytes", get(`/${"abcde/".repeat(1_000)}`), missing),
  rule("9112 3", "A target of 8 000 bytes", get(`/file.txt?${"a".repeat(7_980)}`), letters),
  rule("9112 3", "A target of 100 000 bytes", get(`/${"a".repeat(100_000)}`), status(414, 400, 404, 431)),
  rule("9112 3.2.2", "The absolute form", get(`http://${HOST}/file.txt`), letters),
  rule("3986 3.1", "… with the scheme in capitals", get(`HTTP://${HOST}/file.txt`), letters),
  rule("9112 3.2.2", "… with another host than Host", get("http://other.example/file.txt"), letters),
  rule("9112 3.2.2", "… without a path", get(`http://${HOST}`), index),
  rule("9112 3.2.2", "… without a path, with a query", get(`http://${HOST}?a`), index),
  rule("9110 4.2.1", "… without a host", get("http:///file.txt"), any(status(400), letters)),
  policy("9110 4.2.4", "… with a user", get(`http://user@${HOST}/file.txt`), status(400)),
  rule("9110 4.2.1", "… with a malformed port", get(`http://${HOST}:port/file.txt`), missing),
  rule("9112 3.2.4", "The asterisk with GET", get("*"), missing),
  rule("9112 3.2", "A path without its slash", get("file.txt"), missing),
  rule("9112 3.2", "A fragment", kept("GET", "/file.txt#a"), any(refused(400), all(missing, goesOn))),
  rule("9112 3.2", "A space in the target", get("/with space.txt"), any(status(400, 301), missing)),
  rule("9112 3.2", "A byte beyond ASCII", get("/\xfc.txt"), missing),
  rule("9112 3.2", "A control character", raw(lines("GET /file.txt\x01 HTTP/1.1", `Host: ${HOST}`)), refused(400)),
  policy("3986 2.2", "Characters that browsers send unescaped", get("/file.txt?a=[b]|{c}^`"), letters),
];
