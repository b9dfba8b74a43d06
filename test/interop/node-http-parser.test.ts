// Node's own parser finds the same requests in the same bytes, unless it refuses them.
import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { decodeBody } from "../support/http-decode.ts";
import { head, headWithLines, taken } from "../support/http-heads.ts";
import { parseHeads } from "../support/http-parse.ts";
import { until } from "../support/until.ts";

interface Seen {
  readonly method: string | undefined;
  readonly target: string | undefined;
  readonly fields: readonly string[];
  readonly data: string;
  readonly trailers: readonly string[];
}

/** The request that a server of node:http finds in the bytes; undefined when it refuses them. */
async function ofNode(text: string): Promise<readonly Seen[] | undefined> {
  const seen: Seen[] = [];
  let open = 0;
  const server = createServer({ insecureHTTPParser: false });
  const take = (request: IncomingMessage): void => {
    open++;
    let data = "";
    request.setEncoding("latin1");
    request.on("data", (piece: string) => {
      data += piece;
    });
    request.on("end", () => {
      const { method, url: target, rawHeaders: fields, rawTrailers: trailers } = request;
      seen.push({ method, target, fields, data, trailers });
      open--;
    });
  };
  server.on("request", (request, response) => {
    take(request);
    request.on("end", () => response.end());
  });
  server.on("checkContinue", (request, response) => server.emit("request", request, response));
  const is = { upgraded: false, refused: false, closed: false };
  for (const event of ["upgrade", "connect"]) {
    server.on(event, ({ method, url: target, rawHeaders: fields }: IncomingMessage) => {
      seen.push({ method, target, fields, data: "", trailers: [] });
      is.upgraded = true;
    });
  }
  server.on("clientError", () => {
    is.refused = true;
  });
  const input = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  input.once("close", () => {
    is.closed = true;
  });
  onTestFinished(() => {
    input.destroy();
    server.closeAllConnections();
  });
  server.emit("connection", input);
  input.push(Buffer.from(text, "latin1"));
  input.push(null);
  await until(() => is.refused || is.upgraded || (seen.length > 0 && open === 0 && is.closed), "what Node makes of it");
  return is.refused ? undefined : seen;
}

/** Node refuses these requests, or reads them differently. */
const OTHERWISE = [
  ["9110 9.1 a method that nobody knows", "unknown"],
  ["9110 9.1 methods are case-sensitive", "unknown"],
  ["9110 5.6.2 any token is a method", "unknown"],
  ["limit the longest method", "unknown"],
  ["9110 2.5 1.2 is taken as 1.1", "version"],
  ["9110 2.5 1.9 is taken as 1.1", "version"],
  ["limit 32 KiB of fields", "16 KiB"],
  ["9110 8.6 the greatest", "waits for the body"],
].map(([name]) => name);

const COMPARED = taken.filter(([name, , told]) => {
  const length = told.framing?.body === "length" ? told.framing.length : 0;
  return !OTHERWISE.includes(name) && length <= 5;
});

test.for(COMPARED)("Node reads the same head: RFC %s", async ([, text]) => {
  const [ours] = parseHeads(text).heads;
  if (ours === undefined) throw new Error("no head");
  const body = { none: "", length: "abcde", chunked: "3\r\nabc\r\n0\r\n\r\n" }[ours.framing.body];
  const data = { none: "", length: "abcde", chunked: "abc" }[ours.framing.body];
  const length = ours.framing.body === "length" ? ours.framing.length : data.length;
  const { method, target } = ours;
  const fields = ours.fields.flat();
  expect(await ofNode(text + body.slice(0, ours.framing.body === "length" ? length : undefined))).toEqual([
    { method, target, fields, data: data.slice(0, length), trailers: [] },
  ]);
});

describe("bodies in chunks", () => {
  test.for([
    "0\r\n\r\n",
    "5\r\nabcde\r\n0\r\n\r\n",
    "1\r\na\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
    "3;a=b;c\r\nabc\r\n000\r\n\r\n",
    '3;a="b;c"\r\nabc\r\n0;d\r\n\r\n',
    "0\r\nA: b\r\nC: d\r\n\r\n",
    "a\r\n\0\r\n\r\n\xff0\r\n\r\r\n0\r\n\r\n",
  ])("Node reads the same body: %j", async (body) => {
    const { data, trailers } = decodeBody(body);
    expect(trailers).toBeDefined();
    const seen = await ofNode(head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + body);
    expect(seen).toMatchObject([{ data, trailers: trailers?.flat() }]);
  });

  test.for(["+3\r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n", "g\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n"])(
    "refused by both: %j",
    async (body) => {
      expect(decodeBody(body).refusal).toBeDefined();
      expect(await ofNode(head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + body)).toBeUndefined();
    },
  );
});

test("Node reads the same pipelined requests", async () => {
  const text = `${headWithLines("A: b")}${head("GET /c HTTP/1.1", "Host: d")}${headWithLines("Connection: close")}`;
  const seen = await ofNode(text);
  expect(seen?.map(({ target, fields }) => [target, fields])).toEqual(
    parseHeads(text).heads.map(({ target, fields }) => [target, fields.flat()]),
  );
});
