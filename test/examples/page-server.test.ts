// The page server of the examples, made with web(): the same pages, words and exit as the tutorial's.
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { startChild } from "../support/child.ts";
import { ask, program as handMade, open, request, rest, startWebServer, statuses } from "./web-client.ts";

const program = fileURLToPath(new URL("../../dist/examples/page-server.js", import.meta.url));
const last = "Connection: close";

async function started() {
  return await startWebServer([process.execPath, program]);
}

function bodyOf(answer: string): string {
  return answer.split("\r\n\r\n")[1] ?? "";
}

test("/go is the welcome page with the visitor's address, and any other path is not found", async () => {
  const { port } = await started();
  const byHand = await startWebServer([process.execPath, handMade]);
  for (const [path, status] of [
    ["/go", 200],
    ["/go?from=here", 200],
    ["/", 404],
    ["/gone", 404],
    ["/GO", 404],
    ["/welcome.html", 404],
  ] as const) {
    const answer = await ask(port, request(path, last));
    expect([path, ...statuses(answer)]).toEqual([path, status]);
    expect(answer).toContain("\r\nServer: PWS1.0\r\n");
    expect(answer).toContain("\r\nContent-Type: text/html; charset=utf-8\r\n");
    expect(bodyOf(answer)).toBe(bodyOf(await ask(byHand.port, request(path, last))));
  }
  const welcome = await ask(port, request("/go", last));
  expect(welcome).toMatch(/<h1>Welcome your visit!<\/h1>\s*<h2>127\.0\.0\.1<\/h2>/);
  expect(await ask(port, request("/x", last))).toContain("找不到页面");
});

test("a connection stays open until a request asks to close it", async () => {
  const { port } = await started();
  expect(statuses(await ask(port, request("/go") + request("/x") + request("/go", last)))).toEqual([200, 404, 200]);
});

describe("its command line", () => {
  test.for(["http", "65536", "-1"])("no port: %s", async (port) => {
    const child = await startChild(process.execPath, [program, "--lang", "zh", port]);
    expect(await child.exit()).toEqual({ code: 1, signal: null });
    expect(child.stdout).toBe("");
    expect(child.stderr).toMatch(/^[^\n]*127\.0\.0\.1[^\n]*\n$/);
  });

  test.for(["SIGINT", "SIGTERM"] as const)("%s stops it, with a client connected", async (signal) => {
    const { child, port } = await started();
    const silent = await open(port);
    expect(statuses(await ask(port, request("/go", last)))).toEqual([200]);
    child.kill(signal);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
    await rest(silent);
  });
});
