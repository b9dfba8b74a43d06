// The web server of the examples with real clients: Chromium shows its pages, and curl gets its answers.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { startChild } from "../support/child.ts";
import { temporaryFolder } from "../support/folders.ts";
import { requireTool } from "../support/tools.ts";
import { startWebServer, type WebServer } from "./web-client.ts";

/** The start of a browser takes seconds, and more on a busy machine. */
const BROWSER_TIMEOUT_MS = 100_000;
const CLOSING = /^127\.0\.0\.1:\d+即将关闭!$/;

/** A page as Chromium shows it, the response heads of it, and of all that Chromium requested by itself. */
async function browse(context: TestContext, url: string): Promise<{ page: string; heads: readonly string[] }> {
  const [program, folder] = [requireTool(context, "chromium"), temporaryFolder()];
  const log = join(folder, "net-log.json");
  const quiet = ["background-networking", "component-update", "gpu", "quic", "sync"].map((it) => `--disable-${it}`);
  const own = [`--user-data-dir=${folder}`, `--log-net-log=${log}`, "--no-first-run", "--timeout=60000"];
  // As root, Chromium starts only without its sandbox.
  const args = ["--headless", "--no-sandbox", ...quiet, ...own, "--dump-dom", url];
  const chromium = await startChild(program, args, { env: { ...process.env, HOME: folder } });
  expect(await chromium.exit()).toEqual({ code: 0, signal: null });
  const heads = [...readFileSync(log, "utf8").matchAll(/"headers":\["(HTTP\/[^\]]*)"\]/g)];
  return { page: chromium.stdout, heads: heads.map(([, head = ""]) => head.replaceAll('","', "\n")) };
}

async function curl(context: TestContext, ...args: readonly string[]): Promise<string> {
  const child = await startChild(requireTool(context, "curl"), ["-sS", "--max-time", "20", ...args]);
  expect([await child.exit(), child.stderr]).toEqual([{ code: 0, signal: null }, ""]);
  return child.stdout;
}

/** It reports only connections that were opened ahead and never used, or that ended before an answer was read. */
function expectNothingElse({ child }: WebServer): void {
  const [, ...said] = child.stdout.trimEnd().split("\n");
  expect(said.filter((line) => !CLOSING.test(line))).toEqual([]);
  expect(child.stderr).toMatch(/^(?:127\.0\.0\.1:\d+: (?:recv|send) (?:ECONNRESET|EPIPE)\n)*$/);
}

describe("Chromium", { timeout: BROWSER_TIMEOUT_MS }, () => {
  test("shows the welcome page with its own address", async (context) => {
    const server = await startWebServer();
    const { page, heads } = await browse(context, `http://localhost:${server.port}/go`);
    expect(page).toContain("<title>Welcome</title>");
    expect(page).toMatch(/<h1>Welcome your visit!<\/h1>\s*<h2>127\.0\.0\.1<\/h2>/);
    expect(page).not.toContain("{{");
    expect(heads[0]).toMatch(/^HTTP\/1\.1 200 OK\nServer: PWS1\.0\n/);
    expectNothingElse(server);
  });

  test("shows that any other page is not found", async (context) => {
    const server = await startWebServer();
    const { page, heads } = await browse(context, `http://localhost:${server.port}/`);
    expect(page).toContain("<title>ERROR</title>");
    expect(page).toContain("<h1>找不到页面</h1>");
    expect(heads[0]).toMatch(/^HTTP\/1\.1 404 Not Found\nServer: PWS1\.0\n/);
    expectNothingElse(server);
  });

  test("two browsers are both served", async (context) => {
    const server = await startWebServer();
    const url = `http://localhost:${server.port}`;
    const [welcome, other] = await Promise.all([browse(context, `${url}/go`), browse(context, `${url}/x`)]);
    expect([welcome.page, other.page]).toEqual([expect.stringContaining("Welcome"), expect.stringContaining("ERROR")]);
    expectNothingElse(server);
  });
});

describe("curl", () => {
  test("gets both pages, over one connection", async (context) => {
    const server = await startWebServer();
    const url = `http://localhost:${server.port}`;
    const format = "%{http_code} %{num_connects} %{content_type}\n";
    const [welcome = "", other = ""] = (await curl(context, "-w", format, `${url}/go`, `${url}/other`)).split(
      /(?<=8\n)/,
    );
    expect(welcome).toMatch(/<h2>127\.0\.0\.1<\/h2>.*200 1 text\/html; charset=utf-8\n$/s);
    expect(other).toMatch(/<h1>找不到页面<\/h1>.*404 0 text\/html; charset=utf-8\n$/s);
    expectNothingElse(server);
  });

  test("a HEAD request gets a head without a body", async (context) => {
    const { port } = await startWebServer();
    const said = await curl(context, "--head", "--verbose", "--stderr", "-", `http://localhost:${port}/go`);
    expect(said).toMatch(/^< HTTP\/1\.1 200 OK\r\n.*^< Server: PWS1\.0\r\n.*^< Content-Length: 1\d\d\r\n/ms);
    expect(said).not.toMatch(/excess/i);
  });

  test("gets many pages at once", async (context) => {
    const server = await startWebServer();
    const url = `http://localhost:${server.port}/go?[1-50]`;
    const at = ["--parallel", "--parallel-immediate", "--no-progress-meter", "-o", join(temporaryFolder(), "page#1")];
    const codes = await curl(context, ...at, "-w", "%{http_code}\n", url);
    expect(codes).toBe("200\n".repeat(50));
    expectNothingElse(server);
  });

  // RFC 9110, 10.1.1: curl announces the body and waits for 100 Continue; the final answer replaces it.
  test("is answered before and during a body that nobody reads", async (context) => {
    const { port } = await startWebServer();
    const file = join(temporaryFolder(), "body");
    writeFileSync(file, Buffer.alloc(3_000_000));
    for (const how of [
      ["-T", file],
      ["--data-binary", `@${file}`],
      ["--data-binary", `@${file}`, "-H", "Expect:"],
      ["-H", "Transfer-Encoding: chunked", "-T", file],
    ]) {
      const answer = await curl(context, ...how, "-w", "%{http_code}", `http://localhost:${port}/form`);
      expect(answer).toMatch(/找不到页面.*404$/s);
    }
  });

  test("gets an answer for a request that is too long, for a bad one, and for bytes that are not a page", async (context) => {
    const server = await startWebServer();
    const { port } = server;
    const status = (...args: string[]): Promise<string> =>
      curl(context, "-o", "/dev/null", "-w", "%{http_code}", ...args);
    const url = `http://localhost:${port}/go`;
    expect(await status("-H", `X: ${"x".repeat(9_000)}`, url)).toBe("431");
    expect(await status("-H", `X: ${"x".repeat(7_000)}`, url)).toBe("200");
    expect(await status("-X", "get", url)).toBe("400");
    expect(await status("-H", "X: \u00ff\ufffd", url)).toBe("200");
    expect(await status("--path-as-is", `${url}/../../go\u00ff`)).toBe("404");
    expect(await status("--http1.0", url)).toBe("200");
    expect(await status("--http2", url)).toBe("200");
    expectNothingElse(server);
  });
});
