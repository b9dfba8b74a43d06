import {
  all,
  any,
  body,
  type Check,
  closes,
  field,
  goesOn,
  inStep,
  isNextAnswered,
  status,
  without,
} from "../check.ts";
import { fieldOf } from "../response.ts";
import { get, HOST, kept, lines, NEXT, NEXT_BODY, type Row, raw, rowsOf, type Sent, withLines } from "../row.ts";
import { INDEX, INNER, LARGE, LETTERS, MODIFIED } from "../site.ts";

const { rule, policy } = rowsOf("Connections");
const host = `Host: ${HOST}`;
const start = "GET /file.txt HTTP/1.1";
const letters = all(status(200), body(LETTERS, "the file"));

/** The first request is answered, and the connection is closed. */
const onlyFirst: Check = {
  wanted: "200, then closed",
  holds: ({ finals, end }) => finals.length === 1 && finals[0]?.status === 200 && end !== "open",
};

/** The further request is sent after the first answer: RFC 9112, section 9.6, forbids a client to send it together with the first. */
function thenNext(...fields: readonly string[]): Sent {
  return { parts: [lines(start, host, ...fields), NEXT], methods: [] };
}

/** The bodies, in this order. */
function inOrder(...bodies: readonly string[]): Check {
  return {
    wanted: `${bodies.length} answers in their order`,
    holds: ({ finals }) =>
      finals.length === bodies.length && bodies.every((text, place) => finals[place]?.body.toString() === text),
  };
}

const targets = ["/file.txt", "/folder/inner.txt", "/", "/empty.txt", "/file.txt"];
const pipeline: Sent = {
  parts: [targets.map((target) => lines(`GET ${target} HTTP/1.1`, host)).join("") + NEXT],
  methods: [],
};

const noInterim: Check = { wanted: "no 1xx", holds: ({ interims }) => interims.length === 0 };

const large: Sent = { parts: [lines("GET /large.bin HTTP/1.1", host).repeat(3) + NEXT], methods: [] };
const MANY = 200;
const many: Sent = { parts: [lines(start, host).repeat(MANY) + NEXT], methods: [] };

