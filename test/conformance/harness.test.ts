// The table notices wrong servers: some are wrong on purpose, and responses are cut at every byte.
import { once } from "node:events";
import { createServer, type NetConnectOpts } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { patienceMs } from "../support/patience.ts";
import { all, body, goesOn, refused, status, stops } from "./check.ts";
import type { Answer } from "./exchange.ts";
import { parseResponses } from "./response.ts";
import { get, kept, NEXT_BODY, request, rowsOf, withLines } from "./row.ts";
import { rows } from "./rows.ts";
import { type Outcome, runRows } from "./run-rows.ts";
import type { Server } from "./server.ts";
import { answerCell, page, totalsOf } from "./table.ts";

const { rule, policy } = rowsOf("A group");

/** Answers the bytes of a connection with a text and closes it; undefined leaves them unanswered. */
type Reply = (text: string) => string | undefined;

/** A server that has one answer. */
function toy(reply: Reply): Server {
  return {
    name: "toy",
    version: () => "1",
    takesLoops: true,
    start: async (): Promise<NetConnectOpts> => {
      const server = createServer((socket) => {
        socket.on("error", () => undefined);
        onTestFinished(() => void socket.destroy());
        socket.on("data", (chunk) => {
          const text = chunk.toString("latin1");
          if (text.startsWith("GET /die")) {
            server.close();
            socket.destroy();
            return;
          }
          const answer = reply(text);
          if (answer !== undefined) socket.end(answer);
        });
      });
      await once(server.listen(0, "127.0.0.1"), "listening");
      onTestFinished(() => void server.close());
      const address = server.address();
      return { host: "127.0.0.1", port: typeof address === "object" ? (address?.port ?? 0) : 0 };
    },
  };
}

function response(code: number, text: string): string {
  return `HTTP/1.1 ${code} Some\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

const NOTHING: Answer = { interims: [], finals: [], rest: Buffer.alloc(0), end: "open" };

test("a server that answers wrongly is marked, row by row", async (context) => {
  const always = toy(() => response(200, "letters"));
  const asked = [
    rule("9110 15.3.1", "right", get("/file.txt"), all(status(200), body("letters"))),
    rule("9110 15.4.5", "wrong", get("/file.txt"), status(304)),
    policy("9110 15.5.5", "another policy", get("/file.txt"), status(404)),
    rule("9110 8.8.3", "no tag", get("/file.txt", "If-None-Match: <etag>"), status(304)),
  ];
  const outcomes = await runRows(context, always, asked, patienceMs());
  expect(outcomes.map(({ verdict }) => verdict)).toEqual(["right", "wrong", "wrong", "unasked"]);
  expect(outcomes.map(answerCell)).toEqual(["✓ 200", "✗ 200", "○ 200", "–"]);
});

test("a smuggled request is noticed", async (context) => {
  const always = toy(() => response(200, "letters") + response(200, NEXT_BODY));
  const asked = [
    rule("9112 5.1", "refused", withLines("A : b"), refused(400)),
    rule("9112 7.1", "broken", withLines("A: b"), stops),
    rule("9112 9.3", "kept", withLines("A: b"), goesOn),
  ];
  const outcomes = await runRows(context, always, asked, patienceMs());
  expect(outcomes.map(answerCell)).toEqual(["✗ 200, next", "✗ 200, next", "✓ 200, next"]);
});

test("a body where none may be is noticed", async (context) => {
  const always = toy(() => response(200, "letters"));
  const asked = [rule("9112 6.3", "HEAD", request("HEAD", "/file.txt"), goesOn)];
  const [outcome] = await runRows(context, always, asked, patienceMs());
  expect(outcome && answerCell(outcome)).toBe("✗ 200, no HTTP");
});

test("a server that ends during a request is started again", async (context) => {
  const always = toy(() => response(200, "letters"));
  const asked = [
    rule("9110 15.3.1", "deadly", get("/die"), status(200)),
    rule("9110 15.3.1", "further", get("/file.txt"), status(200)),
  ];
  const outcomes = await runRows(context, always, asked, patienceMs());
  expect(outcomes.map(answerCell)).toEqual(["✗ ends the server", "✓ 200"]);
});

test("a server that never answers is waited for, but not for longer", async (context) => {
  const silent = toy((text) => (text.includes("/file.txt") ? undefined : response(200, "other")));
  const outcomes = await runRows(
    context,
    silent,
    [rule("9110 9", "silence", kept("GET", "/file.txt"), status(200))],
    20,
  );
  expect(outcomes.map(answerCell)).toEqual(["✗ no end"]);
});

test("no row accepts every answer", () => {
  const odd = { version: "1.1", status: 599, fields: [], body: Buffer.from("odd"), isWhole: true };
  const answers: readonly Answer[] = [
    NOTHING,
    { ...NOTHING, finals: [odd, odd, odd, odd], end: "closed" },
    { ...NOTHING, finals: [odd, { ...odd, status: 200 }], end: "open" },
  ];
  for (const wrong of answers) {
    const accepting = rows.filter((row) => row.accepts.holds(wrong)).map(({ group, name }) => `${group}: ${name}`);
    expect(accepting).toEqual([]);
  }
});

test("the page counts, and quotes characters that would end a cell", () => {
  const row = rule("9110 9.1", "a | b", request("A|`B", "/"), status(405));
  const outcome: Outcome = { row, verdict: "wrong", answer: NOTHING };
  const column = { name: "toy", version: "1", outcomes: [outcome] };
  const text = page("Words\n", [column]);
  expect(totalsOf(column)).toEqual(["toy 1", "0", "1", "0", "0", "0"]);
  expect(text).toContain("| toy 1 | 0 | 1 | 0 | 0 | 0 |");
  expect(text).toContain("| rule | a \\| b<br>`` A\\|`B / `` | 9110 9.1 | 405 | ✗ no end |");
});

const RESPONSES = [
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
  "HTTP/1.1 200 OK\r\ncontent-length:  5 \r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
  "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
  "HTTP/1.0 404 Not Found\r\n\r\nto the end",
].join("");

test("responses are separated as the RFC says", () => {
  const { responses, rest } = parseResponses(Buffer.from(RESPONSES), ["HEAD"], true);
  const told = responses.map((own) => `${own.version} ${own.status} ${own.body.toString()} ${own.isWhole}`);
  expect(told).toEqual([
    ...["1.1 100  true", "1.1 200  true", "1.1 200 hello true", "1.1 200 hello true"],
    ...["1.1 304  true", "1.0 404 to the end true"],
  ]);
  expect(rest.length).toBe(0);
});

test("cut at any byte, only the responses before the cut are complete", () => {
  const bytes = Buffer.from(RESPONSES);
  const whole = parseResponses(bytes, ["HEAD"], true).responses;
  for (let cut = 0; cut < bytes.length; cut++) {
    const { responses } = parseResponses(bytes.subarray(0, cut), ["HEAD"], false);
    const complete = responses.filter(({ isWhole }) => isWhole);
    expect(complete).toEqual(whole.slice(0, complete.length));
    expect(responses.length - complete.length).toBeLessThanOrEqual(1);
  }
});

test("bytes that are not HTTP are left over", () => {
  const { responses, rest } = parseResponses(Buffer.from("<html>\r\n\r\n"), [], true);
  expect(responses).toEqual([]);
  expect(rest.toString()).toBe("<html>\r\n\r\n");
});
