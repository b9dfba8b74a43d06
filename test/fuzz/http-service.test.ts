// The fuzz test of the HTTP service: pipelines of requests that are right, wrong and cut, compared with the statuses that they
// must get. Handlers answer at once, later, or with streams, and read bodies or leave them.
import { expect, test } from "vitest";
import type { HttpHandler } from "../../src/http/service/handler.ts";
import { http } from "../../src/http/service/http.ts";
import { Connection } from "../../src/server/connection/connection.ts";
import { ScriptedLink } from "../support/scripted-link.ts";
import { turn } from "../support/until.ts";
import { Draw, heldBytes, leak, PLANTED_SEED, seconds, seed, timeout } from "./fuzz-run.ts";

/** A request, and the status of its answer; `isLast`: nothing after it is answered. */
interface Step {
  readonly bytes: string;
  readonly status: number;
  readonly isLast: boolean;
}

const MAX_BODY_BYTES = 100;
/** At least 300. */
const WARM_ROUNDS = 150;

const handler: HttpHandler = async (request) => {
  const [, way = "", status = "200"] = request.path.split("/");
  if (way.includes("l")) await turn();
  if (way.includes("b")) await request.bytes();
  if (way.includes("i")) for await (const piece of request.body) if (piece.length === 0) throw new Error("empty");
  if (way.includes("p")) for await (const piece of request.body) if (piece.length > 0) break;
  if (way.includes("t")) throw new Error("thrown");
  const body = way.includes("e") ? request.body : way.includes("s") ? pieces() : "hello";
  return { status: Number(status), body };
};

/** The same without a promise, when nothing has to be awaited. */
const quick: HttpHandler = (request, context) =>
  /^\/q\/\d+$/.test(request.path)
    ? { status: Number(request.path.slice(3)), body: "quick" }
    : handler(request, context);

async function* pieces(): AsyncGenerator<string> {
  yield "a";
  await turn();
  yield "b";
}