/** RFC 9112, section 9. */
export const connections: readonly Row[] = [
  rule(
    "9112 9.3",
    "The connection continues",
    { parts: [lines(start, host), NEXT], methods: [] },
    all(letters, goesOn),
  ),
  rule("9112 9.3.2", "Pipelined requests", pipeline, inOrder(LETTERS, INNER, INDEX, "", LETTERS, NEXT_BODY)),
  rule("9112 9.3.2", "… 200 of them", many, inOrder(...Array<string>(MANY).fill(LETTERS), NEXT_BODY)),
  rule("9112 9.3.2", "… of large files", large, inOrder(...Array<string>(3).fill(`${LARGE}`), NEXT_BODY)),
  rule(
    "9112 9.3.2",
    "… of several methods",
    raw(lines("HEAD /file.txt HTTP/1.1", host) + lines("GET /missing HTTP/1.1", host) + lines(start, host), "HEAD"),
    {
      wanted: "200, 404, 200, then the next request",
      holds: (answer) => answer.finals.map((own) => own.status).join() === "200,404,200,200" && isNextAnswered(answer),
    },
  ),
  rule("9112 9.6", "Connection: close", thenNext("Connection: close"), onlyFirst),
  rule("9112 9.6", "… with another request after it", withLines("Connection: close"), onlyFirst),
  rule("9112 9.6", "Connection: CLOSE", thenNext("Connection: CLOSE"), onlyFirst),
  rule("9112 9.6", "… in a list", thenNext("Connection: a, close"), onlyFirst),
  rule("9112 9.6", "… on the second line", thenNext("Connection: a", "Connection: close"), onlyFirst),
  rule("9112 9.3", "… beside keep-alive", thenNext("Connection: keep-alive, close"), onlyFirst),
  rule("9112 9.6", "… is also in the answer", get("/file.txt"), field("Connection", /\bclose\b/i)),
  rule("9112 9.3", "HTTP/1.0", { parts: [lines("GET /file.txt HTTP/1.0", host), NEXT], methods: [] }, onlyFirst),
  rule(
    "9112 9.3",
    "HTTP/1.0 with keep-alive",
    raw(lines("GET /file.txt HTTP/1.0", host, "Connection: keep-alive")),
    any(all(goesOn, field("Connection", /\bkeep-alive\b/i)), onlyFirst),
  ),
  policy(
    "9112 C.2.2",
    "HTTP/1.0 with keep-alive keeps the connection",
    raw(lines("GET /file.txt HTTP/1.0", host, "Connection: keep-alive")),
    goesOn,
  ),
  rule(
    "9112 9.3",
    "HTTP/1.0 with keep-alive, HEAD",
    raw(lines("HEAD /file.txt HTTP/1.0", host, "Connection: keep-alive"), "HEAD"),
    inStep,
  ),
  rule(
    "9112 9.3",
    "HTTP/1.0 with keep-alive, 304",
    raw(lines("GET /file.txt HTTP/1.0", host, "Connection: keep-alive", `If-Modified-Since: ${MODIFIED}`)),
    inStep,
  ),
  rule(
    "9112 6.1",
    "HTTP/1.0 receives no chunks",
    { parts: [lines("GET /large.bin HTTP/1.0", host)], methods: [] },
    all(status(200), body(LARGE), without("Transfer-Encoding")),
  ),
  rule(
    "9110 10.1.1",
    "100-continue of HTTP/1.0",
    {
      parts: [`${lines("POST /file.txt HTTP/1.0", host, "Expect: 100-continue", "Content-Length: 5")}hello`],
      methods: ["POST"],
    },
    all(noInterim, { wanted: "an answer", holds: ({ finals }) => finals.length === 1 }),
  ),
  rule(
    "9110 10.1.1",
    "100-continue, with its content sent at once",
    raw(`${lines("POST /file.txt HTTP/1.1", host, "Expect: 100-continue", "Content-Length: 5")}hello`, "POST"),
    inStep,
  ),
  rule(
    "9110 10.1.1",
    "100-continue, with its content sent after the answer",
    {
      parts: [lines("POST /file.txt HTTP/1.1", host, "Expect: 100-continue", "Content-Length: 5"), `hello${NEXT}`],
      methods: ["POST"],
    },
    inStep,
  ),
  policy("9293 3.6", "Half closed by the client", { ...get("/file.txt"), halfClose: true }, letters),
  policy(
    "9293 3.6",
    "Half closed by the client, 3 MiB",
    { ...get("/large.bin"), halfClose: true },
    all(status(200), body(LARGE)),
  ),
  policy(
    "9293 3.6",
    "Half closed by the client without Connection: close",
    { parts: [lines("GET /large.bin HTTP/1.1", host)], methods: [], halfClose: true },
    all(status(200), body(LARGE), { wanted: "then closed", holds: ({ end }) => end === "closed" }),
  ),
  policy(
    "9112 8",
    "Half closed within a head",
    { parts: [`${start}\r\n${host}\r\n`], methods: [], halfClose: true },
    {
      wanted: "400 or nothing, then closed",
      holds: ({ finals, end }) => end !== "open" && finals.every((own) => own.status === 400),
    },
  ),
  rule(
    "9112 8",
    "Half closed within a body",
    {
      parts: [`${lines("POST /file.txt HTTP/1.1", host, "Content-Length: 100")}hello`],
      methods: ["POST"],
      halfClose: true,
    },
    closes,
  ),
  rule("9112 9.3", "A 404 does not end the connection", kept("GET", "/missing"), all(status(404), goesOn)),
  rule("9112 9.3", "A redirect does not end the connection", kept("GET", "/folder"), goesOn),
  rule(
    "9112 9.6",
    "The answer to a refused request is not lost",
    raw(`${lines(start, host, "A : b")}${"x".repeat(200_000)}`),
    {
      wanted: "400",
      holds: ({ finals: [response] }) =>
        response?.status === 400 && fieldOf(response, "Connection")?.toLowerCase() === "close",
    },
  ),
];
