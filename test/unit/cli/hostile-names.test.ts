// A peer chooses its own name, unix(7): the printed text is one line without control characters, whatever the name is.
import { expect, test } from "vitest";
import { type Report, Reporter } from "../../../src/cli/reporter.ts";
import { failure, inWords, type ServerEvent } from "../../../src/cli/server-event.ts";
import { peerName } from "../../../src/server/transport/peer-name.ts";
import { formatSocketUrl, parseSocketUrl } from "../../../src/server/url/socket-url.ts";
import { runHere } from "../../cli/in-process.ts";

const NAME = "x\u001b]0;owned\u0007\nclosed: \u202e\u2028\r\u009b\u007f\u{e0001}\\";
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const URL = `unix:@${NAME}`;

test.for<Report>([
  { event: "listening", url: URL },
  { event: "open", local: URL, peer: URL },
  { event: "close", peer: URL, bytesSent: 0, bytesReceived: 0 },
  { event: "error", message: `${URL}: gone`, code: undefined, exitCode: 1 },
])("the report $event", async (report) => {
  const lines: string[] = [];
  const output = { write: async (bytes: Uint8Array) => void lines.push(String(bytes)) };
  await new Reporter(output, "words").report(report);
  await new Reporter(output, "json").report(report);
  expect(lines[0]?.slice(0, -1)).not.toMatch(HARMFUL);
  expect(lines[0]).toContain("@x\\x1b]0;owned\\x07\\nclosed: \\u{202e}\\u{2028}\\r");
  expect(lines[1]?.slice(0, -1)).not.toMatch(HARMFUL);
  expect(JSON.parse(lines[1] ?? "")).toEqual(report);
});

const data = { data: "", toWords: () => "" };
test.for<ServerEvent>([
  { event: "listening", url: URL },
  { event: "opened", peer: NAME },
  { event: "closed", peer: NAME },
  { event: "message", peer: NAME, ...data },
  { event: "unanswered", peer: NAME, reason: "amplification", count: 1, ...data },
  failure(new Error(NAME), NAME),
])("the event $event", (event) => {
  expect(inWords(event)).not.toMatch(HARMFUL);
  expect(inWords(event)).toContain("x\\x1b]0;owned\\x07\\nclosed: \\u{202e}\\u{2028}\\r");
});

test.for([URL, `unix:/nowhere/${NAME}`])("an error names it: %j", async (url) => {
  const { stderr, code } = await runHere(["connect", url]);
  expect(code).toBe(1);
  expect(stderr.slice(0, -1)).not.toMatch(HARMFUL);
});

test("a backslash in a message is not doubled: messages are quoted as in JSON", async () => {
  const { stderr } = await runHere(["connect", 'no"scheme']);
  expect(stderr).toContain('"no\\"scheme"');
});

test("a path that begins with @ is not shown as an abstract name", () => {
  const url = formatSocketUrl({ scheme: "unix", path: "@app" });
  expect(url).toBe("unix:./@app");
  expect(parseSocketUrl(url)).toEqual({ scheme: "unix", path: "./@app" });
  expect(peerName({ path: "@app" })).toBe("./@app");
  expect(peerName({ abstract: "app" })).toBe("@app");
});