/** The server refuses each of these, and answers nothing after it. */
type Wrong = readonly [bytes: string, status: number];
const REFUSED: readonly [Wrong, ...Wrong[]] = [
  ["GET / HTTP/1.1\r\n\r\n", 400],
  ["GET / HTTP/1.1\nHost: a\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400],
  ["GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505],
  ["GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417],
  ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\na", 400],
  ["CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501],
  [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`, 413],
  [`POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${"65\r\n"}${"x".repeat(101)}\r\n0\r\n\r\n`, 413],
  ["POST /lb HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400],
];

function step(draw: Draw): Step {
  if (draw.once(12)) {
    const [bytes, status] = draw.one(REFUSED);
    return { bytes, status, isLast: true };
  }
  const isQuick = draw.once(3);
  const way = isQuick ? "q" : draw.one(["", "l", "b", "lb", "i", "li", "p", "lp", "s", "ls", "e", "le", "t", "lt"]);
  const status = way.includes("t") ? 500 : draw.one([200, 201, 404, 503]);
  const method = draw.one(["GET", "POST", "PUT", "BREW"]);
  const content = "x".repeat(draw.below(MAX_BODY_BYTES + 1));
  const kind = draw.one(["none", "length", "chunked"] as const);
  const isOld = kind !== "chunked" && draw.once(8);
  const asks = draw.once(10) ? "close" : isOld && draw.once(2) ? "keep-alive" : "";
  const lines = [`${method} /${way}/${status} HTTP/1.${isOld ? 0 : 1}`, "Host: a"];
  if (asks !== "") lines.push(`Connection: ${asks}`);
  if (kind === "length") lines.push(`Content-Length: ${content.length}`);
  if (kind === "chunked") lines.push("transfer-encoding: Chunked");
  const body = kind === "none" ? "" : kind === "length" ? content : chunked(draw, content);
  const isStream = /[se]/.test(way);
  const isLast = asks === "close" || (isOld && (asks === "" || isStream));
  const empty = "\r\n".repeat(draw.once(10) ? 1 : 0);
  return { bytes: `${empty}${lines.join("\r\n")}\r\n\r\n${body}`, status, isLast };
}

function chunked(draw: Draw, content: string): string {
  let text = "";
  for (let at = 0; at < content.length; ) {
    const length = 1 + draw.below(content.length - at);
    text += `${length.toString(16)}${draw.once(4) ? ";a=b" : ""}\r\n${content.slice(at, at + length)}\r\n`;
    at += length;
  }
  return `${text}0\r\n${draw.once(4) ? "X-Sum: 1\r\n" : ""}\r\n`;
}

type Cut = (draw: Draw, bytes: Buffer) => Buffer[];

const cutAnywhere: Cut = (draw, bytes) => {
  const parts: Buffer[] = [];
  const most = draw.one([1, 7, 60, 1_000, 10_000]);
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + draw.below(most);
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
};

/** What is wrong with the responses; undefined when they are right. */
async function round(draw: Draw, cut: Cut): Promise<string | undefined> {
  const steps = Array.from({ length: 1 + draw.below(8) }, () => step(draw));
  const last = steps.findIndex(({ isLast }) => isLast);
  const expected = steps.slice(0, last < 0 ? steps.length : last + 1).map(({ status }) => status);
  const link = new ScriptedLink();
  const connection = new Connection(link);
  void Promise.resolve(http(quick, { maxBodyBytes: MAX_BODY_BYTES }).stream?.(connection)).catch(() => undefined);
  const sent = Buffer.from(steps.map(({ bytes }) => bytes).join(""), "latin1");
  for (const piece of cut(draw, sent)) {
    link.input?.onReceived(piece);
    if (draw.once(3)) await turn();
  }
  const statuses = (): number[] =>
    [...String(Buffer.concat(link.sent)).matchAll(/HTTP\/1\.1 (\d{3}) [^\r]*\r\nDate: /g)].map(([, text]) =>
      Number(text),
    );
  for (let turns = 0; turns < 500 && statuses().length < expected.length; turns++) await turn();
  await turn(3);
  const hasEnded = link.calls.includes("end");
  const found = statuses();
  connection.abort();
  await turn();
  if (found.join() === expected.join() && hasEnded === last >= 0) return undefined;
  return `${JSON.stringify(String(sent))}: ${found.join()} for ${expected.join()}, ${hasEnded ? "and the end" : "no end"}`;
}

async function search(from: number, rounds: number, cut: Cut, ms = 0): Promise<string | undefined> {
  const draw = new Draw(from);
  const end = performance.now() + ms;
  let warmBytes = Number.POSITIVE_INFINITY;
  for (let count = 0; count < rounds || performance.now() < end; count++) {
    if (count === WARM_ROUNDS) warmBytes = heldBytes();
    const found = await round(draw, cut);
    if (found !== undefined) return `seed ${from}, round ${count}: ${found}`;
  }
  return leak(warmBytes);
}

test("a pipeline gets the expected answers, however it is cut", { timeout }, async () => {
  console.info(`HTTP service fuzz: SOCKWRIGHT_FUZZ_SEED=${seed} SOCKWRIGHT_FUZZ_SECONDS=${seconds}`);
  expect(await search(seed, 300, cutAnywhere, seconds * 1_000)).toBeUndefined();
});

test("a fault is found: rounds that leak memory", { timeout }, async () => {
  const kept: Buffer[] = [];
  const keeping: Cut = (draw, bytes) => {
    kept.push(Buffer.alloc(256 * 1024));
    return cutAnywhere(draw, bytes);
  };
  expect(await search(PLANTED_SEED, 2 * WARM_ROUNDS, keeping)).toMatch(/^the rounds have left \d{8} bytes in memory$/);
});

test.for([
  ["a byte that is lost", (draw: Draw, bytes: Buffer) => cutAnywhere(draw, bytes.subarray(1))],
  [
    "two pieces that are exchanged",
    (draw: Draw, bytes: Buffer) => {
      const [first = bytes, second = bytes, ...rest] = cutAnywhere(draw, bytes);
      return [second, first, ...rest];
    },
  ],
] as const)("a fault is found: %s", { timeout }, async ([, cut]) => {
  expect(await search(PLANTED_SEED, 200, cut)).toMatch(/^seed 1, /);
});
