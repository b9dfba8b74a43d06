import { all, anError, any, field, first, inStep, orClosed, status } from "../check.ts";
import { get, HOST, kept, lines, type Row, raw, request, rowsOf, type Sent } from "../row.ts";
import { LETTERS } from "../site.ts";

const { rule, policy } = rowsOf("Methods");
const shows = ["Allow"];

/** RFC 9110, section 15.5.6: the answer for a method that is not allowed lists the allowed ones. */
const notAllowed = any(all(status(405), field("Allow", /\bGET\b.*\bHEAD\b|\bHEAD\b.*\bGET\b/)), status(501));
const noFile = all(
  anError,
  first("no file", ({ body }) => !body.includes(LETTERS)),
);
const echo = first("an echo without the secret", ({ status: own, body, fields }) => {
  const isMessage = fields.some(([name, value]) => /^content-type$/i.test(name) && value === "message/http");
  return own === 200 && isMessage && !body.includes("secret");
});
const noTunnel = orClosed(first("not 2xx", ({ status: own }) => own >= 300 && own <= 505));

/** POST with a body, followed by a further request. */
function postOf(field: string, body: string): Sent {
  return raw(lines("POST /file.txt HTTP/1.1", `Host: ${HOST}`, field) + body, "POST");
}

/** RFC 9110, section 9. */
export const methods: readonly Row[] = [
  rule("9110 9.3.1", "GET", get("/file.txt"), status(200)),
  rule("9110 9.3.2", "HEAD", request("HEAD", "/file.txt"), status(200)),
  rule("9110 9.3.2", "HEAD of a missing file", request("HEAD", "/missing"), status(404)),
  rule("9112 6.3", "HEAD has no body", kept("HEAD", "/file.txt"), inStep),
  rule("9112 6.3", "HEAD of a large file has no body", kept("HEAD", "/large.bin"), inStep),
  rule("9112 6.3", "HEAD of a missing file has no body", kept("HEAD", "/missing"), inStep),
  rule("9110 9.1", "POST", request("POST", "/file.txt", "Content-Length: 0"), notAllowed, { shows }),
  rule("9110 9.1", "PUT", request("PUT", "/file.txt", "Content-Length: 0"), notAllowed, { shows }),
  rule("9110 9.1", "DELETE", request("DELETE", "/file.txt"), notAllowed, { shows }),
  rule("9110 9.1", "PATCH", request("PATCH", "/file.txt", "Content-Length: 0"), notAllowed, { shows }),
  rule("9110 9.1", "An unknown method", request("BREW", "/file.txt"), notAllowed, { shows }),
  rule("9110 9.1", "get is not GET", request("get", "/file.txt"), noFile),
  rule(
    "9110 5.6.2",
    "A method with every character that a token may have",
    request("!#$%&'*+-.^_`|~", "/file.txt"),
    noFile,
  ),
  rule("9110 9.3.7", "OPTIONS", request("OPTIONS", "/file.txt"), any(status(200, 204), notAllowed), { shows }),
  rule(
    "9112 3.2.4",
    "OPTIONS of the server, in the absolute form",
    request("OPTIONS", `http://${HOST}`),
    status(200, 204, 405, 501),
    {
      shows,
    },
  ),
  rule("9110 9.3.7", "OPTIONS of the server", request("OPTIONS", "*"), status(200, 204, 405, 501), { shows }),
  rule("9110 9.3.8", "TRACE", request("TRACE", "/file.txt", "Cookie: secret"), any(status(405, 501), echo), { shows }),
  rule("9110 9.3.6", "CONNECT", request("CONNECT", "example.com:443"), noTunnel),
  rule("9112 3.2.3", "CONNECT with a path", request("CONNECT", "/file.txt"), noTunnel),
  policy("9110 15.5.6", "POST to a missing file", request("POST", "/missing", "Content-Length: 0"), status(405)),
  rule(
    "9112 6",
    "The body of GET is not a request",
    raw(`${lines("GET /file.txt HTTP/1.1", `Host: ${HOST}`, "Content-Length: 5")}hello`),
    inStep,
  ),
  rule("9112 6", "The body of POST is not a request", postOf("Content-Length: 5", "hello"), inStep),
  rule(
    "9112 6",
    "A body that looks like a request is not a request",
    postOf("Content-Length: 35", lines("GET /file.txt HTTP/1.1", "Host: a")),
    inStep,
  ),
  rule(
    "9112 7.1",
    "A chunked body is not a request",
    postOf("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
    inStep,
  ),
  rule("9112 6.3", "Without a length there is no body", kept("POST", "/file.txt"), inStep),
];
